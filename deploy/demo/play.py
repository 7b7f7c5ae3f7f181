"""Plays the month: starts the robots, shows progress, and ends when nothing is left to do."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from prometheus_client.parser import text_string_to_metric_families
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from deploy.demo.agents import Called, work_all
from deploy.demo.month import Posting
from deploy.demo.platform import Caller, Platform
from deploy.demo.post import Posted, post_all
from deploy.demo.units import Rectified, rectify_all
from shared.auth import Role
from shared.calendar import OFFICIAL
from shared.zone import ORG_ZONE

MORNING = time(9, 30)
CHECK_SECONDS = 1.0
# longer than services take to measure how far behind they are (`shared.messaging.runner.WATCH_SECONDS`)
QUIET_CHECKS = 7
CALLED_AS = {
    "gateway": Role.OPS,
    "scheduler": Role.AUDITOR,
    "visits": Role.SUPERVISOR,
    "complaints": Role.SUPERVISOR,
    "notifications": Role.OPS,
    "analytics": Role.SUPERVISOR,
}
UNDER_WAY = ("huifang_consumer_lag_messages", "huifang_outbox_rows")


@dataclass(frozen=True)
class Script:
    """What is played: `days` from `first`, `tail` days to finish the work, `speed` business seconds a second.

    It ends on a morning on which customers may be called.
    """

    seed: int = 2026
    customers: int = 8000
    first: date = date(2026, 3, 1)
    days: int = 31
    tail: int = 20
    speed: int = 10_800

    @property
    def start(self) -> datetime:
        """Two days before the first fact: the customers are imported on the second."""
        return datetime.combine(self.first - timedelta(days=2), time(12), ORG_ZONE)

    @property
    def end(self) -> datetime:
        day = self.first + timedelta(days=self.days + self.tail)
        worked = day if OFFICIAL.is_working_day(day) else OFFICIAL.next_working_day(day)
        return datetime.combine(worked, MORNING, ORG_ZONE)

    def clock(self) -> str:
        """The HUIFANG_CLOCK to run on: fast until the end, then at real speed."""
        return f"{self.start.isoformat()}@{self.speed}..{self.end.isoformat()}"


@dataclass
class Played:
    """What the robots saw."""

    posted: Posted = field(default_factory=Posted)
    called: Called = field(default_factory=Called)
    rectified: Rectified = field(default_factory=Rectified)
    unfinished: dict[str, int] = field(default_factory=dict)


async def play(platform: Platform, script: Script, postings: Sequence[Posting], console: Console) -> Played:
    """Run until the work is done, or the script's time is up; what is then left is in `unfinished`."""
    played = Played()
    over = asyncio.Event()
    async with asyncio.TaskGroup() as robots:
        robots.create_task(post_all(platform, postings, played.posted, over.is_set))
        robots.create_task(work_all(platform, script.seed, played.called, over.is_set))
        robots.create_task(rectify_all(platform, script.seed, played.rectified, over.is_set))
        await _watch(platform, script, postings, played, console)
        over.set()
    return played


async def _watch(
    platform: Platform, script: Script, postings: Sequence[Posting], played: Played, console: Console
) -> None:
    clock = platform.clock()
    quiet = 0
    with Progress(
        TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[state]}"), console=console
    ) as bar:
        task = bar.add_task("", total=len(postings), state="")
        async with AsyncExitStack() as open_callers:
            callers = {
                service: await open_callers.enter_async_context(platform.client(service, role))
                for service, role in CALLED_AS.items()
            }
            while quiet < QUIET_CHECKS and clock.now() < script.end:
                await clock.sleep(CHECK_SECONDS)
                played.unfinished = await _unfinished(callers)
                done = played.posted.done == len(postings) and not any(played.unfinished.values())
                quiet = quiet + 1 if done and not await _under_way(callers) else 0
                bar.update(
                    task,
                    completed=played.posted.done,
                    description=f"{clock.now().astimezone(ORG_ZONE):%Y-%m-%d %H:%M}",
                    state=_state(played),
                )


def _state(played: Played) -> str:
    return (
        f"事实 {played.posted.done:,}  拨打 {played.called.attempts:,}  不满意 {played.called.dissatisfied}"
        f"  整改 {played.rectified.resolved}  待完成 {sum(played.unfinished.values())}"
    )


async def _unfinished(callers: Mapping[str, Caller]) -> dict[str, int]:
    """What is still to be done, by kind; counted up to a page."""
    planned = await callers["scheduler"].get("/api/v1/tasks", state="planned", limit=200)
    draws = await callers["scheduler"].get("/api/v1/draws", limit=200)
    stats = await callers["visits"].get("/api/v1/stats")
    cases = await callers["complaints"].get("/api/v1/cases", state="assigned", limit=200)
    waiting = ("open", "claimed", "waiting", "appointed")
    return {
        "draws": sum(draw["state"] != "published" for draw in draws["items"]),
        "planned": len(planned["items"]),
        "visits": sum(stats["by_state"].get(state, 0) for state in waiting),
        "cases": sum(1 for case in cases["items"] if case["round"] == 1),
    }


async def _under_way(callers: Mapping[str, Caller]) -> int:
    """Events on their way in all services: a fact that nobody has decided on is no task yet."""
    return sum([events_under_way((await caller.call("GET", "/metrics")).text) for caller in callers.values()])


def events_under_way(page: str) -> int:
    """Events that a service has not published or not consumed yet, as its page of metrics says."""
    families = text_string_to_metric_families(page)
    return int(sum(sample.value for family in families if family.name in UNDER_WAY for sample in family.samples))
