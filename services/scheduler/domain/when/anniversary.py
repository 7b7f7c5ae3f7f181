"""Anniversaries of a date in the customer's profile: birthdays by either calendar, moving in, the end of a warranty."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, time
from functools import lru_cache
from typing import Literal

from services.scheduler.domain.when.amounts import DAY, add_months
from services.scheduler.domain.when.recurrence import MORNING
from shared.lunar import lunar_of
from shared.yearly import LUNAR, key_of, keys_of, lunar_key_of

LONGEST_MONTH = 31


@dataclass(frozen=True)
class Offset:
    """How long after the day (before it, where negative)."""

    amount: int = 0
    unit: Literal["days", "months"] = "days"


@dataclass(frozen=True)
class Anniversary:
    """Every year again on the day of `attribute`; `once`: on the date itself and never again.

    `lunar`: a date given by the official calendar is kept by the lunar one; a date given as lunar always is. `offset` moves
    the day, `at` is the local time of day.
    """

    attribute: str
    lunar: bool = False
    offset: Offset = Offset()
    once: bool = False
    at: time = MORNING

    def kept_on(self, day: date) -> Callable[[object], bool]:
        """Tells of a value whether its day is `day`."""
        bases = _bases(self.offset, day)
        if self.once:
            dates = {base.isoformat() for base in bases}
            return lambda value: value in dates
        keys, key = {key for base in bases for key in keys_of(base)}, lunar_key_of if self.lunar else key_of
        return lambda value: isinstance(value, str) and key(value) in keys and _is_earlier(value, bases[0])


def _is_earlier(text: str, base: date) -> bool:
    """Whether the date is of an earlier year than its anniversary; one without a year always is."""
    year = text.removeprefix(LUNAR)[:4]
    if not year.isdigit():
        return True
    return int(year) < (lunar_of(base).year if text.startswith(LUNAR) else base.year)


@lru_cache(4096)
def _bases(offset: Offset, day: date) -> tuple[date, ...]:
    """The dates that `offset` moves to `day`: with months none or several, since months differ in length."""
    if offset.unit == "days":
        return (day - offset.amount * DAY,)
    month = add_months(day.replace(day=1), -offset.amount)
    days = (month + n * DAY for n in range(LONGEST_MONTH))
    return tuple(base for base in days if base.month == month.month and add_months(base, offset.amount) == day)
