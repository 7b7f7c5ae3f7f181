"""The official Chinese working calendar with make-up days (X2), and arithmetic in working time.

The built-in years come from the State Council's yearly notices as chinesecalendar carries them; a service may know more of
them. A year that is not known is *provisional*: weekends off, nothing else.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cached_property

from chinese_calendar import constants

from shared.hours import DAY_END, Frame
from shared.zone import ORG_ZONE

SATURDAY = 5


@dataclass(frozen=True, eq=False)
class OfficialYears:
    """The published years. `days` are those that differ from the week, Monday to Friday worked (True = worked)."""

    years: frozenset[int]
    days: Mapping[date, bool]

    @cached_property
    def confirmed_until(self) -> date:
        """The first day of the first year after the earliest that is not published: from here on all is provisional."""
        year = min(self.years)
        while year in self.years:
            year += 1
        return date(year, 1, 1)

    def with_year(self, year: int, days: Mapping[date, bool]) -> "OfficialYears":
        """As they are once `year` is published (again), with these days of it that differ from the week."""
        others = {day: worked for day, worked in self.days.items() if day.year != year}
        return OfficialYears(self.years | {year}, {**others, **days})


def _built_in() -> OfficialYears:
    years = frozenset(day.year for day in constants.holidays)
    off = {day: False for day in constants.holidays if day.weekday() < SATURDAY and day not in constants.workdays}
    return OfficialYears(years, off | {day: True for day in constants.workdays if day.weekday() >= SATURDAY})


BUILT_IN = _built_in()


@dataclass(frozen=True, eq=False)
class WorkCalendar:
    """Which days are worked and in which frames of the day (local time of the organisation).

    `days` overrides single days of the official years (True = worked); `frames` are the working hours of a worked day, in
    order, of which the last may end at DAY_END. Where it does not `make_up`, no weekend is worked because the official
    calendar makes up for a holiday on it. A calendar is equal to nothing but itself, so that caches can go by it.
    """

    frames: tuple[Frame, ...] = ((time(9, 0), time(12, 0)), (time(13, 30), time(17, 30)))
    days: Mapping[date, bool] = field(default_factory=dict)
    official: OfficialYears = BUILT_IN
    make_up: bool = True

    def is_working_day(self, day: date) -> bool:
        worked = self._exceptions.get(day)
        return day.weekday() < SATURDAY if worked is None else worked

    def is_provisional(self, day: date) -> bool:
        """Whether the official days of this day's year, or of one before it, are not yet known here."""
        return day >= self.official.confirmed_until

    @cached_property
    def _exceptions(self) -> Mapping[date, bool]:
        official = self.official.days
        if not self.make_up:
            official = {day: worked for day, worked in official.items() if not worked}
        return {**official, **self.days}

    def add_working_days(self, start: datetime, count: int) -> datetime:
        """The same time of day, `count` working days later; from a day off, counting starts with the next worked one."""
        local = start.astimezone(ORG_ZONE)
        day = local.date()
        for _ in range(count):
            day = self.next_working_day(day)
        return datetime.combine(day, local.time(), ORG_ZONE)

    def next_working_day(self, day: date) -> date:
        """The first working day after `day`."""
        day += timedelta(days=1)
        while not self.is_working_day(day):
            day += timedelta(days=1)
        return day

    def working_day_before(self, day: date) -> date:
        """The last working day before `day`."""
        day -= timedelta(days=1)
        while not self.is_working_day(day):
            day -= timedelta(days=1)
        return day

    def working_time_between(self, start: datetime, end: datetime) -> timedelta:
        """Working time elapsed between two instants; zero when `end` is not after `start`."""
        start, end = start.astimezone(ORG_ZONE), end.astimezone(ORG_ZONE)
        total = timedelta()
        for day in days_between(start.date(), end.date()):
            if self.is_working_day(day):
                total += sum((_overlap(frame, day, start, end) for frame in self.frames), timedelta())
        return total

    def add_working_time(self, start: datetime, amount: timedelta) -> datetime:
        """The instant at which `amount` of working time has passed since `start`."""
        local = start.astimezone(ORG_ZONE)
        day, left = local.date(), amount
        while True:
            if self.is_working_day(day):
                for frame in self.frames:
                    opens, closes = frame_on(day, frame)
                    opens = max(opens, local)
                    room = max(closes - opens, timedelta())
                    if left <= room:
                        return opens + left
                    left -= room
            day += timedelta(days=1)

    def working_time_before(self, end: datetime, amount: timedelta) -> datetime:
        """The instant from which on `amount` of working time passes until `end`."""
        local = end.astimezone(ORG_ZONE)
        day, left = local.date(), amount
        while True:
            if self.is_working_day(day):
                for frame in reversed(self.frames):
                    opens, closes = frame_on(day, frame)
                    closes = min(closes, local)
                    room = max(closes - opens, timedelta())
                    if left <= room:
                        return closes - left
                    left -= room
            day -= timedelta(days=1)


def every_day(year: int, exceptions: Mapping[date, bool]) -> dict[date, bool]:
    """All days of a year in order, and whether they are worked; `exceptions` are those that differ from the week."""
    days = days_between(date(year, 1, 1), date(year, 12, 31))
    return {day: exceptions.get(day, day.weekday() < SATURDAY) for day in days}


def frame_on(day: date, frame: Frame) -> tuple[datetime, datetime]:
    """From when to when a frame lasts that begins on a local day; one that ends before it begins goes on past midnight."""
    opens, closes = frame
    if closes == DAY_END:
        ends = datetime.combine(day + timedelta(days=1), time(), ORG_ZONE)
    else:
        ends = datetime.combine(day + timedelta(days=closes <= opens), closes, ORG_ZONE)
    return datetime.combine(day, opens, ORG_ZONE), ends


def days_between(first: date, last: date) -> Iterable[date]:
    """The days from `first` to `last`, both included."""
    while first <= last:
        yield first
        first += timedelta(days=1)


def _overlap(frame: Frame, day: date, start: datetime, end: datetime) -> timedelta:
    opens, closes = frame_on(day, frame)
    return max(min(closes, end) - max(opens, start), timedelta())


OFFICIAL = WorkCalendar()
