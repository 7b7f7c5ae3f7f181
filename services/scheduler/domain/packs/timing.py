"""The contact window of a canonical content, on the calendar as it is known."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import Any

from services.scheduler.domain.packs.windows import EARLIER, NEVER, clocks
from services.scheduler.domain.when.amounts import delay_of
from services.scheduler.domain.when.holidays import NearHoliday, days_near, festival_spans
from services.scheduler.domain.when.recurrence import WEEKDAYS
from services.scheduler.domain.when.windows import Blackout, Branches, Window
from shared.calendar import WorkCalendar
from shared.hours import WEEK

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
    known, excepted = _calendar_of(window, calendar), window.get("except", ())
    return Window(
        frames=clocks(window["frames"]),
        days=window["days"],
        weekdays=frozenset(map(WEEKDAYS.index, window["weekdays"])) if "weekdays" in window else WEEK,
        calendar=known,
        blackouts=(
            *(_blackout_of(blackout) for blackout in content.get("blackouts", ())),
            *(Blackout(*days) for one in excepted for days in _excepted(one, known)),
        ),
        by_holidays=bool(excepted),
        earlier=window.get("when_closed") == EARLIER,
    )


def _excepted(one: NearHoliday | Content, calendar: WorkCalendar) -> Iterable[tuple[date, date]]:
    """First and last day of what a window leaves out beside holidays and around festivals."""
    if isinstance(one, str):
        return ((day, day) for day in days_near(calendar, one))
    return festival_spans(one["festivals"], delay_of(one["from"]), delay_of(one["to"]), calendar)


def _calendar_of(window: Content, official: WorkCalendar) -> WorkCalendar:
    """The calendar that a window goes by; `worked` are its working hours, said only where a policy counts them."""
    calendar = official
    if own := window.get("calendar"):
        days = {date.fromisoformat(day): worked for day, worked in own["days"].items()}
        calendar = replace(calendar, days=days, make_up=own.get("weekends") != NEVER)
    return replace(calendar, frames=clocks(window["worked"])) if "worked" in window else calendar


def _blackout_of(content: Content) -> Blackout:
    first, last = date.fromisoformat(content["from"]), date.fromisoformat(content["to"])
    return Blackout(first, last, frozenset(content["branches"]))
