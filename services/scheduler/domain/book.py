"""Active policies, compiled once and indexed by event type."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from copy import copy
from datetime import UTC, datetime

from services.scheduler.domain.conditions.history import to_remember
from services.scheduler.domain.conditions.tree import histories
from services.scheduler.domain.kept.contact_result import CORRECTED, REOPENED
from services.scheduler.domain.kept.memory import OF_CONTACTS
from services.scheduler.domain.kinds import Kind, compile_kind
from services.scheduler.domain.panel import Panel
from services.scheduler.domain.policy import ALL_EVENTS, Policy
from services.scheduler.domain.restraint.pauses import compile_pauses
from services.scheduler.domain.rule import Rule, Sampler, compile_policy
from services.scheduler.domain.steps.chain import chains_of, heeded_by
from services.scheduler.domain.task import Task
from services.scheduler.domain.whom.draw import Share, shares
from services.scheduler.domain.whom.sampling import sampler
from shared.contracts.base import INTAKE
from shared.contracts.registry import by_type, wire_type

CONTACTS = frozenset(map(wire_type, OF_CONTACTS))
CORRECTIONS = frozenset(map(wire_type, (CORRECTED, REOPENED)))
ALWAYS = datetime.min.replace(tzinfo=UTC)


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
        self._for_any = Panel([rule for rule in rules if ALL_EVENTS in rule.policy.trigger.events])
        types = {wire_type(name) for rule in rules for name in rule.policy.trigger.events} - {ALL_EVENTS}
        self._by_type = {wire: Panel([rule for rule in rules if _triggered(rule, wire)]) for wire in types}
        self.pauses = compile_pauses(pause for rule in rules for pause in rule.policy.pauses)
        heeded = self.remembers.keys() | self.pauses.keys()
        if self.remembers.keys() & CONTACTS:  # what is remembered of them may be corrected
            heeded |= CORRECTIONS
        self._by_type |= {wire: Panel([]) for wire in heeded if wire not in types and _is_platforms_own(wire)}

    def version_of(self, task: Task) -> Policy:
        """The version, and the step, that a task was planned by. Raises KeyError for one that is not in the book."""
        return self._versions[task.policy_id, task.policy_version].step_named(task.step)

    def panel_for(self, wire: str) -> Panel:
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


def _is_platforms_own(wire: str) -> bool:
    """Such events are decided on only where a policy names them; `*` does not."""
    declared = by_type(wire)
    return declared is not None and declared.topic != INTAKE


def _triggered(rule: Rule, wire: str) -> bool:
    return any(name == ALL_EVENTS or wire_type(name) == wire for name in rule.policy.trigger.events)
