"""Facts of a simulation, made as the service makes them from events."""

from collections.abc import MutableMapping
from datetime import datetime
from typing import Any

from services.scheduler.domain.book import PolicyBook
from services.scheduler.domain.customer import Customer, way_of, with_refusal, without_refusal
from services.scheduler.domain.facts import Fact, new_fact
from shared.contracts.base import INTAKE
from shared.contracts.registry import by_type, short_name, wire_type
from shared.ids import derived_id

OPT_OUTS = {"notification.opted_out": with_refusal, "notification.opt_out_revoked": without_refusal}
RESOLVED = "complaint.resolved"


def simulated_fact(
    id: str,  # noqa: A002 - the CloudEvents attribute
    source: str,
    type: str,  # noqa: A002 - short or wire
    at: datetime,
    data: dict[str, Any],
    lineage: str = "",
) -> Fact:
    """A fact as the service makes it from an event."""
    wire = wire_type(type)
    return new_fact(id, source, derived_id(at, source, id), wire, short_name(wire), at, data, lineage or id)


def to_be_decided(book: PolicyBook, fact: Fact) -> bool:
    """Whether the service makes a decision on it: on every business fact, and on those events of its own that policies name."""
    declared = by_type(fact.type)
    if declared is None or declared.topic == INTAKE:
        return True
    return fact.name == RESOLVED or book.triggered_by(fact.type) or fact.type in book.heeded


def heed_opt_out(customers: MutableMapping[str, Customer], fact: Fact) -> None:
    """Note what the customer that an event of notifications is about refuses from then on, or no more."""
    data = fact.data
    customer = customers.get(data["customer_id"]) or Customer(data["customer_id"])
    ways = OPT_OUTS[fact.name](customer.opted_out, way_of(data["channel"], data.get("purpose", "*")), fact.at)
    customers[customer.id] = customer._replace(opted_out=ways)
