"""The values made for every event: frozen, compared by content, made at a fifth of a dataclass's price."""

from typing import Any, Self

import msgspec


class Value(msgspec.Struct, frozen=True, gc=False):
    """What a named tuple is, without being a tuple; fields are looked up and copies made in C."""

    def _replace(self, **changes: Any) -> Self:
        """A copy with some fields changed, as named tuples make it."""
        return msgspec.structs.replace(self, **changes)
