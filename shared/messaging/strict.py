"""Whether an event is what its contract says, field for field: looked at where `HUIFANG_STRICT_EVENTS` is set, as in tests.

Readers ignore what they do not know, so a field that is published but not declared would go unnoticed: absent from the
catalogue, from AsyncAPI, and from what others are promised.
"""

import os

from pydantic import ValidationError

from shared.contracts.registry import by_type

STRICT = bool(os.environ.get("HUIFANG_STRICT_EVENTS"))
found: list[
    str
] = []  # what was refused in this process, for who runs it: a consumer may make a dead letter of the error


class UnlikeContract(ValueError):
    """An event of a declared kind with data that its contract does not have, or without what it asks for."""


def require_contract(wire_type: str, value: bytes) -> None:
    """Raises UnlikeContract; an event of a kind that nobody declared (a pack's own) may carry anything."""
    declared = by_type(wire_type)
    if declared is None:
        return
    try:
        declared.model.model_validate_json(value, extra="forbid")
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        found.append(f"{declared.name} is published unlike its contract: {wrong}")
        raise UnlikeContract(found[-1]) from error
