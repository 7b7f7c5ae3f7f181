"""What is known of a customer, kept from facts by the rule of `shared.profile`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Any

from shared.profile import NEVER, WRONG, Profile, fields_in, heard, number_learned
from shared.yearly import key_of

LONGEST_ADDRESS = 500  # of a number or e-mail address, sealed; indexes hold it
KEPT = ("name", "phone", "phones", "email", "birthday", "level", "branch", "do_not_contact", WRONG)


@dataclass(frozen=True)
class Contact:
    """`phone` is a sealed token, `phones` are further ones. `birthday_key` is what a day is looked up by (`shared.yearly`).

    `seen_at` and `older` tell when the fields were told (`shared.profile.Profile`). Nobody has told of a field that is
    empty, nor of `do_not_contact` when it is None. `branch` is the one that the newest fact named; `units` are all that
    know the customer, in the order of their codes: branches of facts, and branches and teams that follow them up.
    """

    customer_id: str
    seen_at: datetime = NEVER
    older: Mapping[str, int] = field(default_factory=dict)
    name: str = ""
    phone: str = ""
    phones: tuple[str, ...] = ()
    email: str = ""
    birthday: str = ""
    birthday_key: str = ""
    level: str = ""
    branch: str = ""
    do_not_contact: bool | None = None
    wrong_phones: tuple[str, ...] = ()
    units: tuple[str, ...] = ()


def customer_in(data: Mapping[str, Any]) -> str:
    """The id of the customer a fact tells of; "" when it names none."""
    customer = data.get("customer")
    return str(customer["id"]) if isinstance(customer, Mapping) and customer.get("id") else ""


def address_in(value: Any) -> str:
    """A number or an e-mail address as a fact tells it; "" for what can be none."""
    return value if isinstance(value, str) and len(value) <= LONGEST_ADDRESS else ""


def updated(contact: Contact, name: str, data: Mapping[str, Any], at: datetime) -> Contact:
    """The contact after an event `name` about them; itself when that tells nothing that counts."""
    read = {told: _kept(told, value) for told, value in fields_in(name, data).items() if told in KEPT}
    told = {told: value for told, value in read.items() if value not in ("", ())}
    known = _profile(contact)
    return known_to(_as(contact, known, heard(known, told, at)), [str(told.get("branch", ""))])


def known_to(contact: Contact, units: Iterable[str]) -> Contact:
    """The contact known to these units, too; itself when it was. A newer fact of another branch takes it from nobody."""
    new = {*filter(None, units)}.difference(contact.units)
    return replace(contact, units=tuple(sorted(new.union(contact.units)))) if new else contact


def with_number(contact: Contact, wrong: str | None, phone: str | None, at: datetime) -> Contact:
    """The contact with a number learned to be `wrong` and another that reaches them, sealed."""
    known = _profile(contact)
    return _as(contact, known, number_learned(known, wrong, phone, at))


def _profile(contact: Contact) -> Profile:
    said = {kept: value for kept in KEPT if (value := getattr(contact, kept)) not in ("", (), None)}
    return Profile(said, contact.seen_at, contact.older)


def _as(contact: Contact, known: Profile, after: Profile) -> Contact:
    if after is known:
        return contact
    fields: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in after.fields.items()
    }
    key = key_of(after.fields.get("birthday", ""))
    return Contact(contact.customer_id, after.as_of, after.older, birthday_key=key, units=contact.units, **fields)


def _kept(name: str, value: Any) -> Any:
    if name == "phones":
        return tuple(filter(None, map(address_in, value))) if isinstance(value, list) else ()
    if name in ("phone", "email"):
        return address_in(value)
    return value if name == "do_not_contact" else str(value)


def view(contact: Contact) -> dict[str, Any]:
    """What texts and conditions may use of a contact: no number, no address."""
    hidden = {"phone", "phones", "email", "birthday_key", "seen_at", "older", "units", WRONG}
    shown = {field.name: getattr(contact, field.name) for field in fields(contact) if field.name not in hidden}
    return {**shown, "do_not_contact": bool(contact.do_not_contact), "id": contact.customer_id}
