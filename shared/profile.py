"""What facts have told of a customer, field by field: the one rule for every service that keeps such fields.

- A field that is missing, null or empty says nothing.
- Any fact may tell that the customer is not to be contacted (`do_not_contact: true`). Only `customer.updated` with an
  explicit false takes that back: elsewhere senders leave the flag at its default.
- Of two words about one field the later counts, by the time of their facts and not by when they were heard; of two words
  of one moment the greater text counts. So the order of arrival makes no difference.
- A number that was learned to be wrong (`customer.number_corrected`) stays wrong, whoever tells it again, until somebody
  who spoke to the customer gives it as theirs.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import msgspec

from shared.contracts.common import CustomerCard
from shared.contracts.intake import branch_of
from shared.mail_addresses import one_address
from shared.yearly import date_in

UPDATED = "customer.updated"
WRONG = "wrong_phones"  # numbers of the customer that do not reach them, sealed
REFUSES = "do_not_contact"
IN_EVERY_FACT = frozenset({"name", "phone", "phones", "email", "level", "birthday", "preferred_channel"})
IN_UPDATES = ("tier", "area", "product", "preferred_times")
NEVER = datetime.fromtimestamp(0, UTC)
_MICROSECOND = timedelta(microseconds=1)
NOTHING: Mapping[str, Any] = {}


class Profile(msgspec.Struct, frozen=True, gc=False):
    """`as_of` is the time of the newest fact heard; `older` tells of each field that was told before, when: microseconds
    since 1970. A field that is not in `older` was told by the newest fact."""

    fields: Mapping[str, Any] = NOTHING
    as_of: datetime = NEVER
    older: Mapping[str, int] = NOTHING


def fields_in(name: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that an event `name` tells of its customer; `branch` is that of the figures."""
    block = data.get("customer")
    if not isinstance(block, dict):
        return {}
    told = {field: value for field, value in block.items() if value and field in IN_EVERY_FACT}
    if "birthday" in told and isinstance(birthday := told["birthday"], str):
        told["birthday"] = _read(birthday)
    if "email" in told and isinstance(email := told["email"], str):
        told["email"] = one_address(email)
    if branch := branch_of(data):
        told["branch"] = branch
    refuses = block.get(REFUSES)
    if name == UPDATED:
        told |= {field: value for field in IN_UPDATES if (value := data.get(field))}
    if refuses is True or (refuses is False and name == UPDATED):
        told[REFUSES] = refuses
    return told


@lru_cache(4096)
def _read(birthday: str) -> str:
    """As `shared.yearly` reads it; what it can't read stays as it is."""
    return date_in(birthday) or birthday


def heard(known: Profile, told: Mapping[str, Any], at: datetime) -> Profile:
    """The profile after a fact of the time `at` was heard that tells these fields; itself when they change nothing."""
    if WRONG in known.fields and WRONG not in told:
        told = _without_wrong(told, known.fields[WRONG])
    if at > known.as_of:
        if known.fields.keys() <= told.keys():  # the usual case: senders say the same of a customer every time
            return Profile(told, at)
        before = _microseconds(known.as_of)
        older = {field: known.older.get(field, before) for field in known.fields if field not in told}
        return Profile({**known.fields, **told}, at, older)
    moment, newest = _microseconds(at), _microseconds(known.as_of)
    counts = {
        field: value
        for field, value in told.items()
        if field not in known.fields
        or (moment, str(value)) > (known.older.get(field, newest), str(known.fields[field]))
    }
    if not counts:
        return known
    times = {**known.older, **dict.fromkeys(counts, moment)}
    return Profile(
        {**known.fields, **counts}, known.as_of, {name: then for name, then in times.items() if then < newest}
    )


def number_learned(known: Profile, wrong: str | None, phone: str | None, at: datetime) -> Profile:
    """The profile once one number is known to be `wrong` and another, `phone`, to reach the customer."""
    bad = sorted({*known.fields.get(WRONG, ()), *([wrong] if wrong else [])} - {phone})
    numbers = right_numbers((known.fields.get("phone"), *known.fields.get("phones", ())), bad, phone)
    told: dict[str, Any] = {WRONG: bad, "phone": next(iter(numbers), "")}
    if "phones" in known.fields:
        told["phones"] = numbers[1:]
    return heard(known, told, at)


def right_numbers(numbers: Iterable[str | None], wrong: Collection[str], first: str | None = None) -> list[str]:
    """The numbers to call a customer by: `first` what is known to reach them, then those that are not known to be wrong."""
    return list(dict.fromkeys(one for one in (first, *numbers) if one and (one == first or one not in wrong)))


def with_right_numbers(card: CustomerCard, wrong: str | None, phone: str | None, masked: str) -> CustomerCard:
    """A card after a number was learned; `masked` is how `phone` is shown. One that takes the place of a wrong one has no
    mask yet."""
    numbers = right_numbers((card.phone, *card.phones), (wrong,) if wrong else (), phone)
    if numbers == [one for one in (card.phone, *card.phones) if one]:
        return card
    to_dial = next(iter(numbers), None)
    mask = card.phone_masked if to_dial == card.phone else masked if to_dial == phone and phone else ""
    return card.model_copy(update={"phone": to_dial, "phones": numbers[1:], "phone_masked": mask})


def _without_wrong(told: Mapping[str, Any], wrong: Collection[str]) -> Mapping[str, Any]:
    """What a fact tells, but for numbers that are known to be wrong."""
    right = {field: value for field, value in told.items() if field != "phone" or value not in wrong}
    if others := right.get("phones"):
        right["phones"] = type(others)(one for one in others if one not in wrong)
    return right


def _microseconds(at: datetime) -> int:
    return (at - NEVER) // _MICROSECOND
