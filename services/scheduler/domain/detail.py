"""What a decision's record says of one policy: what it came to, and how.

A record is kept as JSON and shown by the API as it is, so details are dictionaries; which keys they may have is said here.
"""

from collections.abc import Sequence
from datetime import date, datetime
from functools import cached_property
from typing import Any, Generic, Literal, TypedDict, TypeVar

import orjson

from shared.conditions.tree import Failed

M = TypeVar("M")
"""A moment: a datetime in a decision just made, ISO text in one that was kept."""
Reason = Literal["drawn", "reserve", "schedule", "anniversary", "awaited", "follows", "withdrawn", "recalled"]
"""Why a contact is planned, or a run goes on, only after the fact itself was decided on."""
Outcome = Literal[
    "planned",
    "merged",
    "enrolled",
    "waiting",
    "capped",
    "quota_reached",
    "refused",
    "stopped",
    "ignored",
    "wait_expired",
    "corrected",
    "skipped",
    "no_customer",
    "sampled_out",
    "no_policy_matches",
    "malformed",
    "withdrawn",
    "recomputed",
    "taken_back",
    "postponed",
]
"""What a fact, or a later occasion of it, came to."""
Result = Outcome | Literal["condition", "pauses"]
"""What one policy came to: `condition` does not hold; the pack's `pauses` put contacts off."""

# days of the organisation's zone, both included
Days = TypedDict("Days", {"from": date | str, "to": date | str}, total=False)


class BecauseOf(TypedDict, Generic[M], total=False):
    """What led a run on: an event by its short name and id, and what a contact came to."""

    event: str
    id: str
    at: M
    result: str
    reason: str


class CapReached(Days, total=False):
    """A cap, and how many contacts it counts in these days."""

    limit: int
    per: str
    days: int
    purposes: Sequence[str]
    policies: Sequence[str]
    tiers: Sequence[str]
    used: int


class Rises(TypedDict):
    """The reading of a wait, and by how much it must rise since when it was this ("" = not known yet)."""

    field: str
    by: float
    since: str


class QuotaReached(Days, total=False):
    """A quota, and the days and stratum in which it is used up."""

    limit: int
    stratum: str


class Times(TypedDict, Generic[M], total=False):
    """When a contact was to be made."""

    due: M
    deadline: M | None


class DetailOf(Days, Generic[M], total=False):
    """Every key that some result has; `result` is always there, `policy` and `version` where it is a policy's.

    `step`, `occasion` and `because` say which of its steps this is about and why it was planned only now; `draw` (the number)
    and `rate` how it was drawn. `from`, `to` and `stratum` tell the population that the fact entered, and once that is drawn
    `draw` (the id), `standing`, `population` and `place` how it stands there.
    """

    policy: str
    version: int
    result: Result
    reason: str
    step: str
    occasion: Reason
    because: BecauseOf[M]
    draw: float | str | None
    rate: float
    failed: Failed
    # the contact: its task, or the one it was merged into or takes over
    task: str
    partner: str
    asked: M
    # its moments, and what moved them
    due: M
    deadline: M | None
    earliest: M
    base: M  # the date that they count from, in the fact or a festival's
    festival: str  # whose day that is, where it is a festival's
    learnt_late: bool  # the fact told of it when its deadline had passed
    blackout: Days
    wanted: date | str  # the day it was to be on, where the window moves contacts earlier
    provisional: bool
    calendar: str
    too_short: bool
    paused_until: M
    ceiling: int
    moved_from: M
    was: Times[M]
    # what forbade it
    cap: CapReached
    quota: QuotaReached
    # whose contact it became where the policy wants somebody who had no part in the work
    instead_of: str
    doers: list[str]
    team: str
    no_independent_team: bool
    # of a population
    stratum: str
    late: bool
    standing: str
    population: int
    place: int
    # of a run: what it waits for, what was called off, also by a corrected result, which may have come too late
    events: list[str]
    same: str
    value: str
    rises: Rises
    until: M | None
    cancelled: list[str]
    # of a withdrawal
    at: M
    kept: list[str]
    agreed: list[str]
    runs: int


class Unmet(dict[str, Any]):
    """The detail of a condition that does not hold: the same for many facts, so that it is encoded once for all of them."""

    @cached_property
    def encoded(self) -> bytes:
        return orjson.dumps(self)


class AllUnmet(tuple[Unmet, ...]):
    """What a fact that no condition holds for comes to, encoded once for all facts alike."""

    @cached_property
    def encoded(self) -> bytes:
        return b"[%s]" % b",".join([one.encoded for one in self])


Detail = DetailOf[datetime]
"""As it is decided."""
KeptDetail = DetailOf[str]
"""As its record keeps it."""
AnyDetail = DetailOf[Any]
"""Either."""
