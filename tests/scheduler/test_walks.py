"""Time triggers in the service: who is met, when, and that nobody is met twice or forgotten."""

import asyncio
import random
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.scheduler.app import create_app
from services.scheduler.settings import SchedulerSettings
from shared.clock import ManualClock
from shared.testing import Served, serve
from shared.testing.figures import figure
from shared.zone import ORG_ZONE
from tests.scheduler.builders import contents
from tests.scheduler.conftest import apply
from tests.scheduler.test_handlers import outcomes, rows, sent

TUESDAYS = {"every": "week", "on": "tue"}
SPREAD = {"every": "month", "spread": True}


def by_time(policy: Mapping[str, Any] | None = None, **trigger: Any) -> dict[str, str]:
    return contents({"trigger": trigger or TUESDAYS, "merge": False, **(policy or {})})


async def known(served: Served, *names: str, **told: Any) -> None:
    """Customers the scheduler has heard of on Monday 2 March 2026, 10:00."""
    await served.deliver(*(sent("customer.updated", name, f"u-{name}", **told) for name in names))


async def arrived(served: Served) -> list[tuple[str, str]]:
    """Customer and day of every occasion told, in their order."""
    told = await served.published("occasion.arrived")
    return [(one.key, one.data["fact"]["data"]["day"]) for one in told]


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ORG_ZONE)


async def test_a_walk_meets_every_known_customer_at_its_moment(empty: Served, clock: ManualClock) -> None:
    await apply(empty, by_time())
    assert await empty.run_job("walk") == 0
    await known(empty, "C1", "C2", "C3")
    clock.move_to(local("2026-03-03 08:59"))
    assert await empty.run_job("walk") == 0
    clock.move_to(local("2026-03-03 09:00"))
    assert await empty.run_job("walk") == 3
    assert await empty.run_job("walk") == 0
    assert await arrived(empty) == [(name, "2026-03-03") for name in ("C1", "C2", "C3")]


async def test_an_occasion_becomes_a_task_with_a_record_of_its_own(empty: Served, clock: ManualClock) -> None:
    await apply(empty, by_time({"questionnaire": "q", "delay": {"days": 1}}))
    await empty.run_job("walk")
    await known(empty, "C1")
    clock.move_to(local("2026-03-03 09:00"))
    await empty.run_job("walk")
    await empty.deliver(*await empty.published("occasion.arrived"))
    (planned,) = await empty.published("followup.planned")
    assert (planned.key, planned.data["due_at"]) == ("C1", "2026-03-04T01:00:00+00:00")
    assert planned.data["customer"]["name"] == "陈静"
    assert planned.data["customer"]["phone"].startswith("sealed:")
    assert (planned.data["branch"], planned.data["matters"][0]["title"]) == ("CD", "策略")
    assert (await outcomes(empty))["p1/C1/2026-03-03"] == "planned"
    async with empty.client("supervisor") as client:
        answer = await client.get("/api/v1/decisions", params={"customer_id": "C1"})
    assert "周期已到，全部回访，计划任务" in "".join(answer.json()["items"][0]["explanation"])


async def test_who_becomes_known_on_the_day_itself_waits_for_the_next_turn(empty: Served, clock: ManualClock) -> None:
    await apply(empty, by_time())
    await empty.run_job("walk")
    await empty.deliver(sent("customer.updated", "C1", "u1", timedelta(hours=22)))  # Tuesday, 08:00
    clock.move_to(local("2026-03-12 10:00"))
    await empty.run_job("walk")
    assert await arrived(empty) == [("C1", "2026-03-10")]


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_stopped_and_started_anywhere_no_day_is_doubled_or_lost(
    empty: Served, clock: ManualClock, seed: int
) -> None:
    """Two replicas walk in any order, a portion at a time, with any pauses; every Tuesday comes once for everybody."""
    chance = random.Random(seed)
    await apply(empty, by_time())
    await empty.run_job("walk")
    names = [f"C{number}" for number in range(7)]
    await known(empty, *names)
    options: dict[str, Any] = {"clock": clock, "walk_batch": chance.randint(1, 4), "walk_catch_up_days": 366}
    async with (
        serve(create_app, SchedulerSettings, empty.runtime.db.dsn, **options) as first,
        serve(create_app, SchedulerSettings, empty.runtime.db.dsn, **options) as second,
    ):
        for _ in range(25):
            clock.advance(timedelta(hours=chance.randint(0, 50)))
            await asyncio.gather(*(_one_portion(one) for one in chance.choices([first, second], k=2)))
        await asyncio.gather(first.run_job("walk"), second.run_job("walk"))
        await first.run_job("walk")
    told = await arrived(empty)
    tuesdays = [local("2026-03-03 09:00") + timedelta(weeks=week) for week in range(60)]
    passed = [f"{day:%Y-%m-%d}" for day in tuesdays if day <= clock.now()]
    assert Counter(told) == Counter((name, day) for name in names for day in passed)
    assert [day for _, day in told] == sorted(day for _, day in told)


async def _one_portion(served: Served) -> None:
    (walk,) = [job.run for job in served.runtime.service.jobs if job.name == "walk"]
    await walk(served.runtime)


async def test_days_of_a_long_downtime_are_caught_up_in_order_but_not_without_end(
    empty: Served, clock: ManualClock
) -> None:
    await apply(empty, by_time())
    await empty.run_job("walk")
    await known(empty, "C1")
    clock.move_to(local("2026-06-10 10:00"))
    given_up = figure("huifang_scheduler_walks_given_up_total", policy="p1")
    await empty.run_job("walk")
    assert figure("huifang_scheduler_walks_given_up_total", policy="p1") == given_up + 10  # the Tuesdays until 5 May
    days = [day for _, day in await arrived(empty)]
    assert days == ["2026-05-12", "2026-05-19", "2026-05-26", "2026-06-02", "2026-06-09"]


async def test_a_policy_acts_from_its_first_day_on_and_not_for_the_time_it_was_off(
    empty: Served, clock: ManualClock
) -> None:
    await known(empty, "C1")
    clock.move_to(local("2026-03-11 10:00"))
    await apply(empty, by_time())
    await empty.run_job("walk")
    assert await arrived(empty) == []
    clock.move_to(local("2026-03-17 10:00"))
    await empty.run_job("walk")
    assert await arrived(empty) == [("C1", "2026-03-17")]
    await _switch(empty, "disable")
    await empty.run_job("walk")
    clock.move_to(local("2026-03-25 10:00"))
    await _switch(empty, "enable")
    await empty.run_job("walk")
    clock.move_to(local("2026-03-31 10:00"))
    await empty.run_job("walk")
    assert await arrived(empty) == [("C1", "2026-03-17"), ("C1", "2026-03-31")]


async def _switch(served: Served, what: str) -> None:
    async with served.client("policy_owner") as client:
        seen = (await client.get("/api/v1/policies/p1")).headers["ETag"]
        answer = await client.post(f"/api/v1/policies/p1/{what}", headers={"If-Match": seen})
    assert answer.status_code == 200, answer.text


async def test_a_spread_month_meets_everybody_once_on_working_days(empty: Served, clock: ManualClock) -> None:
    await apply(empty, by_time(**SPREAD))
    await empty.run_job("walk")
    names = [f"C{number}" for number in range(40)]
    await known(empty, *names)
    clock.move_to(local("2026-04-01 00:00"))
    await empty.run_job("walk")
    march = len(await arrived(empty))
    clock.move_to(local("2026-05-01 00:00"))
    await empty.run_job("walk")
    april = (await arrived(empty))[march:]
    assert sorted(name for name, _ in april) == sorted(names)
    assert len({day for _, day in april}) > 10


@pytest.mark.parametrize(("tier", "met"), [("key", 1), ("ordinary", 0)])
async def test_only_customers_that_the_policy_wants_are_told_of(
    empty: Served, clock: ManualClock, tier: str, met: int
) -> None:
    condition = {"field": "customer.tier", "op": "eq", "value": "key"}
    await apply(empty, by_time({"condition": condition}))
    await empty.run_job("walk")
    await known(empty, "C1", tier=tier)
    clock.move_to(local("2026-03-03 09:00"))
    await empty.run_job("walk")
    assert len(await arrived(empty)) == met


async def test_who_was_contacted_this_year_is_left_alone(empty: Served, clock: ManualClock) -> None:
    nobody = {"history": {"contacts": True, "within": {"days": 365}}, "op": "eq", "value": 0}
    await apply(empty, contents({"trigger": TUESDAYS, "condition": nobody}, {"id": "p2"}))
    await empty.run_job("walk")
    await known(empty, "C1", "C2")
    await empty.deliver(sent("repair.closed", "C1", "r1"))
    clock.move_to(local("2026-03-03 09:00"))
    await empty.run_job("walk")
    assert await arrived(empty) == [("C2", "2026-03-03")]
    told = await empty.published("occasion.arrived")
    await empty.deliver(sent("repair.closed", "C2", "r2", timedelta(hours=1)), *told)  # planned meanwhile
    assert (await outcomes(empty))["p1/C2/2026-03-03"] == "no_policy_matches"


async def test_a_birthday_is_met_by_either_calendar(empty: Served, clock: ManualClock) -> None:
    await apply(empty, by_time(anniversary="customer.birthday"))
    await empty.run_job("walk")
    for name, birthday in (("C1", "1986-03-21"), ("C2", "lunar:02-03"), ("C3", "1986-03-22")):
        update = sent("customer.updated", name, f"u-{name}")
        update.data["customer"]["birthday"] = birthday
        await empty.deliver(update)
    clock.move_to(local("2026-03-21 10:00"))
    await empty.run_job("walk")
    assert await arrived(empty) == [("C1", "2026-03-21"), ("C2", "2026-03-21")]
    assert await rows(empty, "SELECT done::text, after FROM walk") == [("2026-03-21", "")]


async def test_of_those_whose_turn_it_is_a_draw_takes_exactly_so_many(empty: Served, clock: ManualClock) -> None:
    await apply(empty, by_time({"rate": {"number": 2, "of": "day"}, "delay": {"days": 1}}))
    await empty.run_job("walk")
    await known(empty, *(f"C{number}" for number in range(7)))
    clock.move_to(local("2026-03-03 09:00"))
    await empty.run_job("walk")
    await empty.deliver(*(turns := await empty.published("occasion.arrived")))
    assert await empty.published("followup.planned") == []
    clock.move_to(local("2026-03-04 00:10"))
    await empty.run_job("draw")
    await empty.deliver(*(await empty.published("occasion.arrived"))[len(turns) :])
    planned = await empty.published("followup.planned")
    assert len(planned) == 2
    assert {one.data["due_at"] for one in planned} == {"2026-03-04T01:00:00+00:00"}
    async with empty.client("supervisor") as client:
        answers = [await client.get("/api/v1/decisions", params={"customer_id": f"C{number}"}) for number in range(7)]
    explained = [one for answer in answers for item in answer.json()["items"] for one in item["explanation"]]
    assert Counter("已抽中" in one for one in explained if "总量 7" in one) == {True: 2, False: 5}
