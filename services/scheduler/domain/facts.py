"""A business fact as the rules see it, and what of it travels with a task."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from services.scheduler.domain.value import Value
from shared.contracts.intake import branch_of, number_of
from shared.contracts.registry import by_type

PLATFORM_OWNERS = {"complaints", "visits"}
LONGEST_ID = 64
CARD_TEXTS = ("name", "phone", "phone_masked", "email", "level")
Identity = tuple[str, str]
"""A fact's (id, source): the id is unique at its source only."""


class Fact(Value, frozen=True):
    """`id` and `source` are the sender's; `key` is the event's identity in every database; `name` its short type.

    `customer` is the data's customer block, empty (as is `customer_id`) when it names nobody who could be contacted.
    `title` is what a pack calls the kind of event (`kinds`) or an occasion, where the platform has no title of its own.
    """

    id: str
    source: str
    key: UUID
    type: str
    name: str
    at: datetime
    data: dict[str, Any]
    lineage: str
    customer: dict[str, Any]
    customer_id: str
    title: str = ""

    @property
    def identity(self) -> Identity:
        return self.id, self.source

    @property
    def about_earlier(self) -> bool:
        """Whether it is the platform's own event about an earlier fact, such as complaint.resolved."""
        return _is_platforms(self.type)

    @property
    def case_id(self) -> str | None:
        return self.data.get("case_id") if self.about_earlier else None

    @property
    def branch(self) -> str:
        return str(self.data.get("branch", "")) if self.about_earlier else branch_of(self.data)

    @property
    def kind(self) -> str:
        """The business kind in figures: the first fact's name."""
        return str(self.data.get("kind") or self.name) if self.about_earlier else self.name


@lru_cache(1024)
def _is_platforms(wire: str) -> bool:
    declared = by_type(wire)
    return declared is not None and declared.owner in PLATFORM_OWNERS


def new_fact(
    id: str,  # noqa: A002 - the CloudEvents attribute
    source: str,
    key: UUID,
    type: str,  # noqa: A002
    name: str,
    at: datetime,
    data: dict[str, Any],
    lineage: str = "",
) -> Fact:
    """A fact, its customer looked up once."""
    block = data.get("customer")
    if isinstance(block, dict):
        customer_id = block.get("id")
        if isinstance(customer_id, str) and 0 < len(customer_id) <= LONGEST_ID:
            return Fact(id, source, key, type, name, at, data, lineage, block, customer_id)
    return Fact(id, source, key, type, name, at, data, lineage, {}, "")


def card_of(fact: Fact) -> dict[str, Any]:
    """What is needed to contact the fact's customer (`shared.contracts.common.CustomerCard`).

    A case may say that nobody is to be contacted about it. What a fact says of its customer stands in their profile, where
    it may be taken back.
    """
    block = fact.customer
    refused = fact.about_earlier and block.get("do_not_contact") is True
    card: dict[str, Any] = {"id": block["id"], "do_not_contact": refused}
    card |= {field: block[field] for field in CARD_TEXTS if isinstance(block.get(field), str)}
    others = block.get("phones")
    if others and isinstance(others, list):
        card["phones"] = [number for number in others if isinstance(number, str)]
    return card


def matters_of(fact: Fact) -> tuple[dict[str, Any], ...]:
    """What the contact is about: for an event about an earlier fact, that fact's matters first."""
    earlier = fact.data.get("matters", ()) if fact.about_earlier else ()
    return (*(_of_no_part(matter) for matter in earlier), _matter(fact))


def joining(matters: Iterable[Mapping[str, Any]], event_id: str, questionnaire: str) -> tuple[dict[str, Any], ...]:
    """Matters as they join a contact about another fact: theirs is a part of its own, with its questionnaire."""
    return tuple({"part": event_id, "questionnaire": questionnaire, **matter} for matter in matters)


def _of_no_part(matter: Mapping[str, Any]) -> dict[str, Any]:
    """A matter of an earlier contact, as one of a new contact."""
    return {name: value for name, value in matter.items() if name not in ("part", "questionnaire")}


def names(matter: Mapping[str, Any], identity: Identity) -> bool:
    """Whether the matter is this fact. Those kept before matters said their source are recognised by the id alone."""
    event_id, source = identity
    return matter.get("event_id") == event_id and matter.get("event_source", source) in ("", source)


def identity_in(matter: Mapping[str, Any]) -> Identity:
    """The fact that a matter is; its source is "" where the matter does not say it."""
    return str(matter["event_id"]), str(matter.get("event_source") or "")


def _matter(fact: Fact) -> dict[str, Any]:
    """As it is read again once it was kept: a replay compares tasks of both origins."""
    data = fact.data
    declared = by_type(fact.type)
    number = number_of(data)
    return {
        "event_id": fact.id,
        "event_source": fact.source,
        "event_type": fact.name,
        "at": fact.at.isoformat(),
        "subject": number,
        "title": f"{fact.title or (declared.title if declared else fact.name)} {number}".strip(),
        "facts": {name: value for name, value in data.items() if name not in ("customer", "matters")},
    }
