"""Which units' things somebody sees: the one rule for every route of every service.

- A unit's are its own things and those of what is below it (`shared.units`).
- Lists are filtered in SQL; an object of another unit is not found, as if there were none.
- What names no unit, and customers nobody knows, are seen by those who see the whole organisation.
- What belongs to the organisation as a whole (policies, rules, sources, dead letters, …) is changed by them alone:
  `shared.auth.require_whole_organisation`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, or_, true
from sqlalchemy.orm import Mapped


@dataclass(frozen=True)
class Scope:
    """The codes of the units whose things are seen; none of them = the whole organisation."""

    units: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        return not self.units

    @property
    def limit(self) -> list[str] | None:
        """What `in_units` binds as `:units`: the codes, or None for no limit."""
        return list(self.units) or None

    def sees(self, *units: str) -> bool:
        """Whether something of these units is seen: one of them is enough."""
        return self.whole or any(unit in self.units for unit in units)

    def where(self, *columns: ColumnElement[Any] | Mapped[str]) -> ColumnElement[bool]:
        """The rows of which one of these columns names a unit that is seen."""
        return true() if self.whole else or_(*(column.in_(self.units) for column in columns))


WHOLE = Scope()


def in_units(*columns: str) -> str:
    """As `Scope.where`, in the text of a statement that binds `:units` to `Scope.limit`."""
    return f"(CAST(:units AS text[]) IS NULL OR {any_of(columns)})"


def any_of(columns: Iterable[str]) -> str:
    """One of these columns names one of `:units`."""
    return "(" + " OR ".join(f"{column} = ANY(CAST(:units AS text[]))" for column in columns) + ")"
