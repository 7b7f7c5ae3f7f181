"""Tokens and secrets, two of which live while one is being replaced."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Credential:
    """A token's hash or a sealed secret; `until` (machine time) is None for the current one."""

    value: str
    until: datetime | None = None

    @classmethod
    def load(cls, stored: dict[str, Any]) -> "Credential":
        until = stored.get("until")
        return cls(stored["value"], datetime.fromisoformat(until) if until else None)

    def dump(self) -> dict[str, Any]:
        return {"value": self.value, "until": self.until.isoformat() if self.until else None}


def live(credentials: Sequence[Credential], now: datetime) -> list[Credential]:
    """Those that count now, the current one first."""
    return [item for item in credentials if item.until is None or item.until > now]


def rotate(credentials: Sequence[Credential], value: str, ends: datetime, now: datetime) -> list[Credential]:
    """A new current one; the one before it lives until `ends`, older ones are gone."""
    previous = [replace(item, until=ends) for item in live(credentials, now) if item.until is None]
    return [Credential(value), *(item for item in previous if ends > now)]
