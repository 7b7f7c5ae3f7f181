"""G2: the release job where 1e7 tasks stand, every second one waiting, against where 1e5 do."""

from bench.harness import Row, Servers, compare, copied
from bench.r1_release import release
from bench.standing import LARGE, SMALL, standing

RELEASED = 20_000
GOAL = 0.6


async def measure(servers: Servers, rounds: int) -> Row:
    large, small = await standing(servers, LARGE), await standing(servers, SMALL)

    async def ours() -> float:
        await servers.checkpoint()
        return await release(servers, large, RELEASED)

    async def rival() -> float:
        async with copied(servers, small) as dsn:
            await servers.checkpoint()
            return await release(servers, dsn, RELEASED)

    name = f"领取并下达到期任务：已有 {LARGE:,} 个任务 / {SMALL:,} 个，半数待下达"
    return await compare("G2", name, GOAL, ours, rival, rounds, "tasks/s")
