"""Facts enter the population of a period, to be drawn when it has closed."""

from collections.abc import Callable
from datetime import date
from typing import NamedTuple

from services.scheduler.domain.customer import Customer
from services.scheduler.domain.facts import Fact
from services.scheduler.domain.when.periods import Period
from services.scheduler.domain.whom.draw import Drawing
from services.scheduler.domain.whom.strata import stratifier
from shared.zone import local_day


class Entry(NamedTuple):
    """Of which period's population, and which stratum of it, a fact is; `late` when its own period had closed."""

    period: Period
    stratum: str
    late: bool = False


Enter = Callable[[Fact, Customer], Entry]


def entrance(drawing: Drawing) -> Enter:
    """A fact belongs to the period of its own time, whenever it arrives."""
    stratify = stratifier(drawing.by)
    return lambda fact, customer: Entry(drawing.period(local_day(fact.at)), stratify(fact, customer))


def settled_entry(entry: Entry, drawing: Drawing, closed_until: date) -> Entry:
    """Where the entry really goes: draws up to the midnight that begins `closed_until` are closed.

    What comes late joins the period that is open then, so that it is in one draw, and nobody's draw changes afterwards.
    """
    if entry.period.end > closed_until:
        return entry
    return Entry(drawing.period(closed_until), entry.stratum, late=True)
