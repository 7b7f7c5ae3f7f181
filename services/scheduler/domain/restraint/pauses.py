"""Pauses: after what has upset a customer, nobody contacts them for so long (R11.3)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.scheduler.domain.conditions.tree import Check, compile_condition
from services.scheduler.domain.customer import Customer
from services.scheduler.domain.facts import Fact
from services.scheduler.domain.policy import Pause
from shared.contracts.registry import wire_type


@dataclass(frozen=True)
class PauseRule:
    """A compiled pause."""

    pause: Pause
    check: Check


Pauses = Mapping[str, tuple[PauseRule, ...]]


def compile_pauses(pauses: Iterable[Pause]) -> Pauses:
    """By wire type; what several policies of a pack say is one pause."""
    rules: list[PauseRule] = []
    for pause in pauses:
        if all(rule.pause != pause for rule in rules):
            rules.append(PauseRule(pause, compile_condition(pause.condition)))
    types = {wire_type(name) for rule in rules for name in rule.pause.events}
    return {wire: tuple(rule for rule in rules if wire in map(wire_type, rule.pause.events)) for wire in types}


def paused(customer: Customer, fact: Fact, rules: Iterable[PauseRule]) -> tuple[Customer, datetime | None]:
    """The customer after a fact that may call for a pause, and until when it does; what ends last holds."""
    hours = [rule.pause.hours for rule in rules if rule.check(fact, customer) is None]
    if not hours:
        return customer, None
    until = fact.at + timedelta(hours=max(hours))
    if customer.paused_until is None or customer.paused_until < until:
        customer = customer._replace(paused_until=until)
    return customer, until
