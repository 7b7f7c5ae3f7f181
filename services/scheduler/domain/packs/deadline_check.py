"""Deadlines that no contact can keep, found by planning the contacts of sample facts with the rule that plans.

Blackouts are left aside: they end, and what lies in them is told when it is planned.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple

from services.scheduler.domain.explain.decision import local_text
from services.scheduler.domain.packs.timing import window_of
from services.scheduler.domain.packs.triggers import time_of
from services.scheduler.domain.when.amounts import DAY, Delay, deadline_of, delay_of
from services.scheduler.domain.when.anniversary import Anniversary
from services.scheduler.domain.when.holidays import FestivalDay
from services.scheduler.domain.when.periods import period_of
from services.scheduler.domain.when.recurrence import Recurrence
from services.scheduler.domain.when.windows import Span, Window, next_moment, plan_span
from services.scheduler.domain.whom.selection import whom_of
from shared.calendar import OFFICIAL
from shared.declared.section import Section
from shared.zone import ORG_ZONE

Content = dict[str, Any]
YEAR = max(OFFICIAL.official.years)
TWO_WEEKS = [date(YEAR, 3, 2) + number * DAY for number in range(14)]  # of an ordinary spring, without any holiday
OFFICE_HOURS = (time(10), time(16))
KNOWN_BEFORE = timedelta(days=12_000)  # of a date that times count from, longer than any of them
AT_ONCE = ("minutes", "hours", "working_hours", "days", "weeks", "months")


class Case(NamedTuple):
    """A sample: the moment that delay and deadline count from, and the one before which nothing is planned."""

    anchor: datetime
    moment: datetime


def check_deadline(section: Section, content: Content, origin: str = "event") -> None:
    """Note a deadline that can't be kept, always or on some ordinary day; `origin` is what a step counts from."""
    deadline = content["deadline"]
    if not deadline:
        return
    if not deadline["amount"] and deadline["unit"] in AT_ONCE and "base" not in content:
        section.problem("deadline", "时限为 0，来不及联系；当日之内请写 {end_of_day: 0}")
        return
    windows = window_of({**content, "blackouts": []}, OFFICIAL)
    branches = windows.branches.windows.values() if windows.branches else ()
    for name, closed in {"": windows, **{one.named: one for one in branches}}.items():
        window = replace(closed, blackouts=())
        whose = f"按日历 {name} 的分公司：" if name else ""
        spans = [_span(content, window, case) for case in _ordinary(content, window, origin)]
        if not spans or any(not span.too_short for span in spans):
            late = next((span for span in spans if span.too_short), None)
            if late is not None:
                section.problem("deadline", whose + _too_short(late), warning=True)
        elif all(_span(content, window, case).too_short for case in _all(content, window, origin)):
            section.problem("deadline", f"{whose}永远无法按时联系，如{_too_short(spans[0])}")
            return


def check_recurrence(section: Section, trigger: Content) -> None:
    """Note a recurrence whose day never comes."""
    recurrence = time_of(trigger["time"]) if "time" in trigger else None
    if isinstance(recurrence, Recurrence) and not any(_turns(recurrence, YEAR - ago) for ago in range(3)):
        section.problem("seasons", "这些季节里没有这样的日子（或没有工作日），永远不会触发；请放宽 seasons 或改写 on")


def _too_short(span: Span) -> str:
    assert span.deadline is not None  # else it is not too short
    return f"最早 {local_text(span.due)} 才能联系，时限却是 {local_text(span.deadline)}；请延长 deadline 或放宽 window"


def _span(content: Content, window: Window, case: Case) -> Span:
    target = delay_of(content["target"]) if "target" in content else None
    deadline = deadline_of(content["deadline"], "base" in content)
    return plan_span(case.anchor, delay_of(content["delay"]), window, deadline, target=target, moment=case.moment)


def _ordinary(content: Content, window: Window, origin: str) -> list[Case]:
    """Facts of a week's office hours, days off included."""
    return [*_cases(content, window, origin, (_at(day, clock) for day in TWO_WEEKS[:7] for clock in OFFICE_HOURS))]


def _all(content: Content, window: Window, origin: str) -> Iterator[Case]:
    """Facts of every half hour of two weeks."""
    halves = (_at(day, time()) + timedelta(minutes=30 * number) for day in TWO_WEEKS for number in range(48))
    return _cases(content, window, origin, halves)


def _cases(content: Content, window: Window, origin: str, moments: Iterable[datetime]) -> Iterator[Case]:
    """What the contacts of facts of these moments count from; a step that follows a contact counts from an open moment."""
    trigger: Mapping[str, Any] = content["trigger"]
    drawing = whom_of(content).get("drawing")
    if origin != "event":
        yield from (Case(opens, opens) for opens in (next_moment(window, moment) for moment in moments))
    elif "base" in content:
        dates = _days_of(content["base"]) or sorted({moment.date() for moment in moments})
        yield from (Case(_at(day, time()), _at(day, time()) - KNOWN_BEFORE) for day in dates)
    elif "time" in trigger:
        yield from _turned(time_of(trigger["time"]), moments)
    elif drawing is not None:
        for moment in moments:
            period = period_of(drawing.of, moment.date(), drawing.closes)
            yield Case(period.anchor(moment), period.closes_at)
    else:
        yield from (Case(moment, moment) for moment in moments)


def _days_of(base: str | Content) -> tuple[date, ...]:
    """The days of the festivals that times count from; none where it is a date that a fact tells."""
    if isinstance(base, str):
        return ()
    return FestivalDay(tuple(base["festivals"]), Delay(0, "days")).days(date(YEAR, 1, 1), OFFICIAL)


def _turned(trigger: Recurrence | Anniversary | FestivalDay, moments: Iterable[datetime]) -> Iterator[Case]:
    if isinstance(trigger, Anniversary):
        days = sorted({one.date() for one in moments})
    else:
        days = (
            _turns(trigger, YEAR) if isinstance(trigger, Recurrence) else list(trigger.days(date(YEAR, 1, 1), OFFICIAL))
        )
    yield from (Case(_at(day, trigger.at), _at(day, trigger.at)) for day in days)


def _turns(recurrence: Recurrence, year: int) -> list[date]:
    """The days of a year on which turns come."""
    day = date(year, 1, 1)
    turns: list[date] = []
    while day.year == year:
        turns += recurrence.days(day, OFFICIAL)
        day = period_of(recurrence.every, day).end
    return turns


def _at(day: date, clock: time) -> datetime:
    return datetime.combine(day, clock, ORG_ZONE)
