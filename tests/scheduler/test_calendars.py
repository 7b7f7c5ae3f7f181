"""The official calendar: stored, published, heard of by every replica; what hung on it is computed again."""

import asyncio
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from deploy.commands.calendar import app
from services.scheduler.app import create_app
from services.scheduler.settings import SchedulerSettings
from services.visits.domain.hours import hours_of
from shared.calendar import BUILT_IN, OFFICIAL
from shared.clock import ManualClock
from shared.contracts.calendar import CalendarPublished
from shared.contracts.tasks import FollowupReleased
from shared.testing import Served, serve
from shared.testing.events import NOON
from shared.testing.figures import figure
from tests.scheduler.builders import as_yaml, at, contents
from tests.scheduler.conftest import apply
from tests.scheduler.domain.packs.test_calendar_year import CSV, DAYS_2027, SOURCE, YAML
from tests.scheduler.test_handlers import rows, sent

PATH = "/api/v1/calendars/official/2027"
POLICY = {"delay": {"days": 1}, "deadline": {"working_days": 3}}
EVE = at("2026-12-31 15:00")


async def publish(served: Served, seen: int = 0, **change: Any) -> httpx.Response:
    async with served.client("policy_owner") as client:
        body = {"source": SOURCE, "days": {**DAYS_2027, **change}}
        return await client.put(PATH, json=body, headers={"If-Match": f'"{seen}"'})


async def planned(served: Served, clock: ManualClock, **head: Any) -> None:
    """One task, planned on New Year's Eve."""
    clock.move_to(EVE)
    await apply(served, contents(POLICY, **head))
    await served.deliver(sent("repair.closed", at=EVE - at("2026-03-02 10:00")))


async def task(served: Served) -> Any:
    (found,) = await rows(
        served, "SELECT state, reason, due_at, deadline_at, jsonb_array_length(body->'terms') FROM task"
    )
    return found


async def test_the_built_in_years_are_stored_with_their_source(empty: Served) -> None:
    assert [await empty.run_job("watch_calendar"), await empty.run_job("watch_calendar")] == [0, 0]
    stored = await rows(empty, "SELECT day, worked, source, version FROM calendar_day ORDER BY day")
    assert {day.year for day, *_ in stored} == BUILT_IN.years
    assert all(worked is OFFICIAL.is_working_day(day) for day, worked, *_ in stored)
    assert {version for *_, version in stored} == {1}
    assert all(source.startswith("chinesecalendar ") for *_, source, _ in stored)


async def test_what_was_published_here_stays_beside_the_built_in_years(empty: Served) -> None:
    assert (await publish(empty)).status_code == 200
    await empty.run_job("watch_calendar")
    assert await rows(empty, "SELECT DISTINCT source FROM calendar_day WHERE day >= '2027-01-01'") == [(SOURCE,)]
    assert await rows(empty, "SELECT count(*) FROM calendar_day WHERE day < '2027-01-01' AND day >= '2026-01-01'") == [
        (365,)
    ]


async def test_a_year_is_shown_and_published_by_who_owns_policies(empty: Served) -> None:
    async with empty.client("agent") as client:
        unknown = await client.get(PATH)
        refused = await client.put(PATH, json={"source": "x", "days": {}}, headers={"If-Match": '"0"'})
    assert (unknown.headers["ETag"], unknown.json()["published"]) == ('"0"', False)
    assert refused.status_code == 403
    answer = await publish(empty)
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"1"')
    shown = answer.json()
    assert (shown["published"], shown["version"], shown["source"]) == (True, 1, SOURCE)
    assert shown["days"][0] == {"day": "2027-01-01", "weekday": "周五", "worked": False}
    async with empty.client("agent") as client:
        assert (await client.get(PATH)).json() == shown
        *built_in, newest = (await client.get("/api/v1/calendars/official")).json()
    assert ({year["year"] for year in built_in}, newest) == (BUILT_IN.years, shown)


async def test_the_same_year_again_is_no_new_version_and_another_is(empty: Served) -> None:
    await publish(empty)
    again, stale = await publish(empty, 1), await publish(empty, 0)
    assert (again.status_code, again.headers["ETag"], stale.status_code) == (200, '"1"', 412)
    corrected = await publish(empty, 1, **{"2027-03-01": "off"})
    assert corrected.headers["ETag"] == '"2"'
    told = [event.read(CalendarPublished) for event in await empty.published("calendar.published")]
    assert [(one.year, one.version) for one in told] == [(2027, 1), (2027, 2)]
    assert told[1].days[date(2027, 3, 1)] is False
    audited = await rows(empty, "SELECT object, detail->>'version' FROM audit_log WHERE action = 'calendar.published'")
    assert sorted(audited) == [("2027", "1"), ("2027", "2")]


async def test_a_wrong_year_is_refused_with_every_mistake(empty: Served) -> None:
    answer = await publish(empty, 0, **{"2026-12-31": "off", "2027-05-01": "假"})
    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:huifang:problem:calendar-year-invalid"
    assert [error["key"] for error in answer.json()["errors"]] == ["days.2026-12-31", "days.2027-05-01"]
    async with empty.client("policy_owner") as client:
        assert (await client.get("/api/v1/calendars/official/1999")).status_code == 422


async def test_every_replica_decides_by_a_published_year_at_once(empty: Served, clock: ManualClock) -> None:
    async with serve(create_app, SchedulerSettings, empty.runtime.db.dsn, clock=clock) as replica:
        await planned(replica, clock)
        assert (await task(empty))[2:] == (at("2027-01-01 09:00"), at("2027-01-05 18:00"), 1)
        await publish(empty)
        later = sent("repair.closed", "C2", id="e2", at=EVE - at("2026-03-02 10:00"))
        await replica.deliver(later)
    (second,) = await rows(empty, "SELECT due_at FROM task WHERE customer_id = 'C2'")
    assert second == (at("2027-01-04 09:00"),)


async def test_planned_tasks_are_computed_again_and_the_record_says_so(empty: Served, clock: ManualClock) -> None:
    await planned(empty, clock)
    assert await empty.run_job("watch_calendar") == 0
    clock.advance(timedelta(hours=1))
    await publish(empty)
    assert [await empty.run_job("watch_calendar"), await empty.run_job("watch_calendar")] == [1, 0]
    due, deadline = at("2027-01-04 09:00"), at("2027-01-06 18:00")
    assert await task(empty) == ("planned", "", due, deadline, 0)
    assert await rows(empty, "SELECT due_at FROM due") == [(due,)]
    assert await rows(empty, "SELECT day FROM contact_ledger") == [(date(2027, 1, 4),)]
    async with empty.client("auditor") as client:
        newest, first = (await client.get("/api/v1/decisions", params={"event_id": "e1"})).json()["items"]
    assert "放假安排尚未公布，时间暂定" in first["explanation"][1]
    assert newest["outcome"] == "recomputed"
    assert "原定2027-01-01 09:00 (周五) 起联系" in newest["explanation"][1]
    assert "改为2027-01-04 09:00 (周一) 起联系，2027-01-06 18:00 (周三) 前完成。" in newest["explanation"][1]
    assert [event.name for event in await empty.published() if event.name != "calendar.published"] == [
        "followup.planned"
    ]


async def test_a_task_shows_that_its_times_are_provisional(empty: Served, clock: ManualClock) -> None:
    await planned(empty, clock)
    (told,) = await empty.published("followup.planned")
    assert told.data["provisional"] is True
    async with empty.client("agent") as client:
        assert (await client.get("/api/v1/tasks")).json()["items"][0]["provisional"] is True
        await publish(empty)
        await empty.run_job("watch_calendar")
        assert (await client.get("/api/v1/tasks")).json()["items"][0]["provisional"] is False


async def test_a_released_task_keeps_its_times(empty: Served, clock: ManualClock) -> None:
    await planned(empty, clock)
    clock.move_to(at("2027-01-01 09:00"))
    await empty.run_job("release")
    before = await task(empty)
    await publish(empty)
    assert await empty.run_job("watch_calendar") == 1
    assert await task(empty) == before
    assert before[0] == "released"


async def test_what_would_exceed_a_cap_is_cancelled(empty: Served, clock: ManualClock) -> None:
    await planned(empty, clock, caps=[{"limit": 1, "per": "week"}])
    await empty.deliver(sent("repair.closed", id="e2", at=at("2027-01-04 15:00") - at("2026-03-02 10:00")))
    await publish(empty)
    await empty.run_job("watch_calendar")
    (cancelled,) = await empty.published("followup.cancelled")
    assert (cancelled.data["reason"], cancelled.data["lawful"]) == ("capped", True)


async def test_a_released_task_tells_the_days_of_its_branchs_own_calendar(empty: Served, clock: ManualClock) -> None:
    unit = {"code": "CD", "title": "成都", "calendar": "site"}
    head = {"calendars": {"site": {"days": {"2026-03-03": "off", "2026-03-07": "on"}}}}
    await apply(empty, contents(POLICY, **head) | {"organisation.yaml": as_yaml({"organisation": unit})})
    await empty.deliver(sent("repair.closed"))
    clock.move_to(at("2026-03-04 09:00"))
    await empty.run_job("release")
    (told,) = await empty.published("followup.released")
    assert told.data["hours"]["own_days"] == {"2026-03-03": False, "2026-03-07": True}
    assert told.read(FollowupReleased).hours is not None


async def test_a_released_task_tells_the_days_on_which_nobody_is_contacted(empty: Served, clock: ManualClock) -> None:
    """Else somebody who was not reached before a blackout would be called again within it."""
    window = {"window": {"days": "all", "frames": ["09:00-18:00"], "except": ["after_holiday"]}}
    closed = [
        {"from": "2026-03-05", "to": "2026-03-06"},
        {"from": "2026-03-09", "to": "2026-03-09", "branches": ["XA"]},
    ]
    await apply(empty, contents({"cap": "exempt", **window}, blackouts=closed))
    await empty.deliver(sent("repair.closed"))
    clock.move_to(at("2026-03-04 09:00"))
    await empty.run_job("release")
    (told,) = await empty.published("followup.released")
    days = told.data["hours"]["own_days"]
    assert set(days.values()) == {False}
    assert [*days][:3] == ["2026-03-05", "2026-03-06", "2026-04-07"]


@pytest.mark.parametrize(
    ("frames", "told", "released"),
    [
        (["09:00-12:00", "22:00-06:00"], [["09:00", "12:00"], ["22:00", "06:00"]], True),
        (["00:00-24:00"], [["00:00", "24:00"]], True),
        (["09:00-12:00"], [["09:00", "12:00"]], False),
    ],
)
async def test_a_task_is_released_in_a_night_and_tells_its_frames_as_they_were_written(
    empty: Served, clock: ManualClock, frames: list[str], told: list[list[str]], released: bool
) -> None:
    """A fact of a Friday night, Saturday 2:30: the night is Friday's, and visits calls until it ends."""
    window = {"days": "working", "frames": frames} if frames != ["00:00-24:00"] else {"days": "all", "frames": frames}
    await apply(empty, contents({"cap": "exempt", "window": window}))
    clock.move_to(at("2026-03-07 02:30"))
    await empty.deliver(sent("repair.closed", at=at("2026-03-07 02:30") - NOON))
    await empty.run_job("release")
    events = await empty.published("followup.released")
    assert len(events) == released
    for event in events:
        assert event.data["hours"]["frames"] == told
        hours = event.read(FollowupReleased).hours
        assert hours is not None
        assert hours_of(hours).is_open(at("2026-03-07 05:59"))


async def test_replicas_compute_every_task_once(empty: Served, clock: ManualClock) -> None:
    clock.move_to(EVE)
    await apply(empty, contents({**POLICY, "merge": False}))
    since = EVE - at("2026-03-02 10:00")
    await empty.deliver(*(sent("repair.closed", f"C{n % 11}", id=f"e{n}", at=since) for n in range(60)))
    await publish(empty)
    async with serve(create_app, SchedulerSettings, empty.runtime.db.dsn, clock=clock, release_batch=7) as replica:

        async def watch(one: Served) -> int:
            total = 0
            while done := await one.run_job("watch_calendar"):
                total += done
            return total

        counts = await asyncio.gather(*(watch(one) for one in (empty, replica, empty, replica)))
    assert sum(counts) == 60
    assert await rows(empty, "SELECT DISTINCT due_at FROM task") == [(at("2027-01-04 09:00"),)]
    assert await rows(empty, "SELECT count(*) FROM decision WHERE outcome = 'recomputed'") == [(60,)]
    assert await rows(empty, "SELECT count(*) FROM provisional_task") == [(0,)]


async def test_alarms_can_go_by_the_days_whose_holidays_are_known(empty: Served, clock: ManualClock) -> None:
    clock.move_to(at("2026-12-01 10:00"))
    await empty.run_job("watch_calendar")
    assert figure("huifang_scheduler_calendar_confirmed_days_left") == 31
    await publish(empty)
    await empty.run_job("watch_calendar")
    assert figure("huifang_scheduler_calendar_confirmed_days_left") == 31 + 365


@pytest.mark.parametrize(("name", "text", "words"), [("2027.csv", CSV, ("--source", SOURCE)), ("2027.yaml", YAML, ())])
async def test_a_year_is_imported_from_a_file(
    empty: Served, platform: None, tmp_path: Path, name: str, text: str, words: tuple[str, ...]
) -> None:
    (tmp_path / name).write_text(text)
    said = await asyncio.to_thread(CliRunner().invoke, app, ["import", str(tmp_path / name), *words])
    assert said.exit_code == 0, said.output
    assert f"2027 年，第 1 次公布，上班 249 天，来源：{SOURCE}" in said.output
    assert "2027-01-31 周日\t上班（调休）" in said.output
    assert (await asyncio.to_thread(CliRunner().invoke, app, ["show", "2028"])).output.startswith(
        "2028 年的放假安排尚未公布"
    )
    listed = (await asyncio.to_thread(CliRunner().invoke, app, ["show"])).output.splitlines()
    assert (len(listed), listed[-1]) == (len(BUILT_IN.years) + 1, f"2027 年，第 1 次公布，上班 249 天，来源：{SOURCE}")


def test_a_file_with_mistakes_is_told_without_a_platform(tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text(CSV.replace("2027-02-05,off", "2027-02-05,关"))
    said = CliRunner().invoke(app, ["import", str(tmp_path / "bad.csv"), "--source", SOURCE])
    assert said.exit_code == 1
    assert "错误 bad.csv:3 · days.2027-02-05：应写 on（上班）或 off（休息），现在是 '关'" in said.output
