"""A customer's birthday, read at every door alike."""

import msgspec

from services.gateway.domain.facts import Candidate
from services.gateway.domain.problems import FieldError
from shared.yearly import date_in

FIELD = "data.customer.birthday"
UNREAD = "无法识别的日期，不会据此问候；应如 1990-02-28、02-28 或 lunar:08-15"


def with_read_birthday(candidate: Candidate) -> Candidate:
    """The candidate with its customer's birthday in the form of the contract; what is no date stays and is noted."""
    customer = candidate.data.get("customer")
    if not isinstance(customer, dict):
        return candidate
    written = customer.get("birthday")
    if not isinstance(written, str) or not written.strip():
        return candidate
    read = date_in(written)
    if not read:
        return msgspec.structs.replace(candidate, notes=(*candidate.notes, FieldError(FIELD, UNREAD)))
    if read == written:
        return candidate
    return msgspec.structs.replace(candidate, data=candidate.data | {"customer": customer | {"birthday": read}})
