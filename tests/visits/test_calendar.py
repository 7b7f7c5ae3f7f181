"""Calls keep to the official years that the scheduler publishes, in every process of the service."""

from datetime import date, datetime

from services.visits.app import create_app
from services.visits.settings import VisitsSettings
from shared.clock import ManualClock
from shared.contracts.calendar import CalendarPublished
from shared.messaging import Event
from shared.testing import event, serve
from tests.visits.conftest import Desk, released

EVE = datetime.fromisoformat("2026-12-31T10:00+08:00")
NEW_YEAR = datetime.fromisoformat("2027-01-01T10:00+08:00")
WORKING = {"days": "working", "weekdays": [0, 1, 2, 3, 4, 5, 6], "frames": [["09:00", "12:00"]]}


def published() -> Event:
    year = CalendarPublished(year=2027, version=1, source="国办发明电", days={date(2027, 1, 1): False})
    return event(year, key="calendar")


async def offered(desk: Desk) -> int:
    async with desk.agent() as client:
        return len((await client.post("/api/v1/visits/claim", json={"limit": 20})).json()["items"])


async def test_a_retry_on_the_next_working_day_knows_a_published_year(desk: Desk, clock: ManualClock) -> None:
    clock.move_to(EVE)
    before = await desk.attempt(await desk.claimed("T1"), result="suspended")
    await desk.served.deliver(published())
    after = await desk.attempt(await desk.claimed("T2", customer="C2"), result="suspended")
    calls = [datetime.fromisoformat(answer.json()["next_at"]) for answer in (before, after)]
    assert calls == [datetime.fromisoformat(day) for day in ("2027-01-01T09:00+08:00", "2027-01-04T09:00+08:00")]


async def test_nobody_is_called_on_a_published_holiday_whichever_process_was_told(
    desk: Desk, clock: ManualClock
) -> None:
    clock.move_to(NEW_YEAR)
    await desk.served.deliver(released("T1", hours=WORKING), released("T2", customer="C2", hours=WORKING))
    async with desk.agent() as client:
        assert len((await client.post("/api/v1/visits/claim", json={"limit": 1})).json()["items"]) == 1
    async with serve(create_app, VisitsSettings, desk.served.runtime.db.dsn, clock=clock) as told:
        await told.deliver(published())
    assert await offered(desk) == 0
    clock.move_to(datetime.fromisoformat("2027-01-04T10:00+08:00"))
    assert await offered(desk) == 1


async def test_a_branch_is_called_on_the_worked_days_of_its_own_calendar(desk: Desk, clock: ManualClock) -> None:
    branch = {**WORKING, "own_days": {"2026-05-02": True, "2026-05-06": False}}
    official = released("T1", hours=WORKING)
    await desk.served.deliver(official, *(released(f"T{n}", customer=f"C{n}", hours=branch) for n in (2, 3)))
    clock.move_to(datetime.fromisoformat("2026-05-02T10:00+08:00"))
    async with desk.agent() as client:
        first = await client.post("/api/v1/visits/claim", json={"limit": 1})
    assert first.json()["items"][0]["task_id"] in ("T2", "T3")
    await desk.served.deliver(released("T4", customer="C4", hours=branch))
    assert await offered(desk) == 2
    await desk.served.deliver(released("T5", customer="C5", hours=branch))
    clock.move_to(datetime.fromisoformat("2026-05-06T10:00+08:00"))
    assert await offered(desk) == 1
