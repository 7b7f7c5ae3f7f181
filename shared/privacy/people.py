"""The people a fact names, with their phones read: what is a number becomes one, what is none is left out and told."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from shared.privacy.masking import PREFIX
from shared.privacy.numbers import Unread, read_numbers

PEOPLE = ("customer", "appellant")


class UnreadNumber(NamedTuple):
    """Where in the data something stands in a field for numbers, and why it is none."""

    path: str
    why: Unread


def with_numbers(data: dict[str, Any]) -> tuple[dict[str, Any], list[UnreadNumber]]:
    """The data with the phones of its people in their one form: `phone` the first number, `phones` the others, each once.

    Tokens stay as they are, and so does what is no text, number or list, for its contract to complain of.
    """
    unread: list[UnreadNumber] = []
    read = {}
    for name in PEOPLE:
        person = data.get(name)
        if isinstance(person, dict) and (person.get("phone") or person.get("phones")):
            read[name] = _read(name, person, unread)
    return (data | read if read else data), unread


def _read(name: str, person: dict[str, Any], unread: list[UnreadNumber]) -> dict[str, Any]:
    numbers: dict[str, None] = {}
    for field in ("phone", "phones"):
        value = person.get(field)
        items = value if isinstance(value, list) else [value]
        if not all(
            item is None or (isinstance(item, (str, int, float)) and not isinstance(item, bool)) for item in items
        ):
            return person
        numbers |= dict.fromkeys(_numbers(f"{name}.{field}", items, unread))
    first, *others = numbers or (None,)
    more = {"phones": others} if others or "phones" in person else {}
    return person | {"phone": first} | more


def _numbers(path: str, items: Sequence[Any], unread: list[UnreadNumber]) -> list[str]:
    tokens = [item for item in items if isinstance(item, str) and item.startswith(PREFIX)]
    if len(tokens) == len(items):
        return tokens
    found = read_numbers([item for item in items if item not in tokens])
    if found.unread:
        unread.append(UnreadNumber(path, found.unread))
    return [*tokens, *found.numbers]
