"""What a policy says: whom, when, how often and by whom to follow up (issue of the regulations, R01-R13)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from services.scheduler.domain.how import How
from services.scheduler.domain.restraint.caps import Cap
from services.scheduler.domain.when.amounts import Deadline, Delay, Warn
from services.scheduler.domain.when.anniversary import Anniversary
from services.scheduler.domain.when.recurrence import Recurrence
from services.scheduler.domain.when.windows import Window
from services.scheduler.domain.whom.draw import Drawing
from services.scheduler.domain.whom.limits import Quota

if TYPE_CHECKING:
    from services.scheduler.domain.steps.chain import Chain

Participation = Literal["counted", "unblocked", "exempt"]
Purpose = Literal["followup", "greeting", "notice"]
ALL_EVENTS = "*"
EVERYBODY = 100.0
NO_DELAY = Delay()


@dataclass(frozen=True)
class Trigger:
    """`events` are wire types or `*`; `condition` is the tree that `conditions.compile_condition` takes, None = always.

    `time` is what triggers it instead of events.
    """

    events: tuple[str, ...]
    condition: Mapping[str, Any] | None = None
    time: Recurrence | Anniversary | None = None


@dataclass(frozen=True)
class Pause:
    """After these `events` (those of them for which `condition` holds) the customer is not contacted for `hours`."""

    events: tuple[str, ...]
    hours: int
    condition: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Policy:
    """One immutable version of a policy.

    `rate` is a percentage. `participation` says how it takes part in `caps`: `counted` contacts count and may be
    blocked, `unblocked` ones count but are never blocked, `exempt` ones neither. `guards` are further conditions of
    release (`case_open`: not while the customer has an open complaint), of which `defers` put it off. `pauses` are its
    pack's, for all customers. `how` is what it leaves to the fact; roles
    among `never_alone` don't go on site by themselves. `barred`, told once the fact is known, are the teams and units that
    did the work, where the policy is independent of them. `clauses` are the regulation's ids.
    It decides on facts from `valid_from` to before `valid_until`, by their own time; without them on all.
    `drawing` draws of closed periods what `rate` would draw at once (it then is the percentage, 0 for a number); `quota`
    and `ceiling` (contacts per day) limit what the policy plans.
    `chain` are its steps, if it has several; each is a policy of its own too: `step` names it.
    """

    id: str
    version: int
    title: str
    trigger: Trigger
    window: Window
    seed: str
    rate: float = EVERYBODY
    delay: Delay = NO_DELAY
    target: Delay | None = None
    deadline: Deadline | None = None
    warn: Warn | None = None
    caps: tuple[Cap, ...] = ()
    pauses: tuple[Pause, ...] = ()
    participation: Participation = "counted"
    channel: str = "phone"
    questionnaire: str = ""
    team: str = ""
    tier: str = ""
    how: How | None = None
    never_alone: tuple[str, ...] = ()
    barred: tuple[str, ...] = ()
    priority: int = 5
    purpose: Purpose = "followup"
    round: int = 1
    merge: bool = True
    merge_within: int | None = None
    guards: tuple[str, ...] = ()
    defers: tuple[str, ...] = ()
    clauses: tuple[str, ...] = ()
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    step: str = ""
    drawing: Drawing | None = None
    quota: Quota | None = None
    ceiling: int | None = None
    chain: "Chain | None" = None

    def step_named(self, step: str) -> "Policy":
        """The policy as it is for one of its steps. Raises KeyError."""
        return self.chain.policies[step] if self.chain and step else self

    @property
    def independent(self) -> bool:
        """Whether whoever did the work must not ask about it."""
        return self.how is not None and bool(self.how.doers)

    @property
    def counted(self) -> tuple[str, ...]:
        """For which policies a contact of this one counts."""
        return () if self.participation == "exempt" else (self.id,)

    @property
    def blockable(self) -> tuple[str, ...]:
        """Those of `counted` whose contact a cap can forbid."""
        return (self.id,) if self.participation == "counted" else ()

    @property
    def strength(self) -> tuple[int, float, str]:
        """Sorts the strongest first: most urgent, then the one that asks most customers."""
        return (self.priority, -self.rate, self.id)
