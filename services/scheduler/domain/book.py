"""Active policies, compiled once and indexed by event type."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from services.scheduler.domain.conditions.history import to_remember
from services.scheduler.domain.conditions.tree import Check, Failure, compile_condition, histories
from services.scheduler.domain.customer import Customer
from services.scheduler.domain.facts import Fact
from services.scheduler.domain.kinds import Kind, compile_kind
from services.scheduler.domain.occasion import Occasion
from services.scheduler.domain.policy import ALL_EVENTS, EVERYBODY, Policy
from services.scheduler.domain.restraint.pauses import compile_pauses
from services.scheduler.domain.steps.chain import chains_of, heeded_by
from services.scheduler.domain.task import Task
from services.scheduler.domain.value import Value
from services.scheduler.domain.whom.draw import Share, shares
from services.scheduler.domain.whom.enrol import Enter, Entry, entrance
from services.scheduler.domain.whom.sampling import sampler
from shared.contracts.base import INTAKE
from shared.contracts.registry import by_type, wire_type

Draw = Callable[[str], float]
Sampler = Callable[[str, str], Draw]
ALWAYS = datetime.min.replace(tzinfo=UTC)


def nowhere(customer_id: str) -> float:
    return 0.0


@dataclass(frozen=True)
class Rule:
    """A compiled policy; `draw` is for percentages of single facts, `enter` for draws of closed periods, else None.

    `counts_contacts`: it can only be asked when the customer's contacts are known, those just planned among them.
    `share`: customer id → where in a recurrence's period their day lies, from 0 to below 1.
    """

    policy: Policy
    check: Check
    draw: Draw | None
    enter: Enter | None = None
    counts_contacts: bool = False
    share: Draw = nowhere

    @property
    def trees(self) -> Iterator[Mapping[str, Any] | None]:
        """All conditions that look at facts."""
        yield self.policy.trigger.condition
        yield from (pause.condition for pause in self.policy.pauses)


class Match(Value, frozen=True):
    """What a policy said to a fact: the failing leaf, else the number drawn (None where everybody is followed up).

    `entry` says which population it entered, to be drawn later. `occasion` is why it is planned only now, for a fact that
    was decided on before; `counts_from` where delay and deadline count from something else than either.
    """

    policy: Policy
    failure: Failure | None = None
    draw: float | None = None
    occasion: Occasion | None = None
    entry: Entry | None = None
    counts_from: datetime | None = None

    @property
    def drawn(self) -> bool:
        return self.failure is None and self.entry is None and (self.draw is None or self.draw < self.policy.rate)

    def moment(self, fact: Fact) -> datetime:
        """Nothing is planned before it."""
        return self.occasion.moment if self.occasion else fact.at

    def asked_at(self, fact: Fact) -> datetime:
        """When the contact was asked for: a draw of a closed period asks for it as of that period's own last day."""
        return self.occasion.asked_at if self.occasion else fact.at

    def anchor(self, fact: Fact) -> datetime:
        """What delay and deadline count from."""
        return self.counts_from or (self.occasion.anchor if self.occasion else fact.at)


class PolicyBook:
    """Versions of policies; `revision` tells whether a newer book exists.

    Of several versions of a policy, the newest that is valid at a fact's own time decides on it: so a version that begins
    at some moment may be published before, and it does not matter when a fact is handled. `policies` are the newest ones
    by id, those of `at(moment)` what is in force then. `kinds` are the event kinds that packs declare. `sample` is how
    percentages of single facts are drawn, `share` how many of a closed period's strata.
    """

    def __init__(
        self,
        policies: Iterable[Policy] = (),
        revision: int = 0,
        sample: Sampler = sampler,
        kinds: Iterable[Kind] = (),
        share: Share = shares,
    ) -> None:
        rules = [compile_policy(policy, sample) for policy in policies]
        self.revision = revision
        self.share = share
        self.kinds = {kind.event: compile_kind(kind) for kind in kinds}
        self.limits = any(rule.policy.quota or rule.policy.ceiling for rule in rules)
        self.draws = any(rule.enter for rule in rules)
        self.remembers = to_remember(one for rule in rules for tree in rule.trees for one in histories(tree))
        self.counts_contacts = any(rule.counts_contacts for rule in rules)
        self._versions = {(rule.policy.id, rule.policy.version): rule.policy for rule in rules}
        self._index(rules)
        limits = [moment for rule in rules for moment in (rule.policy.valid_from, rule.policy.valid_until)]
        self._moments = sorted({moment for moment in limits if moment is not None})
        self._eras = [self._of(_in_force(rules, moment)) for moment in (ALWAYS, *self._moments)]

    def at(self, moment: datetime) -> "PolicyBook":
        """The book of the versions in force at `moment`."""
        return self._eras[bisect_right(self._moments, moment)] if self._moments else self

    def _of(self, rules: Sequence[Rule]) -> "PolicyBook":
        book = copy(self)
        book._moments = []
        book._index(rules)
        return book

    def _index(self, rules: Sequence[Rule]) -> None:
        self.policies = {rule.policy.id: rule.policy for rule in rules}
        self.chained = chains_of(rule.policy for rule in rules)
        self.heeded = heeded_by(self.chained)
        self.timed = {rule.policy.id: rule for rule in rules if rule.policy.trigger.time is not None}
        self._for_any = tuple(rule for rule in rules if ALL_EVENTS in rule.policy.trigger.events)
        types = {wire_type(name) for rule in rules for name in rule.policy.trigger.events} - {ALL_EVENTS}
        self._by_type = {wire: tuple(rule for rule in rules if _triggered(rule, wire)) for wire in types}
        self.pauses = compile_pauses(pause for rule in rules for pause in rule.policy.pauses)
        heeded = self.remembers.keys() | self.pauses.keys()
        self._by_type |= {wire: () for wire in heeded if wire not in types and _is_platforms_own(wire)}

    def version_of(self, task: Task) -> Policy:
        """The version, and the step, that a task was planned by. Raises KeyError for one that is not in the book."""
        return self._versions[task.policy_id, task.policy_version].step_named(task.step)

    def rules_for(self, wire: str) -> tuple[Rule, ...]:
        return self._by_type.get(wire, self._for_any)

    def triggered_by(self, wire: str) -> bool:
        """Whether a policy names this very event type, as its trigger, in a history or as what calls for a pause."""
        return wire in self._by_type


def _in_force(rules: Iterable[Rule], moment: datetime) -> list[Rule]:
    """Of each policy the newest version that has begun, unless the policy has ended; versions come in their order."""
    newest: dict[str, Rule] = {}
    for rule in rules:
        if rule.policy.valid_from is None or rule.policy.valid_from <= moment:
            newest[rule.policy.id] = rule
    return [rule for rule in newest.values() if rule.policy.valid_until is None or moment < rule.policy.valid_until]


def compile_policy(policy: Policy, sample: Sampler = sampler) -> Rule:
    condition = policy.trigger.condition
    check, counts = compile_condition(condition), any(history.contacts for history in histories(condition))
    if policy.drawing is not None:
        return Rule(policy, check, None, entrance(policy.drawing), counts)
    draw = None if policy.rate >= EVERYBODY else sample(policy.seed, policy.id)
    return Rule(policy, check, draw, None, counts, _sharer(policy))


def _sharer(policy: Policy) -> Draw:
    """By the policy's seed, like its draws: of another seed the work is spread another way."""
    place = sampler(policy.seed, policy.id)
    return lambda customer_id: place(customer_id) / EVERYBODY


def match(rule: Rule, fact: Fact, customer: Customer) -> Match:
    """Condition, then draw: at once, or of the population that it enters unless there is nobody to contact."""
    if (failure := rule.check(fact, customer)) is not None:
        return Match(rule.policy, failure)
    if rule.enter is not None and fact.customer_id:
        return Match(rule.policy, entry=rule.enter(fact, customer))
    return Match(rule.policy, None, rule.draw(fact.id) if rule.draw else None)


def _is_platforms_own(wire: str) -> bool:
    """Such events are decided on only where a policy names them; `*` does not."""
    declared = by_type(wire)
    return declared is not None and declared.topic != INTAKE


def _triggered(rule: Rule, wire: str) -> bool:
    return any(name == ALL_EVENTS or wire_type(name) == wire for name in rule.policy.trigger.events)
