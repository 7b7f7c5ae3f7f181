"""Somebody is told once when a deadline is near and the customer has not been followed up."""

import asyncio
from datetime import timedelta

from services.scheduler.app import create_app
from services.scheduler.settings import SchedulerSettings
from shared.clock import ManualClock
from shared.contracts.tasks import FollowupDeadlineNear
from shared.testing import Served, event, serve
from shared.testing.events import NOON, example
from shared.testing.figures import figure
from tests.scheduler.builders import at, contents
from tests.scheduler.conftest import apply
from tests.scheduler.test_handlers import rows, sent

WARNED = {"delay": {"days": 1}, "deadline": {"working_days": 2}, "warn": {"hours": 4}}
DEADLINE = at("2026-03-04 18:00")  # when the window closes on the second working day


async def told(served: Served) -> list[FollowupDeadlineNear]:
    return [one.read(FollowupDeadlineNear) for one in await served.published("followup.deadline_near")]


async def test_a_warning_comes_at_its_moment_and_once(empty: Served, clock: ManualClock) -> None:
    await apply(empty, contents(WARNED))
    await empty.deliver(sent("repair.closed"))
    clock.move_to(DEADLINE - timedelta(hours=7))  # inside of the contact window
    assert await empty.run_job("release") == 1
    clock.move_to(DEADLINE - timedelta(hours=4, seconds=1))
    assert await empty.run_job("warn") == 0
    clock.advance(timedelta(seconds=1))
    before = figure("huifang_scheduler_deadline_warnings_total", branch="CD")
    assert [await empty.run_job("warn"), await empty.run_job("warn")] == [1, 0]
    assert figure("huifang_scheduler_deadline_warnings_total", branch="CD") == before + 1
    (warning,) = await told(empty)
    assert (warning.state, warning.deadline_at, warning.warned_at) == ("released", DEADLINE, clock.now())


async def test_a_task_still_planned_is_warned_of_too(empty: Served, clock: ManualClock) -> None:
    await apply(empty, contents({**WARNED, "warn": {"working_days": 2}}))
    await empty.deliver(sent("repair.closed"))
    clock.move_to(at("2026-03-02 18:00"))
    await empty.run_job("warn")
    assert [one.state for one in await told(empty)] == ["planned"]


async def test_nobody_is_warned_of_what_has_ended(empty: Served, clock: ManualClock) -> None:
    await apply(empty, contents({**WARNED, "merge": False}))
    await empty.deliver(sent("repair.closed", "C1", id="e1"), sent("repair.closed", "C2", id="e2"))
    clock.advance(timedelta(days=1))
    await empty.run_job("release")
    done, _ = await empty.published("followup.released")
    visit = example("visit.completed", task_id=done.data["task_id"], customer={"id": done.key})
    await empty.deliver(event("visit.completed", visit, key=done.key, time=clock.now()))
    clock.move_to(DEADLINE)
    assert await empty.run_job("warn") == 2
    assert [one.customer.id for one in await told(empty)] == [{"C1": "C2", "C2": "C1"}[done.key]]


async def test_a_policy_without_warning_leaves_nothing_behind(empty: Served) -> None:
    await apply(empty, contents({"deadline": {"days": 1}}))
    await empty.deliver(sent("repair.closed"))
    assert await rows(empty, "SELECT count(*) FROM deadline_warning") == [(0,)]


async def test_replicas_warn_of_every_task_once(empty: Served, clock: ManualClock) -> None:
    await apply(empty, contents({**WARNED, "merge": False}))
    await empty.deliver(*(sent("repair.closed", f"C{number % 9}", id=f"e{number}") for number in range(60)))
    clock.move_to(DEADLINE)
    async with serve(create_app, SchedulerSettings, empty.runtime.db.dsn, clock=clock, release_batch=7) as replica:

        async def warn(one: Served) -> int:
            total = 0
            while done := await one.run_job("warn"):
                total += done
            return total

        counts = await asyncio.gather(*(warn(one) for one in (empty, replica, empty, replica)))
    assert sum(counts) == 60
    assert len({one.task_id for one in await told(empty)}) == len(await told(empty)) == 60


async def test_a_contact_of_several_matters_is_warned_of_by_the_earliest_of_their_warnings(
    empty: Served, clock: ManualClock
) -> None:
    later = {"id": "p2", "events": ["gas.ignited"], "delay": {"days": 1}, "deadline": {"days": 7}, "warn": {"hours": 1}}
    await apply(empty, contents(WARNED, later))
    await empty.deliver(sent("gas.ignited", id="e1"))
    assert await rows(empty, "SELECT warn_at FROM deadline_warning") == [(NOON + timedelta(days=7, hours=-1),)]
    await empty.deliver(sent("repair.closed", id="e2"))
    assert await rows(empty, "SELECT warn_at, sent FROM deadline_warning") == [(DEADLINE - timedelta(hours=4), False)]


async def test_a_task_that_changes_after_its_warning_is_not_warned_of_again(empty: Served, clock: ManualClock) -> None:
    policy = {"delay": {"days": 1}, "deadline": {"days": 9}, "warn": {"working_days": 8}}
    await apply(empty, contents(policy))
    await empty.deliver(sent("repair.closed", id="e1"))
    assert await empty.run_job("warn") == 1
    await empty.deliver(sent("repair.closed", id="e2", at=timedelta(minutes=5)))
    clock.move_to(at("2026-03-12 10:00"))
    assert await empty.run_job("warn") == 0
    assert len(await told(empty)) == 1


async def test_warnings_long_sent_are_forgotten(empty: Served, clock: ManualClock) -> None:
    await apply(empty, contents(WARNED))
    await empty.deliver(sent("repair.closed"))
    clock.advance(timedelta(days=7))
    await empty.run_job("warn")
    await empty.run_job("forget_decisions")
    assert await rows(empty, "SELECT count(*) FROM deadline_warning") == [(1,)]
    clock.advance(timedelta(days=400))
    await empty.run_job("forget_decisions")
    assert await rows(empty, "SELECT count(*) FROM deadline_warning") == [(0,)]
