"""How far each policy that time triggers has walked over the customers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.scheduler.domain.customer import Customer
from services.scheduler.store.customers import COLUMNS, customer_of

_LIST = text("SELECT policy_id, done, day, after FROM walk ORDER BY policy_id")
_ADD = text("INSERT INTO walk (policy_id, done, day, after) VALUES (:id, :done, NULL, '') ON CONFLICT DO NOTHING")
_DROP = text("DELETE FROM walk WHERE policy_id = ANY(CAST(:ids AS text[]))")
_CLAIM = text("SELECT policy_id, done, day, after FROM walk WHERE policy_id = :id FOR UPDATE SKIP LOCKED")
_SAVE = text("UPDATE walk SET done = :done, day = :day, after = :after WHERE policy_id = :id")
_NEXT = text(
    f"SELECT {COLUMNS} FROM customer "  # noqa: S608 - constants only
    "WHERE id > :after AND as_of > 'epoch' ORDER BY id LIMIT :limit"
)


@dataclass(frozen=True)
class Progress:
    """`done` is the last day finished; on `day`, begun and not finished, customers up to the id `after` have been seen."""

    policy_id: str
    done: date
    day: date | None = None
    after: str = ""


async def list_progress(session: AsyncSession) -> dict[str, Progress]:
    """By policy."""
    return {row.policy_id: Progress(*row) for row in await session.execute(_LIST)}


async def add_progress(session: AsyncSession, policy_id: str, done: date) -> None:
    """A policy begins, unless another replica was first."""
    await session.execute(_ADD, {"id": policy_id, "done": done})


async def drop_progress(session: AsyncSession, policies: Iterable[str]) -> None:
    await session.execute(_DROP, {"ids": list(policies)})


async def claim_progress(session: AsyncSession, policy_id: str) -> Progress | None:
    """Where the policy stands, for this transaction alone; None when another replica is at it."""
    row = (await session.execute(_CLAIM, {"id": policy_id})).one_or_none()
    return Progress(*row) if row else None


async def save_progress(session: AsyncSession, progress: Progress) -> None:
    values = {"done": progress.done, "day": progress.day, "after": progress.after}
    await session.execute(_SAVE, {"id": progress.policy_id, **values})


async def list_known(session: AsyncSession, after: str, limit: int) -> Sequence[Customer]:
    """The next customers that a fact has told of, by id."""
    return [customer_of(*row) for row in await session.execute(_NEXT, {"after": after, "limit": limit})]
