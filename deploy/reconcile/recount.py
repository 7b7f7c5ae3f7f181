"""One recount: read both sides, compare; and again while work in flight may explain what differs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from deploy.local.settings import SERVICES
from deploy.reconcile.checks import funnel, run_checks
from deploy.reconcile.comparing import Check, Stage
from deploy.reconcile.databases import count_waiting, read_kept
from deploy.reconcile.heard import Heard
from deploy.reconcile.topics import count_behind, read_topics
from shared.clock import SystemClock

PAUSE_SECONDS = 1.0
Say = Callable[[str], None]


@dataclass(frozen=True)
class Result:
    stages: list[Stage]
    checks: list[Check]

    @property
    def agrees(self) -> bool:
        return all(check.agrees for check in self.checks)


async def reconcile(run: Mapping[str, Any], settle_seconds: float, say: Say, prefix: str = "") -> Result:
    """Recount the running platform of `var/run.json`, waiting up to `settle_seconds` for work in flight.

    `prefix` is what the deployment puts before its topics and groups.

    Raises BrokerUnavailable, TopicTruncated, OSError and asyncpg's errors when a side can't be read.
    """
    clock = SystemClock()
    until = clock.machine().timestamp() + settle_seconds
    while True:
        while (busy := await _busy(run, prefix)) and clock.machine().timestamp() < until:
            say(f"等待在途工作：{busy}")
            await clock.sleep(PAUSE_SECONDS)
        result = await _recount(run, prefix, say)
        if result.agrees or clock.machine().timestamp() >= until:
            return result
        say("数据仍在变化，稍后重算")
        await clock.sleep(PAUSE_SECONDS)


async def _busy(run: Mapping[str, Any], prefix: str) -> str:
    """What is still under way, in words; "" when nothing is."""
    waiting = await count_waiting(run["postgres"])
    behind = await count_behind(run["kafka"], [f"{prefix}huifang-{service}" for service in SERVICES])
    found = {f"{service} 待发布": n for service, n in waiting.items()} | {f"{g} 滞后": n for g, n in behind.items()}
    return "、".join(f"{what} {n}" for what, n in found.items() if n)


async def _recount(run: Mapping[str, Any], prefix: str, say: Say) -> Result:
    kept = await read_kept(run["postgres"])
    heard = Heard(kept.rules)
    async for portion in read_topics(run["kafka"], prefix):
        heard.take(portion)
        say(f"已读取事件 {len(heard.seen)}")
    return Result(funnel(kept, heard), run_checks(kept, heard))
