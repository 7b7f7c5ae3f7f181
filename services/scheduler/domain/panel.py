"""What the policies of an event type say to a fact.

Most conditions compare a few texts (a category, a branch, a customer's tier) of which there are few, so what such conditions
say is remembered by the texts they look at: a fact like earlier ones costs one look-up, however many policies there are.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from services.scheduler.domain.conditions.tree import getter
from services.scheduler.domain.customer import Customer
from services.scheduler.domain.detail import AllUnmet, Unmet
from services.scheduler.domain.facts import Fact
from services.scheduler.domain.rule import Match, Rule, match, unmet
from services.scheduler.domain.value import Value
from shared.conditions.tree import leaves

MOST_REMEMBERED = 1024
LONGEST_REMEMBERED = 256
COMPARED = {"eq", "ne", "in", "not_in"}
PLAIN = {str, bool, type(None)}  # of these, equal values are alike: 1 and 1.0 and True are equal, but told differently


class Answers(Value, frozen=True):
    """`unmet` tells of the policies whose conditions do not hold, `matches` are the others."""

    unmet: tuple[Unmet, ...] = ()
    matches: tuple[Match, ...] = ()

    def __add__(self, other: "Answers") -> "Answers":
        return Answers(self.unmet + other.unmet, self.matches + other.matches)


class Verdict(NamedTuple):
    """Which conditions hold: the rules to be matched, and what the record says of the rest."""

    met: tuple[Rule, ...]
    unmet: tuple[Unmet, ...]


class Panel:
    """The rules that an event type triggers, those apart that can only be asked `late` (`Rule.counts_contacts`)."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rules = tuple(rules)
        self.late = tuple(rule for rule in rules if rule.counts_contacts)
        asked = [rule for rule in rules if not rule.counts_contacts]
        self._alike = tuple(rule for rule in asked if _compares_texts(rule))
        self._others = tuple(rule for rule in asked if not _compares_texts(rule))
        fields = {leaf["field"] for rule in self._alike for leaf in leaves(rule.policy.trigger.condition)}
        self._getters = [getter(field) for field in sorted(fields)]
        self._remembered: dict[tuple[Any, ...], Verdict] = {}

    def ask(self, fact: Fact, customer: Customer) -> Answers:
        """All but the late ones."""
        said = self._verdict(fact, customer)
        answers = Answers(said.unmet, tuple([match(rule, fact, customer) for rule in said.met]))
        return answers + ask(self._others, fact, customer) if self._others else answers

    def _verdict(self, fact: Fact, customer: Customer) -> Verdict:
        texts = tuple([get(fact, customer) for get in self._getters])
        if not PLAIN.issuperset(map(type, texts)):
            return verdict(self._alike, fact, customer)
        known = self._remembered.get(texts)
        if known is None:
            known = verdict(self._alike, fact, customer)
            if sum(len(text) for text in texts if type(text) is str) <= LONGEST_REMEMBERED:
                self._remember(texts, known)
        return known

    def _remember(self, texts: tuple[Any, ...], known: Verdict) -> None:
        if len(self._remembered) >= MOST_REMEMBERED:
            self._remembered.clear()
        self._remembered[texts] = known


def verdict(rules: Sequence[Rule], fact: Fact, customer: Customer) -> Verdict:
    failures = [(rule, rule.check(fact, customer)) for rule in rules]
    return Verdict(
        tuple(rule for rule, failure in failures if failure is None),
        AllUnmet(unmet(rule, failure) for rule, failure in failures if failure is not None),
    )


def ask(rules: Sequence[Rule], fact: Fact, customer: Customer) -> Answers:
    """What each says, nothing remembered."""
    met, passed = verdict(rules, fact, customer)
    return Answers(passed, tuple(match(rule, fact, customer) for rule in met))


def _compares_texts(rule: Rule) -> bool:
    return not rule.policy.dates and all(_compares_text(leaf) for leaf in leaves(rule.policy.trigger.condition))


def _compares_text(leaf: Mapping[str, Any]) -> bool:
    if leaf.get("op") not in COMPARED or leaf.get("field", "event.time") == "event.time":
        return False
    value = leaf.get("value")
    return PLAIN.issuperset(map(type, value if isinstance(value, list) else [value]))
