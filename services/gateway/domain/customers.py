"""What a fact says of its customer besides numbers, read at every door alike."""

from typing import Any

import msgspec

from services.gateway.domain.facts import Candidate
from services.gateway.domain.problems import FieldError
from shared.mail_addresses import LONGEST, one_address
from shared.yearly import date_in

BIRTHDAY, EMAIL = "data.customer.birthday", "data.customer.email"
NO_DATE = "无法识别的日期，不会据此问候；应如 1990-02-28、02-28 或 lunar:08-15"
NO_EMAIL = f"超过 {LONGEST} 个字符，不是邮箱，已按没有邮箱接收"


def with_read_customer(candidate: Candidate) -> Candidate:
    """The candidate with its customer's birthday in the form of the contract and their e-mail address in its one form; what
    is no date stays and is noted. What is too long for an address is left out and noted.
    """
    customer = candidate.data.get("customer")
    if not isinstance(customer, dict):
        return candidate
    read: dict[str, Any] = {}
    notes: list[FieldError] = []
    for name, reader in (("birthday", _birthday), ("email", _email)):
        written = customer.get(name)
        if isinstance(written, str) and written.strip():
            read[name] = reader(written, notes)
    changed = {name: value for name, value in read.items() if value != customer[name]}
    data = candidate.data | {"customer": customer | changed} if changed else candidate.data
    return msgspec.structs.replace(candidate, data=data, notes=(*candidate.notes, *notes)) if read else candidate


def _birthday(written: str, notes: list[FieldError]) -> str:
    if read := date_in(written):
        return read
    notes.append(FieldError(BIRTHDAY, NO_DATE))
    return written


def _email(written: str, notes: list[FieldError]) -> Any:
    if len(address := one_address(written)) <= LONGEST:
        return address
    notes.append(FieldError(EMAIL, NO_EMAIL))
    return None
