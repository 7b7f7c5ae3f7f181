"""U1: how long answers of the workbench take, 19 of 20 of them at most, with 200 agents who call a customer a minute each."""

from bench.harness import Row, Servers, repeat
from bench.workbench_load import AGENTS, workbench

GOAL = 100
SHARE = 0.95


async def measure(servers: Servers, rounds: int) -> Row:
    async with workbench(servers) as run:

        async def side() -> float:
            load = await run(True)
            print(
                f"  U1: {len(load.took)} answers, median {load.at(0.5):.1f} ms, CPU {load.cpu:.0f} ms per agent and minute"
            )
            return load.at(SHARE)

        name = f"坐席工作台：{AGENTS} 名坐席每人每分钟一通，应答时间的 95 分位"
        return await repeat("U1", name, GOAL, side, rounds, "ms", at_most=True)
