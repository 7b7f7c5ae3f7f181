"""A reading that events bring along, such as a car's kilometres: by how much it has risen since a contact was last due."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from shared.conditions.comparisons import as_number
from shared.paths import value_at


class Reading(NamedTuple):
    """What it counts `since`, and the `newest` that was heard."""

    since: Decimal
    newest: Decimal


def reading_in(data: Mapping[str, Any], path: str) -> Decimal | None:
    """The number at `path`; None where there is none."""
    return as_number(value_at(data, path.split(".")))


def with_heard(known: Reading | None, heard: Decimal) -> Reading:
    """With one more; the first that is heard is what it counts from, where the fact told none."""
    return Reading(known.since if known else heard, heard)
