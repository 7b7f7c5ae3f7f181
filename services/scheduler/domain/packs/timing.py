"""The contact window of a canonical content, on the calendar as it is known."""

from dataclasses import replace
from datetime import date, time
from typing import Any

from services.scheduler.domain.when.recurrence import WEEKDAYS
from services.scheduler.domain.when.windows import WEEK, Blackout, Branches, Window
from shared.calendar import WorkCalendar

Content = dict[str, Any]


def window_of(content: Content, calendar: WorkCalendar) -> Window:
    """The window of a policy's content; `calendar` is the official one."""
    window = content["window"]
    whole = _window(window, content, calendar)
    if "units" not in window:
        return whole
    named = {name: replace(_window(one, content, calendar), named=name) for name, one in window["calendars"].items()}
    return replace(whole, branches=Branches({unit: named[name] for unit, name in window["units"].items()}))


def _window(window: Content, content: Content, calendar: WorkCalendar) -> Window:
    return Window(
        frames=tuple((time.fromisoformat(opens), time.fromisoformat(closes)) for opens, closes in window["frames"]),
        days=window["days"],
        weekdays=frozenset(map(WEEKDAYS.index, window["weekdays"])) if "weekdays" in window else WEEK,
        calendar=_calendar_of(window["calendar"], calendar) if "calendar" in window else calendar,
        blackouts=tuple(_blackout_of(blackout) for blackout in content.get("blackouts", ())),
    )


def _calendar_of(content: Content, official: WorkCalendar) -> WorkCalendar:
    days = {date.fromisoformat(day): worked for day, worked in content["days"].items()}
    return replace(official, days=days)


def _blackout_of(content: Content) -> Blackout:
    first, last = date.fromisoformat(content["from"]), date.fromisoformat(content["to"])
    return Blackout(first, last, frozenset(content["branches"]))
