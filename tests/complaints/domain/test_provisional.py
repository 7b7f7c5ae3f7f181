from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.complaints.domain import escalation, handling
from services.complaints.domain.case import Case
from services.complaints.domain.opening import open_case
from services.complaints.domain.provisional import recomputed
from services.complaints.domain.rules import Rules
from shared.calendar import BUILT_IN, WorkCalendar
from shared.contracts.complaints import Grade
from tests.complaints.builders import DAY, HOUR, opening

UNKNOWN = Rules()
KNOWN = UNKNOWN.on(WorkCalendar(official=BUILT_IN.with_year(2027, {date(2027, 1, 1): False, date(2027, 1, 2): True})))
EVE = datetime.fromisoformat("2026-12-31T10:00+08:00")
GRADES: tuple[Grade, ...] = ("major", "general", "opinion")
STEPS = ("opened", "assigned", "reopened")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text + "+08:00")


def case_at(step: str, grade: Grade, rules: Rules, start: datetime = EVE, pause: timedelta = HOUR) -> Case:
    """A case that has come to that step, each taken `pause` after the one before."""
    case = open_case(replace(opening(), grade=grade), "TS20261231-000001", 0, rules, start).case
    if step == "opened":
        return case
    case = handling.assign(case, "CD", "", rules, "boss", start + pause).case
    if step == "assigned":
        return case
    case = handling.resolve(case, "已复修", "boss", start + 2 * pause).case
    return handling.reopen(case, "未落实", rules, "boss", start + 3 * pause).case


@given(
    step=st.sampled_from(STEPS),
    grade=st.sampled_from(GRADES),
    start=st.integers(-20_000, 5_000).map(lambda minutes: EVE + timedelta(minutes=minutes)),
    pause=st.integers(1, 3_000).map(lambda minutes: timedelta(minutes=minutes)),
)
def test_a_deadline_computed_again_is_what_it_would_have_been(
    step: str, grade: Grade, start: datetime, pause: timedelta
) -> None:
    case = case_at(step, grade, UNKNOWN, start, pause)
    meant = case_at(step, grade, KNOWN, start, pause)
    after = recomputed(case, KNOWN, start + 9 * pause).case if case.provisional else case
    assert (after.deadlines, after.provisional) == (meant.deadlines, False)
    assert after.escalate_at == meant.escalate_at


def test_a_deadline_in_a_year_not_published_is_provisional_and_events_say_so() -> None:
    change = open_case(opening(), "TS20261231-000001", 0, UNKNOWN, EVE)
    assert (change.case.provisional, change.case.deadline_at) == (True, at("2027-01-05T10:00"))
    assert change.events[0].model_dump()["provisional"] is True
    assert case_at("opened", "general", UNKNOWN, EVE - 7 * DAY).provisional is False


def test_a_deadline_that_moves_is_on_record_and_one_that_stays_is_not() -> None:
    moved = recomputed(case_at("opened", "major", UNKNOWN), KNOWN, EVE + HOUR)
    assert [(entry.what, entry.at) for entry in moved.entries] == [("deadline_moved", EVE + HOUR)]
    assert moved.entries[0].detail == {"from": "2027-01-01T02:00:00+00:00", "to": "2027-01-02T02:00:00+00:00"}
    same = recomputed(case_at("opened", "general", UNKNOWN), UNKNOWN.on(KNOWN.limits.calendar), EVE)
    assert (same.case.deadline_at, same.entries) == (at("2027-01-05T10:00"), ())


@pytest.mark.parametrize("step", ["resolved", "closed"])
def test_the_deadline_of_a_limit_that_has_ended_moves_no_more(step: str) -> None:
    case = case_at("assigned", "general", UNKNOWN)
    ended = (
        handling.resolve(case, "已复修", "boss", EVE) if step == "resolved" else handling.reject(case, "r", "b", EVE)
    )
    assert (case.provisional, ended.case.provisional) == (True, False)
    assert ended.case.deadline_at == case.deadline_at


def test_a_case_raised_on_a_holiday_keeps_its_level_and_waits_until_it_is_really_late() -> None:
    case = case_at("assigned", "major", UNKNOWN)
    raised = escalation.escalate_overdue(case, UNKNOWN, at("2027-01-01T16:00")).case
    assert (raised.level, raised.escalate_at) == (1, at("2027-01-04T16:00"))
    holiday = UNKNOWN.on(WorkCalendar(official=BUILT_IN.with_year(2027, {date(2027, 1, n): False for n in (1, 4, 5)})))
    after = recomputed(raised, holiday, at("2027-01-01T17:00")).case
    assert (after.level, after.deadline_at) == (1, at("2027-01-06T10:00"))
    assert after.escalate_at == after.overdue_at
