"""The messages that events call for, by their keys in the send ledger."""

from collections.abc import Iterable

from deploy.reconcile.kept import RuleVersion
from services.notifications.domain.planning import Fact, fact_of, plan
from services.notifications.domain.rules import Rule, applying
from shared.messaging import Event

NO_RULE = Rule(id="none", events=(), purpose="notice", template="")


class Notices:
    """`wanted` must be in the ledger; `possible` may be, where a rule was changed after the event happened."""

    def __init__(self, versions: Iterable[RuleVersion]) -> None:
        self.versions = list(versions)
        newest: dict[str, RuleVersion] = {}
        for version in sorted(self.versions, key=lambda version: version.since):
            newest[version.rule.id] = version
        self.newest = list(newest.values())
        self.wanted: set[str] = set()
        self.possible: set[str] = set()

    def take(self, event: Event) -> None:
        fact = fact_of(event.name, event.id, event.time, event.lineage or event.id, event.data, event.key)
        in_force = [version.rule for version in self.newest if version.since <= event.time]
        self.wanted |= _keys(in_force, fact)
        self.possible |= _keys([version.rule for version in self.versions], fact)


def _keys(rules: Iterable[Rule], fact: Fact) -> set[str]:
    found = applying(rules, fact.name, fact.data) or ([NO_RULE] if _asked_for(fact) else [])
    return {plan(fact, rule, None, None, fact.at).key for rule in found}


def _asked_for(fact: Fact) -> bool:
    """A policy asked for a message; without a rule that words it, the ledger says that it was not sent."""
    return fact.name == "followup.released" and (
        fact.data.get("purpose") in ("greeting", "notice") or fact.data.get("channel") in ("sms", "email")
    )
