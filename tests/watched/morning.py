"""A busy morning on a platform, played by the demo's robots: facts of yesterday, calls, dissatisfied customers, cases."""

import asyncio
from datetime import date, datetime, time, timedelta

from deploy.demo.agents import Called, work_all
from deploy.demo.month import closed, facts
from deploy.demo.platform import Platform
from deploy.demo.population import population
from deploy.demo.post import Posted, post_all
from deploy.demo.units import Rectified, rectify_all
from shared.zone import ORG_ZONE

CLOCK = "2026-03-03T10:00+08:00@1"
YESTERDAY = date(2026, 3, 2)
AFTERNOON = datetime.combine(YESTERDAY, time(14), ORG_ZONE)
SEED = 11
ENOUGH = 60  # calls
LONGEST = 600.0  # seconds, of a machine that has much else to do


async def play(platform: Platform) -> Called:
    """Until agents have made some calls and opened a case or two."""
    households = population(SEED, 240)
    day = [posting for posting in facts(SEED, households, YESTERDAY, 1) if posting.at < AFTERNOON + timedelta(hours=8)]
    repairs = [
        closed(SEED, household, AFTERNOON + timedelta(minutes=number), number)
        for number, household in enumerate(households[:120])
    ]
    called, began = Called(), asyncio.get_running_loop().time()

    def over() -> bool:
        late = asyncio.get_running_loop().time() - began > LONGEST
        return late or (called.attempts >= ENOUGH and called.dissatisfied > 1)

    async with asyncio.TaskGroup() as robots:
        robots.create_task(post_all(platform, sorted([*day, *repairs], key=lambda one: one.at), Posted(), over))
        robots.create_task(work_all(platform, SEED, called, over))
        robots.create_task(rectify_all(platform, SEED, Rectified(), over))
    return called
