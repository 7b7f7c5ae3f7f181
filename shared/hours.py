"""Frames of the day, and the hours of a contact window, as texts: what services keep beside a contact and tell each other.

`all/01234/10:30-11:30,15:00-17:30` are frames on all days from Monday (0) to Friday. Days unlike the official calendar follow,
where there are some, `/+2026-05-02,-2026-05-06`, and spans of days on which nobody is contacted, `/!2026-02-14~2026-02-23`.
"""

from collections.abc import Iterable, Mapping
from datetime import date, time
from functools import lru_cache
from typing import Literal, NamedTuple

Frame = tuple[time, time]
DayKind = Literal["working", "all"]
WEEK = frozenset(range(7))
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
    return ",".join(f"{opens:%H:%M}-{closes:%H:%M}" for opens, closes in frames)


def _frame(text: str) -> Frame:
    opens, _, closes = text.partition("-")
    return time.fromisoformat(opens.strip()), time.fromisoformat(closes.strip())


def _span(text: str) -> tuple[date, date]:
    first, _, last = text.partition(_UNTIL)
    return date.fromisoformat(first), date.fromisoformat(last)
