"""Frames of the day, and the hours of a contact window, as texts: what services keep beside a contact and tell each other.

`all/01234/10:30-11:30,15:00-17:30` are frames on all days from Monday (0) to Friday. Days unlike the official calendar follow,
where there are some, `/+2026-05-02,-2026-05-06`, and spans of days on which nobody is contacted, `/!2026-02-14~2026-02-23`.

A frame that ends before it begins, `22:00-06:00`, goes on past midnight; the whole of it belongs to the day that it begins on.
`24:00` is the end of the day.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, time
from functools import lru_cache
from typing import Literal, NamedTuple

Frame = tuple[time, time]
DayKind = Literal["working", "all"]
WEEK = frozenset(range(7))
DAY_END = time.max  # as the end of a frame: midnight, the whole of the last minute included
DAY_ENDS = "24:00"
A_DAY = 24 * 60  # minutes
_SIGNS = "-+"  # of days off and worked ones
_CLOSED, _UNTIL = "!", "~"  # of spans


class Hours(NamedTuple):
    """Local frames of the day, in order, on worked days or on all, weekdays from 0 (Monday).

    `own_days` are unlike the official calendar (True = worked); `closed` are spans of days, both ends included.
    """

    frames: tuple[Frame, ...]
    days: DayKind = "working"
    weekdays: frozenset[int] = WEEK
    own_days: Mapping[date, bool] = {}
    closed: tuple[tuple[date, date], ...] = ()

    @property
    def daily(self) -> bool:
        """Whether it is open on every day, so that it makes no difference which day a frame belongs to."""
        return self.days == "all" and self.weekdays == WEEK and not self.closed

    @property
    def text(self) -> str:
        """What `read_hours` reads."""
        parts = [self.days, "".join(map(str, sorted(self.weekdays))), frames_text(self.frames)]
        own_days = ",".join(f"{_SIGNS[worked]}{day}" for day, worked in sorted(self.own_days.items()))
        closed = ",".join(f"{first}{_UNTIL}{last}" for first, last in self.closed)
        return "/".join([*parts, *filter(None, (own_days, closed and _CLOSED + closed))])


@lru_cache(4096)
def read_hours(text: str) -> Hours:
    """The hours of their `text`."""
    days, weekdays, frames, *more = text.split("/")
    own = {date.fromisoformat(day[1:]): day[0] == "+" for part in more if part[0] != _CLOSED for day in part.split(",")}
    closed = tuple(_span(one) for part in more if part[0] == _CLOSED for one in part[1:].split(","))
    kind: DayKind = "all" if days == "all" else "working"
    return Hours(frames_of(frames), kind, frozenset(map(int, weekdays)), own, closed)


def frames_of(text: str) -> tuple[Frame, ...]:
    """Frames from `09:00-12:00,14:00-20:00`. Raises ValueError for another form."""
    return tuple(_frame(part) for part in text.split(","))


def frames_text(frames: Iterable[Frame]) -> str:
    """What `frames_of` reads."""
    return ",".join(f"{opens:%H:%M}-{clock_text(closes)}" for opens, closes in frames)


def over_midnight(frames: Sequence[Frame]) -> bool:
    """Whether the last of the frames, which are in order, goes on past midnight; no other one can."""
    opens, closes = frames[-1]
    return closes <= opens


def minutes_of(frame: Frame) -> tuple[int, int]:
    """From and to which minute of the day a frame lasts, beyond its last one where it goes on past midnight."""
    opens, closes = frame
    return _minute(opens), _minute(closes) + (A_DAY if closes <= opens else 0)


def clock(text: str) -> time:
    """A local time of day; 24:00 is the day's end. Raises ValueError for another form."""
    return DAY_END if text == DAY_ENDS else time.fromisoformat(text)


def clock_text(at: time) -> str:
    """What `clock` reads, to the minute."""
    return DAY_ENDS if at == DAY_END else f"{at:%H:%M}"


def _minute(at: time) -> int:
    return A_DAY if at == DAY_END else at.hour * 60 + at.minute


def _frame(text: str) -> Frame:
    opens, _, closes = text.partition("-")
    return time.fromisoformat(opens.strip()), clock(closes.strip())


def _span(text: str) -> tuple[date, date]:
    first, _, last = text.partition(_UNTIL)
    return date.fromisoformat(first), date.fromisoformat(last)
