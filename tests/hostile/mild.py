"""Configurations that are sound but for a change or two, most of which are accepted; and facts with data of any kind."""

import random
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

TEXTS = (
    "", "a", "甲" * 190, "9999-12-31", "0001-01-01", "00:00", "24:00", "23:59", "{{", "{}", "1e999", "yes", "$ref", "𠀀",
    "a.b.c", "*", "*.created",
)  # fmt: skip
NUMBERS = (0, 1, -1, 2, 60, 100, 366, 8784, 10_000, 0.1, 99.999, 1e-9, 1e9, 2**31, 2**53)
STRANGE: tuple[Any, ...] = (
    None, "", "ten", "甲" * 5_000, "9999-12-31T23:59:59+00:00", "0001-01-01T00:00:00+14:00", "2026-03-02", "1e999",
    -1, 0, 10**15, 1e300, -1e300, 0.1, True, False, [], {}, [[]], ["sale", None], {"a": {"b": [1]}}, [{"id": 7}],
)  # fmt: skip


def mildly_changed(document: Any, chance: random.Random) -> Any:
    """A copy with one or two values changed for others of their kind, left out, doubled or exchanged."""
    changed = deepcopy(document)
    for _ in range(chance.choice((1, 1, 1, 2))):
        if places := list(_places(changed)):
            _change(*chance.choice(places), changed, chance)
    return changed


def strange(data: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """A copy of a fact's data with some members of any kind, in what it had and beside it."""
    changed = deepcopy(data)
    for _ in range(chance.randint(1, 3)):
        above, key = chance.choice(list(_places(changed)))
        above[key] = deepcopy(chance.choice(STRANGE))
    return changed


def _change(above: Any, key: Any, whole: Any, chance: random.Random) -> None:
    value = above[key]
    what = chance.randrange(8)
    if what == 0 and len(above) > 1:
        del above[key]
    elif what == 1 and isinstance(above, list):
        above.append(deepcopy(value))
    elif what == 2:
        alike = [other[name] for other, name in _places(whole) if type(other[name]) is type(value)]
        above[key] = deepcopy(chance.choice(alike))
    elif isinstance(value, bool):
        above[key] = not value
    elif isinstance(value, str):
        above[key] = chance.choice((*TEXTS, value * 2, value + "1", value[:-1]))
    elif isinstance(value, int | float):
        above[key] = chance.choice((*NUMBERS, value + 1, value * 10))


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in list(entries):
        yield value, key
        yield from _places(below)
