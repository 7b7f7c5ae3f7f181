"""Calendar periods, of which a policy draws, counts, limits, or in which turns come."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Literal, NamedTuple, get_args

from services.scheduler.domain.when.amounts import DAY, add_months
from shared.zone import midnight

PeriodKind = Literal["day", "week", "month", "quarter", "year"]
Every = Literal["week", "month", "quarter", "half_year", "year"]
MONTHS = {"month": 1, "quarter": 3, "half_year": 6, "year": 12}
LONGEST: Mapping[PeriodKind, int] = {"day": 1, "week": 7, "month": 31, "quarter": 92, "year": 366}  # days


class Period(NamedTuple):
    """Local days from `first` to before `end`."""

    first: date
    end: date

    @property
    def closes_at(self) -> datetime:
        """The midnight that ends it, UTC."""
        return midnight(self.end)

    def anchor(self, at: datetime) -> datetime:
        """What a contact about a fact of this period counts its delay and deadline from.

        It is the fact's own moment, but not before the period's last day: else the facts of a week's first days would be
        overdue when the week is drawn.
        """
        return max(at.astimezone(UTC), midnight(self.end - DAY))


@lru_cache(4096)
def period_of(kind: PeriodKind | Every, day: date, closes: int = 0) -> Period:
    """The period that `day` lies in; a week ends when the weekday `closes` (0 = Monday) begins."""
    if kind == "day":
        return Period(day, day + DAY)
    if kind == "week":
        first = day - timedelta(days=(day.weekday() - closes) % 7)
        return Period(first, first + timedelta(days=7))
    months = MONTHS[kind]
    first = date(day.year, (day.month - 1) // months * months + 1, 1)
    return Period(first, add_months(first, months))


def first_days(day: date) -> set[date]:
    """The first days of all periods that `day` lies in: of all that have begun before it and are not over."""
    return {period_of(kind, day, closes).first for kind in get_args(PeriodKind) for closes in range(7)}
