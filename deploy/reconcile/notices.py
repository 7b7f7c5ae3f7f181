"""The messages that events call for, by their keys in the send ledger."""

from collections.abc import Iterable

from deploy.reconcile.kept import RuleVersion
from services.notifications.domain.planning import Fact, fact_of, needs_text, older_key, plan
from services.notifications.domain.rules import Rule, applying
from shared.messaging import Event

NO_RULE = Rule(id="none", events=(), purpose="notice", template="")


class Notices:
    """`wanted` must be in the ledger; `possible` may be, where a rule was changed after the event happened.

    `older` are the keys that messages have in a ledger from before keys named the source, by their keys now;
    `customers` say whom a key is about.
    """

    def __init__(self, versions: Iterable[RuleVersion]) -> None:
        self.versions = list(versions)
        newest: dict[str, RuleVersion] = {}
        for version in sorted(self.versions, key=lambda version: version.since):
            newest[version.rule.id] = version
        self.newest = list(newest.values())
        self.wanted: set[str] = set()
        self.possible: set[str] = set()
        self.older: dict[str, str] = {}
        self.customers: dict[str, str] = {}

    def take(self, event: Event) -> None:
        fact = fact_of(event)
        in_force = [version.rule for version in self.newest if version.since <= event.time]
        self.wanted |= self._keys(in_force, fact)
        self.possible |= self._keys([version.rule for version in self.versions], fact)

    def _keys(self, rules: Iterable[Rule], fact: Fact) -> set[str]:
        found = applying(rules, fact.name, fact.data) or ([NO_RULE] if needs_text(fact) else [])
        keys = {plan(fact, rule, None, None, fact.at).key: older_key(rule, fact) for rule in found}
        self.older |= {key: old for key, old in keys.items() if old}
        self.customers |= dict.fromkeys(keys, fact.customer_id)
        return set(keys)
