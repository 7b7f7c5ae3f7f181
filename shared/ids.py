"""Identifiers: time-ordered, so that indexes stay dense at ten million rows."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from uuid import UUID

import uuid_utils.compat as uuid_utils

# of a UUIDv8's lower 80 bits: those that may be anything, and those that tell the version and the variant
_FREE, _VERSION_8 = 0x0FFF_3FFF_FFFF_FFFF_FFFF, 0x8000_8000_0000_0000_0000
_MILLIS = 0xFFFF_FFFF_FFFF
_MOMENT_IN_TEXT = len("019cb2ba-0000")  # an id's text begins with its moment
EPOCH = datetime.fromtimestamp(0, UTC)


def new_id() -> UUID:
    """A new UUIDv7 (RFC 9562 §5.7)."""
    return uuid_utils.uuid7()


def derived_id(at: datetime, *parts: str) -> UUID:
    """The UUIDv8 (RFC 9562 §5.8) that `at` (to the millisecond) and `parts` always give.

    Same input, same id, in any process: work done twice lands on the same row. The time prefix keeps it ordered.
    """
    digest = hashlib.blake2b("\x1f".join(parts).encode(), digest_size=10).digest()
    return derived_from_digest(to_millis(at), digest)


def visit_id(task_id: str, due_at: datetime) -> UUID:
    """The id of the visit that a task has which is released for `due_at`."""
    return derived_id(due_at, "visit", task_id)


def is_visit_of(visit: str, task_id: str) -> bool:
    """Whether the id is that of the task's visit, whatever moment the task was first released for."""
    at_any_time = str(visit_id(task_id, EPOCH))[_MOMENT_IN_TEXT:]
    return visit[_MOMENT_IN_TEXT:] == at_any_time


def to_millis(at: datetime) -> int:
    """Unix time in ms, as far as ids tell a moment."""
    return int(at.timestamp() * 1000)


def millis_of(derived: UUID) -> int:
    """The `to_millis` of the moment that a derived id was made of."""
    return derived.int >> 80


def derived_from_digest(millis: int, digest: bytes) -> UUID:
    """UUIDv8 of a Unix time in ms and ten hash bytes; of the class the driver returns, ten times quicker than Python's."""
    bits = (max(millis, 0) & _MILLIS) << 80 | int.from_bytes(digest) & _FREE | _VERSION_8
    return _drivers_uuid()(bits.to_bytes(16))


@cache
def _drivers_uuid() -> Callable[[bytes], UUID]:
    """Looked up when the first id is made: reading a pack makes none, and need not load the driver."""
    from asyncpg.pgproto import pgproto

    made_of: Callable[[bytes], UUID] = pgproto.UUID
    return made_of
