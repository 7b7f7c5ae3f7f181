"""The morning on which the demo ends: some follow-ups are open then, for the person who signs in and tries the workbench."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta

from rich.console import Console

from deploy.demo.month import Posting, closed
from deploy.demo.platform import Platform
from deploy.demo.play import Script
from deploy.demo.population import BRANCHES, Household
from deploy.demo.post import Posted, post_all
from shared.auth import Role
from shared.zone import ORG_ZONE, local_day

OF_EACH_BRANCH = 5
AFTERNOON = time(16)
LOOK_SECONDS = 1.0
MOST_LOOKS = 60


def yesterdays(seed: int, households: Sequence[Household], month: Sequence[Posting], end: datetime) -> list[Posting]:
    """Repairs and 12345 cases closed on the afternoon before `end`, of customers the month had nothing to do with."""
    day = local_day(end) - timedelta(days=1)
    busy = {posting.event["partitionkey"] for posting in month if posting.event["type"] != "customer.updated"}
    found = []
    for branch, *_ in BRANCHES:
        ours = [household for household in households if household.branch == branch]
        ours.sort(key=lambda household: household.id in busy)
        for number, household in enumerate(ours[:OF_EACH_BRANCH]):
            at = datetime.combine(day, AFTERNOON, ORG_ZONE) + timedelta(minutes=7 * number)
            found.append(closed(seed, household, at, number))
    return sorted(found, key=lambda posting: posting.at)


async def leave_open(platform: Platform, script: Script, postings: Sequence[Posting], console: Console) -> int:
    """Post them when their moment comes, wait for the morning, and tell how many visits are open then.

    Nobody works on them: the robots have gone home.
    """
    clock = platform.clock()
    posted = Posted()
    with console.status(f"业务时间走到 {script.end:%Y-%m-%d %H:%M}，为您留下几张待回访的单"):
        await post_all(platform, postings, posted, lambda: False)
        async with platform.client("visits", Role.SUPERVISOR) as visits:
            for _ in range(MOST_LOOKS):
                is_morning = clock.now() >= script.end
                stats = await visits.get("/api/v1/stats")
                if is_morning and stats["by_state"].get("open", 0) >= len(postings):
                    break
                await clock.sleep(LOOK_SECONDS)
    return int(stats["by_state"].get("open", 0))
