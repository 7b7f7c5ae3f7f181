"""How much a policy plans in all: a quota of contacts per period and stratum, and a ceiling of contacts per day."""

from dataclasses import dataclass

from services.scheduler.domain.periods import PeriodKind


@dataclass(frozen=True)
class Quota:
    """At most `limit` contacts planned for the facts of a period, of each stratum told apart by `by`."""

    limit: int
    per: PeriodKind
    by: tuple[str, ...] = ()
