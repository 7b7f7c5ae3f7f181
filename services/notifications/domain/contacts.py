"""What is known of a customer: kept from the `customer` block of facts, the newest word wins, field by field."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

from shared.contracts.intake import branch_of
from shared.yearly import key_of

_KNOWN_BY_FIELD = ("name", "phone", "email", "birthday", "birthday_key", "level", "branch")


@dataclass(frozen=True)
class Contact:
    """`phone` is a sealed token. `birthday_key` is what a day is looked up by (`shared.yearly`)."""

    customer_id: str
    seen_at: datetime
    name: str = ""
    phone: str = ""
    email: str = ""
    birthday: str = ""
    birthday_key: str = ""
    level: str = ""
    branch: str = ""
    do_not_contact: bool = False


def contact_in(data: Mapping[str, Any], at: datetime) -> Contact | None:
    """The contact a fact tells of; None when it names no customer."""
    customer = data.get("customer")
    if not isinstance(customer, Mapping) or not customer.get("id"):
        return None
    birthday = _text(customer.get("birthday"))
    phones = customer.get("phones") or [""]
    return Contact(
        customer_id=_text(customer["id"]),
        seen_at=at,
        name=_text(customer.get("name")),
        phone=_text(customer.get("phone")) or _text(phones[0]),
        email=_text(customer.get("email")),
        birthday=birthday,
        birthday_key=key_of(birthday),
        level=_text(customer.get("level")),
        branch=branch_of(data),
        do_not_contact=bool(customer.get("do_not_contact")),
    )


def merge(known: Contact | None, told: Contact) -> Contact:
    """Both together: the later one's word where it says something, else the other's."""
    if known is None:
        return told
    older, newer = sorted((known, told), key=lambda contact: contact.seen_at)
    filled = {name: getattr(newer, name) or getattr(older, name) for name in _KNOWN_BY_FIELD}
    return replace(newer, **filled)


def view(contact: Contact) -> dict[str, Any]:
    """What texts and conditions may use of a contact: no number, no address."""
    hidden = {"phone", "email", "birthday_key", "seen_at"}
    shown = {field.name: getattr(contact, field.name) for field in fields(contact) if field.name not in hidden}
    return {**shown, "id": contact.customer_id}


def _text(value: Any) -> str:
    return "" if value is None else str(value)
