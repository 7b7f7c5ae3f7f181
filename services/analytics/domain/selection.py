"""What somebody asks figures for."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from services.analytics.domain.periods import Period, end_of


class Dimension(StrEnum):
    BRANCH = "branch"
    KIND = "kind"
    POLICY = "policy"


@dataclass(frozen=True)
class Selection:
    """Days `first` to `last` inclusive, cut into periods and grouped by dimensions; a filter of None lets all pass."""

    first: date
    last: date
    period: Period = Period.TOTAL
    by: tuple[Dimension, ...] = ()
    branches: tuple[str, ...] | None = None
    kinds: tuple[str, ...] | None = None
    policies: tuple[str, ...] | None = None

    def filters(self) -> Mapping[Dimension, tuple[str, ...] | None]:
        return {Dimension.BRANCH: self.branches, Dimension.KIND: self.kinds, Dimension.POLICY: self.policies}

    def period_end(self, start: date) -> date:
        """Last day of the period that begins on `start`, as far as it was asked for."""
        return self.last if self.period is Period.TOTAL else min(end_of(self.period, start), self.last)

    def until(self, day: date) -> "Selection":
        """Nothing after `day`: what has not fallen due yet is not 应访."""
        return replace(self, last=min(self.last, day))

    def cut(self, period: Period = Period.TOTAL, by: tuple[Dimension, ...] = ()) -> "Selection":
        """The same days and filters, cut and grouped in another way."""
        return replace(self, period=period, by=by)
