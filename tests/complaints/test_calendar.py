"""Official years that the scheduler publishes reach every process of the service; what hung on them is computed again."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta

from sqlalchemy import text

from services.complaints.app import create_app
from services.complaints.settings import ComplaintsSettings
from shared.clock import ManualClock
from shared.contracts.calendar import CalendarPublished
from shared.messaging import Event
from shared.testing import Served, event, serve
from tests.complaints.builders import dissatisfied
from tests.complaints.test_api import CASES, done, opened, read

EVE = datetime.fromisoformat("2026-12-31T10:00+08:00")


def published(version: int = 1, **days: bool) -> Event:
    exceptions = {date(2027, 1, 1): False, **{date.fromisoformat(day): worked for day, worked in days.items()}}
    return event(CalendarPublished(year=2027, version=version, source="国办发明电", days=exceptions), key="calendar")


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


async def deadlines(served: Served) -> set[datetime]:
    async with served.runtime.db.read() as session:
        return set((await session.execute(text("SELECT deadline_at FROM complaint_case"))).scalars())


async def test_a_provisional_case_says_so_until_its_year_is_published(served: Served, clock: ManualClock) -> None:
    clock.move_to(EVE)
    case = await opened(served)
    assert (case["provisional"], moment(case["deadline_at"])) == (True, moment("2027-01-05T10:00+08:00"))
    assert (await served.published("complaint.opened"))[0].data["provisional"] is True
    assert await served.run_job("recompute") == 0
    await served.deliver(published())
    assert [await served.run_job("recompute"), await served.run_job("recompute")] == [1, 0]
    case = await read(served, case)
    assert (case["provisional"], moment(case["deadline_at"])) == (False, moment("2027-01-06T10:00+08:00"))
    assert [entry["text"] for entry in case["timeline"]] == ["立案", "放假安排公布，整改期限重新计算"]
    await done(served, case, "assign", {"unit": "CD"})
    (told,) = await served.published("complaint.assigned")
    assert (told.data["provisional"], moment(told.data["deadline_at"])) == (False, moment("2027-01-06T10:00+08:00"))


async def test_every_process_goes_by_a_published_year_at_once_and_after_a_start(
    served: Served, clock: ManualClock
) -> None:
    clock.move_to(EVE)
    dsn = served.runtime.db.dsn
    async with serve(create_app, ComplaintsSettings, dsn, clock=clock) as replica:
        await opened(replica)
        await served.deliver(published())
        by_hand = await opened(replica)
        await replica.deliver(event(dissatisfied("V1"), key="C1"))
    async with serve(create_app, ComplaintsSettings, dsn, clock=clock) as started:
        async with started.client("agent") as client:
            cases = (await client.get(CASES)).json()["items"]
        later = await opened(started)
    assert moment(by_hand["deadline_at"]) == moment(later["deadline_at"]) == moment("2027-01-06T10:00+08:00")
    assert sorted(case["provisional"] for case in cases) == [False, False, True]


async def test_a_year_told_again_changes_nothing_and_a_corrected_one_counts(served: Served, clock: ManualClock) -> None:
    clock.move_to(EVE)
    await served.deliver(published(2, **{"2027-01-04": False}))
    await served.deliver(published(1))
    assert moment((await opened(served))["deadline_at"]) == moment("2027-01-07T10:00+08:00")
    await served.deliver(published(3))
    assert moment((await opened(served))["deadline_at"]) == moment("2027-01-06T10:00+08:00")
    assert await served.dead_letters() == []


async def test_replicas_compute_every_case_once(
    service_dsn: Callable[[str], Awaitable[str]], clock: ManualClock
) -> None:
    clock.move_to(EVE)
    dsn = await service_dsn("complaints")
    async with (
        serve(create_app, ComplaintsSettings, dsn, clock=clock) as one,
        serve(create_app, ComplaintsSettings, dsn, clock=clock) as other,
    ):
        await one.deliver(*(event(dissatisfied(f"V{n}"), key=f"C{n}") for n in range(450)))
        await one.deliver(published())
        clock.advance(timedelta(minutes=1))
        assert sum(await asyncio.gather(*(served.run_job("recompute") for served in (one, other)))) == 450
        assert await deadlines(one) == {moment("2027-01-06T10:00+08:00")}
        async with one.runtime.db.read() as session:
            moves = await session.execute(text("SELECT count(*) FROM case_entry WHERE what = 'deadline_moved'"))
            assert moves.scalar_one() == 450
