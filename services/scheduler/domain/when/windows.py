"""When a contact may take place: delay, target, contact window, blackouts and deadline on the working calendar (X2).

Everything is computed from the fact's own time, never from now: the same facts give the same plan at any speed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from functools import cached_property
from typing import NamedTuple

from services.scheduler.domain.when.amounts import (
    BY_CALENDAR,
    DAY,
    LAST_MINUTE,
    Deadline,
    Delay,
    Spread,
    Warn,
    begins,
    latest,
    warned_at,
)
from shared.calendar import OFFICIAL, WorkCalendar
from shared.hours import WEEK, DayKind, Frame, Hours, over_midnight
from shared.zone import ORG_ZONE, local_day, midnight

WEEKEND = frozenset((5, 6))
WEEK_DAYS = 7
LOOKS_BACK = 400  # days: longer than any blackout


@dataclass(frozen=True)
class Blackout:
    """No contact is planned from `first` to `last`, both included; of these branches only, or of all when empty."""

    first: date
    last: date
    branches: frozenset[str] = frozenset()

    def covers(self, day: date, branch: str) -> bool:
        return self.first <= day <= self.last and self.concerns(branch)

    def concerns(self, branch: str) -> bool:
        return not self.branches or branch in self.branches


@dataclass(frozen=True, eq=False)
class Branches:
    """The windows of branches that go by a calendar of their own; equal to nothing but itself, so that caches can go by it."""

    windows: Mapping[str, "Window"]


@dataclass(frozen=True)
class Window:
    """Frames of the day, in order, in which customers are contacted; on working days of `calendar` only or on all days.

    `weekdays` (0 = Monday) leaves some of these days out, `blackouts` whole spans of them. `branches` have windows of their
    own, each `named` after its calendar. `by_holidays`: some blackouts stand in a relation to holidays that were published.
    `earlier`: where it is closed on the day that a contact is wanted on, the last open day before takes its place.
    The last frame may go on past midnight; all of it belongs to the day that it begins on.
    """

    frames: tuple[Frame, ...] = ((time(9), time(12)), (time(14), time(18)))
    days: DayKind = "working"
    weekdays: frozenset[int] = WEEK
    calendar: WorkCalendar = OFFICIAL
    blackouts: tuple[Blackout, ...] = ()
    branches: Branches | None = None
    named: str = ""
    by_holidays: bool = False
    earlier: bool = False

    def of(self, branch: str) -> "Window":
        """The window as it is for a branch."""
        return self if self.branches is None else self.branches.windows.get(branch, self)

    @property
    def by_branch(self) -> bool:
        """Whether it makes a difference whose contact it is."""
        return bool(self.blackouts) or self.branches is not None

    @property
    def closes(self) -> time:
        """The local time at which it closes on a day that it is open on; where it goes on past midnight, the last minute."""
        return LAST_MINUTE if self.overnight else min(self.frames[-1][1], LAST_MINUTE)

    @cached_property
    def overnight(self) -> bool:
        """Whether its last frame goes on past midnight."""
        return over_midnight(self.frames)

    def day_of(self, at: datetime) -> date:
        """The day that a moment counts to: until a frame that has gone on past midnight ends, the day before."""
        local = at.astimezone(ORG_ZONE)
        return local.date() - DAY if self.overnight and local.time() < self.frames[-1][1] else local.date()

    def opens_on(self, day: date) -> bool:
        """Blackouts left aside."""
        return day.weekday() in self.weekdays and (self.days == "all" or self.calendar.is_working_day(day))

    def blackout_on(self, day: date, branch: str) -> Blackout | None:
        return next((blackout for blackout in self.blackouts if blackout.covers(day, branch)), None)

    def day_in_week(self, first: date, spread: Spread, branch: str) -> date | None:
        """The day of one of several contacts in the week from `first` on, evenly over the open ones; None: there are too few.

        Of five days, three contacts are on the 1st, 3rd and 5th: the k-th on day 1 + (k − 1) · days / contacts, rounded up.
        """
        week = (first + number * DAY for number in range(WEEK_DAYS))
        days = [day for day in week if _is_open(self, day, branch)]
        if spread.number >= len(days):
            return None
        return days[-(-spread.number * max(len(days), spread.of) // spread.of)]

    def first_opening(self, day: date) -> datetime:
        """The first moment of the window on `day` or later, UTC; blackouts left aside."""
        opening = self._openings.get(day)
        if opening is None:
            opens = day
            while not self.opens_on(opens):
                opens += DAY
            opening = datetime.combine(opens, self.frames[0][0], ORG_ZONE).astimezone(UTC)
            self._openings[day] = opening
        return opening

    @cached_property
    def _openings(self) -> dict[date, datetime]:
        """What `first_opening` has found: a few thousand days at most, asked for with every plan."""
        return {}

    @cached_property
    def hours(self) -> str:
        """All but the official calendar and blackouts in a text (`shared.hours`).

        Where the calendar does not make up for holidays, weekends are no weekdays of it.
        """
        return self._hours.text

    @cached_property
    def _hours(self) -> Hours:
        weekdays = self.weekdays if self.days == "all" or self.calendar.make_up else self.weekdays - WEEKEND
        return Hours(self.frames, self.days, weekdays, self.calendar.days if self.days == "working" else {})

    def hours_since(self, day: date, branch: str = "") -> str:
        """`hours`, and behind it the branch's blackouts that have not ended before `day`."""
        ahead = {(one.first, one.last) for one in self.blackouts if one.last >= day and one.concerns(branch)}
        return self._hours._replace(closed=tuple(sorted(ahead))).text if ahead else self.hours

    @cached_property
    def unconfirmed(self) -> datetime:
        """From here on the calendar does not know its holidays, UTC."""
        return midnight(self.calendar.official.confirmed_until)


class Basis(NamedTuple):
    """What a span was computed from: what it counts from, when it was planned, and whose calendar and blackouts held."""

    anchor: datetime
    moment: datetime
    branch: str


class Span(NamedTuple):
    """The plan of one contact: not before `due`, not after `deadline`, with a warning at `warn_at`; all UTC.

    `hours` are those of its window ("" = any). `basis` is kept only while one of them is provisional: it hangs on
    holidays that are not published yet. `blackout` is the one that `due` had to give way to; `earliest` the moment it
    could have been but for its target. `calendar` names the one of its branch, where the branch has its own. `wanted` is
    the day it was wanted on, where the window is closed then and moves contacts earlier.
    """

    due: datetime
    deadline: datetime | None
    warn_at: datetime | None = None
    hours: str = ""
    basis: Basis | None = None
    blackout: Blackout | None = None
    earliest: datetime | None = None
    calendar: str = ""
    wanted: date | None = None

    @property
    def too_short(self) -> bool:
        """No contact window opens before the deadline, so that nobody could ever call."""
        return self.deadline is not None and self.due >= self.deadline


def plan_span(
    anchor: datetime,
    delay: Delay,
    window: Window,
    deadline: Deadline | None,
    *,
    target: Delay | None = None,
    warn: Warn | None = None,
    moment: datetime | None = None,
    branch: str = "",
) -> Span:
    """When the contact about something at `anchor`, planned at `moment` (the anchor itself when left out), is due.

    Due is the first opening of the window after `delay`; or after `target`, where that lies between it and the deadline.
    """
    window = window.of(branch)
    since, earliest, week = begins(anchor, delay, window.calendar), None, None
    if delay.spread is not None:
        week = _day_of(window, since)
        since, deadline = _spread(window, since, delay.spread, deadline, branch)
    until = latest(anchor, deadline, window.calendar, window.closes) if deadline else None
    due, blackout = _placed(window, since, branch)
    if target is not None:
        best = begins(anchor, target, window.calendar)
        wanted = _placed(window, best, branch)
        if due < wanted[0] and (until is None or wanted[0] < until):
            earliest, since, (due, blackout) = due, best, wanted
    if moment is not None and due < moment:
        due, blackout = _contact(window, moment, branch)
    hangs = window.days == "working" or window.by_holidays or _by_calendar(delay, target)
    left = _left(window, since, branch)
    seen = week + (WEEK_DAYS - 1) * DAY if week else left
    provisional = hangs and (due >= window.unconfirmed or (seen and seen >= window.calendar.official.confirmed_until))
    if until is not None and until >= window.unconfirmed and _by_calendar(deadline):
        provisional = True
    basis = Basis(anchor, moment or anchor, branch) if provisional else None
    warn_at = warned_at(until, warn, window.calendar) if warn and until else None
    hours = window.hours_since(local_day(moment or anchor), branch) if window.blackouts else window.hours
    return Span(due, until, warn_at, hours, basis, blackout, earliest, window.named, left)


def next_moment(window: Window, at: datetime, branch: str = "") -> datetime:
    """`at` when customers of `branch` may be contacted then, else the next moment at which they may; UTC.

    `window` is the one of their branch already.
    """
    return _contact(window, at, branch)[0]


def _opening(window: Window, since: datetime | date) -> datetime:
    """`since` when it lies inside the window, else the moment the window opens next; of a day, its first. UTC."""
    if not isinstance(since, datetime):
        return window.first_opening(since)
    local = since.astimezone(ORG_ZONE)
    day, clock = local.date(), local.time()
    if window.overnight and clock < window.frames[-1][1] and window.opens_on(day - DAY):
        return since.astimezone(UTC)
    if window.opens_on(day):
        for opens, closes in window.frames:
            if clock < opens:
                return datetime.combine(day, opens, ORG_ZONE).astimezone(UTC)
            if clock < closes or closes <= opens:
                return since.astimezone(UTC)
    return window.first_opening(day + DAY)


def _contact(window: Window, since: datetime | date, branch: str) -> tuple[datetime, Blackout | None]:
    """The first opening since then that no blackout covers, and the first blackout in the way."""
    due = _opening(window, since)
    if not window.blackouts:
        return due, None
    met = blackout = window.blackout_on(window.day_of(due), branch)
    while blackout is not None:
        due = window.first_opening(blackout.last + DAY)
        blackout = window.blackout_on(window.day_of(due), branch)
    return due, met


def _placed(window: Window, since: datetime | date, branch: str) -> tuple[datetime, Blackout | None]:
    """As `_contact`; of a window that moves earlier the opening of the last open day by the one that is wanted."""
    due, blackout = _contact(window, since, branch)
    if not window.earlier or window.day_of(due) <= (day := _day_of(window, since)):
        return due, blackout
    earlier = (day - before * DAY for before in range(LOOKS_BACK))
    found = next((one for one in earlier if _is_open(window, one, branch)), None)
    return (window.first_opening(found) if found else due), blackout


def _spread(
    window: Window, since: datetime | date, spread: Spread, deadline: Deadline | None, branch: str
) -> tuple[datetime | date, Deadline | None]:
    """The own day of one of a week's contacts, and its deadline, which counts from so much later.

    On the week's first day it is as the first contact would be by itself; where there is no day for it any more, too.
    """
    first = _day_of(window, since)
    day = window.day_in_week(first, spread, branch) or first
    if day == first or deadline is None:
        return since if day == first else day, deadline
    return day, replace(deadline, after=Delay((day - first).days, "days", deadline.after))


def _left(window: Window, since: datetime | date, branch: str) -> date | None:
    """The wanted day, where the window is closed on it and moves contacts earlier."""
    if not window.earlier:
        return None
    day = _day_of(window, since)
    return None if _is_open(window, day, branch) else day


def _is_open(window: Window, day: date, branch: str) -> bool:
    return window.opens_on(day) and window.blackout_on(day, branch) is None


def _day_of(window: Window, since: datetime | date) -> date:
    return window.day_of(since) if isinstance(since, datetime) else since


def _by_calendar(*amounts: Delay | Deadline | None) -> bool:
    return any(amount is not None and amount.unit in BY_CALENDAR for amount in amounts)
