"""Where an amount is counted. Figures are sums of amounts by key; keys are tuples so that they can be sorted and added."""

from collections import Counter
from datetime import UTC, date, datetime
from typing import NamedTuple

from shared.zone import ORG_ZONE


class Cell(NamedTuple):
    """The dimensions of the rollup; `day` is the organisation's, "" means that nobody said."""

    day: date
    branch: str = ""
    kind: str = ""
    policy: str = ""


class Tally(NamedTuple):
    """An amount of `measure` in a cell."""

    cell: Cell
    measure: str


class Head(NamedTuple):
    """A customer counted under `measure` in a cell: people are added up without counting anyone twice."""

    cell: Cell
    measure: str
    customer: str


class AgentTally(NamedTuple):
    """An amount of `measure` of one agent's day, in the team and branch of that day."""

    day: date
    branch: str
    team: str
    agent: str
    measure: str


Key = Tally | Head | AgentTally
Figures = Counter[Key]


def org_hour(at: datetime) -> int:
    return at.astimezone(ORG_ZONE).hour


def rank(at: datetime, identity: str) -> str:
    """Text that sorts by instant, then identity: the same winner whatever arrives first. "" is before all."""
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%S.%f}|{identity}"


def change(before: Figures, after: Figures) -> Figures:
    """What must be added to get from `before` to `after`; no zeros."""
    moved = Counter(after)
    moved.subtract(before)
    return Counter({key: amount for key, amount in moved.items() if amount})
