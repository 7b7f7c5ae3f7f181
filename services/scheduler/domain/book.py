"""Active policies, compiled once and indexed by event type."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from services.scheduler.domain.conditions import Check, Failure, compile_condition
from services.scheduler.domain.customer import Customer
from services.scheduler.domain.facts import Fact
from services.scheduler.domain.occasion import Occasion
from services.scheduler.domain.policy import ALL_EVENTS, EVERYBODY, Policy
from services.scheduler.domain.sampling import sampler
from shared.contracts.registry import wire_type

Draw = Callable[[str], float]
Sampler = Callable[[str, str], Draw]


@dataclass(frozen=True)
class Rule:
    """A compiled policy; `draw` is None when everybody is followed up."""

    policy: Policy
    check: Check
    draw: Draw | None


class Match(NamedTuple):
    """What a policy said to a fact: the failing leaf, else the number drawn (None where everybody is followed up).

    `occasion` is why it is planned only now, for a fact that was decided on before.
    """

    policy: Policy
    failure: Failure | None = None
    draw: float | None = None
    occasion: Occasion | None = None

    @property
    def drawn(self) -> bool:
        return self.failure is None and (self.draw is None or self.draw < self.policy.rate)

    def moment(self, fact: Fact) -> datetime:
        """Nothing is planned before it."""
        return self.occasion.moment if self.occasion else fact.at

    def anchor(self, fact: Fact) -> datetime:
        """What delay and deadline count from."""
        return self.occasion.anchor if self.occasion else fact.at


class PolicyBook:
    """The policies of one moment; `revision` tells whether a newer one exists, `sample` how percentages are drawn."""

    def __init__(self, policies: Iterable[Policy] = (), revision: int = 0, sample: Sampler = sampler) -> None:
        rules = [compile_policy(policy, sample) for policy in policies]
        self.revision = revision
        self.policies = {rule.policy.id: rule.policy for rule in rules}
        self._for_any = tuple(rule for rule in rules if ALL_EVENTS in rule.policy.trigger.events)
        types = {wire_type(name) for rule in rules for name in rule.policy.trigger.events} - {ALL_EVENTS}
        self._by_type = {wire: tuple(rule for rule in rules if _triggered(rule, wire)) for wire in types}

    def rules_for(self, wire: str) -> tuple[Rule, ...]:
        return self._by_type.get(wire, self._for_any)

    def triggered_by(self, wire: str) -> bool:
        """Whether a policy names this very event type."""
        return wire in self._by_type


def compile_policy(policy: Policy, sample: Sampler = sampler) -> Rule:
    draw = None if policy.rate >= EVERYBODY else sample(policy.seed, policy.id)
    return Rule(policy, compile_condition(policy.trigger.condition), draw)


def match(rule: Rule, fact: Fact, customer: Customer) -> Match:
    """Condition, then draw."""
    if (failure := rule.check(fact, customer)) is not None:
        return Match(rule.policy, failure)
    return Match(rule.policy, None, rule.draw(fact.id) if rule.draw else None)


def _triggered(rule: Rule, wire: str) -> bool:
    return any(name == ALL_EVENTS or wire_type(name) == wire for name in rule.policy.trigger.events)
