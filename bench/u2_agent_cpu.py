"""U2: the service's CPU for an agent who calls a customer a minute, against one whose page is only open and asks every 4 s."""

from bench.harness import Row, Servers, compare
from bench.workbench_load import AGENTS, workbench

GOAL = 3.0


async def measure(servers: Servers, rounds: int) -> Row:
    async with workbench(servers) as run:

        async def ours() -> float:
            return (await run(True)).cpu

        async def rival() -> float:
            return (await run(False)).cpu

        name = f"坐席工作台每名坐席的 CPU（{AGENTS} 名）：每分钟一通 / 只开着页面定时刷新"
        return await compare("U2", name, GOAL, ours, rival, rounds, "ms CPU per agent and minute", at_most=True)
