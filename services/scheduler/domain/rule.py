"""A compiled policy: what it says to one fact."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from services.scheduler.domain.conditions.tree import IS_DATE, Check, compile_condition, histories
from services.scheduler.domain.customer import Customer
from services.scheduler.domain.detail import Unmet
from services.scheduler.domain.facts import Fact
from services.scheduler.domain.occasion import Occasion
from services.scheduler.domain.policy import Policy
from services.scheduler.domain.value import Value
from services.scheduler.domain.when.holidays import festival_near
from services.scheduler.domain.when.moment import moment_in
from services.scheduler.domain.whom.enrol import Enter, Entry, entrance
from services.scheduler.domain.whom.sampling import EVERYBODY, sampler
from shared.conditions.tree import Failure
from shared.paths import value_at
from shared.zone import local_day, midnight

Draw = Callable[[str], float]
Sampler = Callable[[str, str], Draw]


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
    """A policy whose condition holds for a fact, with the number drawn (None where everybody is followed up).

    `entry` says which population it entered, to be drawn later. `occasion` is why it is planned only now, for a fact that
    was decided on before; `counts_from` where delay and deadline count from something else than either.
    """

    policy: Policy
    draw: float | None = None
    occasion: Occasion | None = None
    entry: Entry | None = None
    counts_from: datetime | None = None

    @property
    def drawn(self) -> bool:
        return self.entry is None and (self.draw is None or self.draw < self.policy.rate)

    def practised(self) -> "Match":
        """As practice takes it: followed up at once, without a part in what is counted over all customers."""
        return self._replace(draw=None, entry=None, policy=replace(self.policy, quota=None, ceiling=None))

    def moment(self, fact: Fact) -> datetime:
        """Nothing is planned before it."""
        return self.occasion.moment if self.occasion else fact.at

    def asked_at(self, fact: Fact) -> datetime:
        """When the contact was asked for: a draw of a closed period asks for it as of that period's own last day."""
        return self.occasion.asked_at if self.occasion else fact.at

    def anchor(self, fact: Fact) -> datetime:
        """What delay and deadline count from."""
        return self.counts_from or (self.occasion.anchor if self.occasion else fact.at)


def base_of(policy: Policy, fact: Fact) -> datetime | None:
    """The date in the fact that the policy's times count from, or a festival's; None where they count from the fact's own,
    or it tells none."""
    if policy.base_festivals:
        return midnight(festival_of(policy, fact)[0])
    return moment_in(value_at(fact.data, policy.base)) if policy.base else None


def festival_of(policy: Policy, fact: Fact) -> tuple[date, str]:
    """The day and the code of the festival that the policy's times count from."""
    return festival_near(policy.base_festivals, local_day(fact.at), policy.window.calendar)


def compile_policy(policy: Policy, sample: Sampler = sampler) -> Rule:
    condition = policy.trigger.condition
    check, counts = compile_condition(condition), any(history.contacts for history in histories(condition))
    for path in policy.dates:
        check = _dated(path, check)
    if policy.drawing is not None:
        return Rule(policy, check, None, entrance(policy.drawing), counts)
    draw = None if policy.rate >= EVERYBODY else sample(policy.seed, policy.id)
    return Rule(policy, check, draw, None, counts, _sharer(policy))


def _dated(path: tuple[str, ...], check: Check) -> Check:
    """Of a fact that does not tell a date that a policy goes by, the policy wants nothing."""

    def dated(fact: Fact, customer: Customer) -> Failure | None:
        if (failure := check(fact, customer)) is not None or moment_in(value_at(fact.data, path)) is not None:
            return failure
        return Failure(".".join(path), IS_DATE, True, value_at(fact.data, path))

    return dated


def _sharer(policy: Policy) -> Draw:
    """By the policy's seed, like its draws: of another seed the work is spread another way."""
    place = sampler(policy.seed, policy.id)
    return lambda customer_id: place(customer_id) / EVERYBODY


def unmet(rule: Rule, failure: Failure) -> Unmet:
    """What a decision's record says of a policy that passed the fact over."""
    policy = rule.policy
    return Unmet(policy=policy.id, version=policy.version, result="condition", failed=failure.recorded())


def match(rule: Rule, fact: Fact, customer: Customer) -> Match:
    """The draw where the condition holds: at once, or of the population that it enters unless there is nobody to contact."""
    if rule.enter is not None and fact.customer_id:
        return Match(rule.policy, entry=rule.enter(fact, customer))
    draw = rule.draw(fact.id) if rule.draw else None
    if rule.policy.counts_from_date:
        return Match(rule.policy, draw, counts_from=base_of(rule.policy, fact))
    return Match(rule.policy, draw)
