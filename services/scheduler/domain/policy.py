"""What a policy says: whom, when, how often and by whom to follow up (issue of the regulations, R01-R13)."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any, Literal

from services.scheduler.domain.conditions.tree import Check, compile_condition
from services.scheduler.domain.how import How
from services.scheduler.domain.kept.contact_result import CALLBACK, UNREACHED
from services.scheduler.domain.ledger.caps import Cap
from services.scheduler.domain.when.amounts import Deadline, Delay, Warn
from services.scheduler.domain.when.anniversary import Anniversary
from services.scheduler.domain.when.holidays import FestivalDay
from services.scheduler.domain.when.periods import PeriodKind
from services.scheduler.domain.when.recurrence import Recurrence
from services.scheduler.domain.when.windows import Window
from services.scheduler.domain.whom.draw import Drawing
from services.scheduler.domain.whom.limits import Quota
from services.scheduler.domain.whom.sampling import EVERYBODY
from shared.conditions.tree import CEL, leaves
from shared.contracts.registry import wire_type

Content = dict[str, Any]
Participation = Literal["counted", "unblocked", "exempt"]
Purpose = Literal["followup", "greeting", "notice"]
Origin = Literal["event", "planned", "took_place"]
Again = Literal["parallel", "restart", "ignore"]
ALL_EVENTS = "*"
NO_DELAY = Delay()


@dataclass(frozen=True)
class Trigger:
    """`events` are wire types or `*`; `condition` is the tree that `conditions.compile_condition` takes, None = always.

    `time` is what triggers it instead of events.
    """

    events: tuple[str, ...]
    condition: Mapping[str, Any] | None = None
    time: Recurrence | Anniversary | FestivalDay | None = None


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
    Its times count from the date at the path `base` of the fact's data, where it has one, and not from the fact's own time.
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
    base: tuple[str, ...] = ()
    base_festivals: tuple[str, ...] = ()

    def step_named(self, step: str) -> "Policy":
        """The policy as it is for one of its steps. Raises KeyError."""
        return self.chain.policy_of(step) if self.chain and step else self

    @property
    def counts_from_date(self) -> bool:
        """Whether its times count from a date in the fact, or from a festival near it."""
        return bool(self.base or self.base_festivals)

    @property
    def dates(self) -> tuple[tuple[str, ...], ...]:
        """The paths of the dates that a fact has to tell: what its times count from, until when it is repeated."""
        until = self.chain.endless.until_field if self.chain and self.chain.endless else ()
        return tuple(path for path in (self.base, until) if path)

    @property
    def periods(self) -> tuple[PeriodKind, ...]:
        """The kinds of periods that it draws of, or counts its quota in."""
        drawn, counted = self.drawing and self.drawing.of, self.quota and self.quota.per
        return tuple(kind for kind in (drawn, counted) if kind)

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


@dataclass(frozen=True)
class Heed:
    """Events to listen for: of the customer; those that name no customer must agree at path `same` with the run's fact.

    Once the time `within` which they are awaited is over, the contact is made `anyway`, or not at all. With `unless` it is
    made then only: not when one of them has happened. With `rises` it is made only once the reading at path `reading` is so
    much more than it was.
    """

    events: tuple[str, ...]
    condition: Content | None = None
    same: str = ""
    within: Deadline | None = None
    anyway: bool = False
    unless: bool = False
    reading: str = ""
    rises: float = 0

    @cached_property
    def types(self) -> frozenset[str]:
        """Wire types."""
        return frozenset(wire_type(name) for name in self.events)

    @cached_property
    def check(self) -> Check:
        return compile_condition(self.condition)


@dataclass(frozen=True)
class Fallback:
    """Another try of a step by another channel, after a result among `when`."""

    policy: Policy
    when: tuple[str, ...] = UNREACHED


@dataclass(frozen=True)
class Step:
    """One contact of a chain. `policy` is the policy as it is for this step.

    `origin` is what delay and deadline count from, unless the step waits for an event: then they count from that event.
    `condition` asks about the result of the step before. An `anchored` repetition counts from what the step's first contact
    counted from, wherever that was moved to. `stop` ends the step with all its repetitions, and not the run.
    """

    policy: Policy
    origin: Origin = "event"
    condition: Content | None = None
    wait: Heed | None = None
    fallbacks: tuple[Fallback, ...] = ()
    anchored: bool = False
    stop: Heed | None = None

    @property
    def name(self) -> str:
        return self.policy.step

    @property
    def written(self) -> str:
        """The id of the step that it is, or that it repeats."""
        return written(self.name)

    @property
    def ways(self) -> tuple[Policy, ...]:
        """Its own channel and the others."""
        return (self.policy, *(fallback.policy for fallback in self.fallbacks))

    @property
    def depends(self) -> bool:
        """Whether it needs the result of the step before."""
        return self.condition is not None

    @property
    def is_root(self) -> bool:
        """Whether it needs nothing of another step."""
        return not self.depends and self.origin == "event"

    @property
    def follows_plan(self) -> bool:
        """Whether it is planned (or begins to wait) as soon as the step before is planned."""
        return not self.depends and self.origin == "planned"

    @cached_property
    def check(self) -> Check:
        return compile_condition(self.condition)

    @cached_property
    def heeds_callback(self) -> bool:
        """Whether a call-back agreed with the customer, after which the contact goes on, is a result to it."""
        return any(CALLBACK in _listed(leaf) for leaf in leaves(self.condition))


@dataclass(frozen=True)
class Endless:
    """How the last step of a chain goes on: `step` makes its n-th round, each planned after the one before.

    No round begins after the day `until`, given or told by the fact at the path `until_field`.
    """

    step: Callable[[int], Step]
    until: date | None = None
    until_field: tuple[str, ...] = ()


@dataclass(frozen=True)
class Chain:
    """The steps in order; `stop` ends a run early, `again` says what a new trigger does while a run is going.

    The last step may be repeated without a number of times: its further rounds count as steps behind `steps`.
    """

    steps: tuple[Step, ...]
    stop: Heed | None = None
    again: Again = "parallel"
    endless: Endless | None = None

    def step_at(self, index: int) -> Step:
        """One of `steps`, or a further round of the endless one."""
        if self.endless is None or index < len(self.steps):
            return self.steps[index]
        return self.endless.step(index - len(self.steps) + 2)

    def behind(self, index: int) -> Iterator[tuple[int, Step]]:
        """The steps after this one, with their indexes; of an endless one its next round alone."""
        end = len(self.steps) if self.endless is None else max(len(self.steps), index + 2)
        return ((number, self.step_at(number)) for number in range(index + 1, end))

    def is_round(self, index: int) -> bool:
        """Whether it is the endless step, or a further round of it."""
        return self.endless is not None and index >= len(self.steps) - 1

    def position_of(self, name: str) -> tuple[int, int]:
        """Index of the step of this name, and how many of its channels have been tried with it. Raises KeyError."""
        known = self.positions.get(name)
        if known is not None:
            return known
        number = name.split(".")[1:2]
        if self.endless is None or not number or not number[0].isdigit():
            raise KeyError(name)
        index = len(self.steps) + int(number[0]) - 2
        ways = {policy.step: tried for tried, policy in enumerate(self.step_at(index).ways)}
        return index, ways[name]

    def policy_of(self, name: str) -> Policy:
        """The policy of the step, or of another channel, of this name. Raises KeyError."""
        index, tried = self.position_of(name)
        return self.step_at(index).ways[tried]

    @cached_property
    def policies(self) -> Mapping[str, Policy]:
        """The policy of every step and of every other channel, by the step's name."""
        return {policy.step: policy for step in self.steps for policy in step.ways}

    @cached_property
    def positions(self) -> Mapping[str, tuple[int, int]]:
        """Step name → index of the step, and how many of its channels have been tried with it."""
        return {
            policy.step: (index, tried)
            for index, step in enumerate(self.steps)
            for tried, policy in enumerate(step.ways)
        }

    @property
    def heeds(self) -> list[Heed]:
        """What a run may listen for."""
        return [heed for heed in (*(step.wait for step in self.steps), *self.stops.values(), self.stop) if heed]

    @cached_property
    def stops(self) -> Mapping[str, Heed]:
        """The id of a step → what ends this step alone."""
        return {step.written: step.stop for step in self.steps if step.stop}

    @cached_property
    def types(self) -> frozenset[str]:
        """The wire types among them."""
        return frozenset(wire for heed in self.heeds for wire in heed.types)


def written(step: str) -> str:
    """The id in the policy of a step by its name: `weekly` of `weekly.2.sms`."""
    return step.partition(".")[0]


def _listed(leaf: Mapping[str, Any]) -> list[Any]:
    if CEL in leaf:
        return [CALLBACK] if CALLBACK in leaf[CEL] else []
    if leaf["field"] != "result":
        return []
    value = leaf.get("value")
    return value if isinstance(value, list) else [value]
