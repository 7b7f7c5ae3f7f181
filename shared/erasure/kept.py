"""Which erasures a service has heard of, and when it goes over its database for them again.

Events of other services about the customer may still be on their way, on topics that have no order among each other. So a
service goes over its database at once and again: each time after as long as the erasure is old by then, at least once a day,
for as long as Kafka may still hold such an event (`erasure_days`). A look at every batch would cost the busiest path for what
hardly ever happens.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.contracts.erasures import CustomerErased

if TYPE_CHECKING:
    from shared.messaging import Consumer, Event, Work

SOONEST, LATEST = timedelta(minutes=1), timedelta(days=1)  # from a pass to the next
LEASE = timedelta(minutes=15)  # a pass that was cut off begins anew after it
MOST = 500  # customers in one pass
_KEEP = text("""
    INSERT INTO erasure (customer, asked_at, asked_by, heard_at, next_at) VALUES (:customer, :asked_at, :asked_by, :now, :now)
    ON CONFLICT (customer) DO UPDATE
    SET asked_at = excluded.asked_at, asked_by = excluded.asked_by, heard_at = excluded.heard_at, next_at = excluded.next_at,
        erased_at = NULL, done_at = NULL
    WHERE erasure.asked_at < excluded.asked_at
""")
_CLAIM = text("""
    UPDATE erasure SET next_at = :lease FROM (
        SELECT customer FROM erasure WHERE next_at <= :now ORDER BY next_at, customer LIMIT :most FOR UPDATE SKIP LOCKED
    ) AS due WHERE erasure.customer = due.customer
    RETURNING erasure.customer, asked_at, erased_at IS NULL
""")
_NOTE = text("""
    UPDATE erasure SET erased_at = coalesce(erased_at, :now),
        next_at = CASE WHEN heard_at > :over THEN CAST(:began AS timestamptz)
            + least(greatest(CAST(:began AS timestamptz) - heard_at, :soonest), :latest) END,
        done_at = CASE WHEN heard_at > :over THEN NULL ELSE :now END
    WHERE customer = ANY(:customers) AND next_at = :lease
""")
_COLUMNS = "customer, asked_at, asked_by, erased_at, done_at"
_FIND = text(f"SELECT {_COLUMNS} FROM erasure WHERE customer = :customer")  # noqa: S608 - constants only
_LIST = text(f"""
    SELECT {_COLUMNS} FROM erasure
    WHERE CAST(:at AS timestamptz) IS NULL OR (asked_at, customer) < (CAST(:at AS timestamptz), CAST(:customer AS text))
    ORDER BY asked_at DESC, customer DESC LIMIT :limit
""")  # noqa: S608 - constants only
# who waits longest first
_PROGRESS = text("""
    SELECT count(*) AS heard, count(erased_at) AS erased, count(done_at) AS done,
        min(heard_at) FILTER (WHERE erased_at IS NULL) AS since,
        coalesce((array_agg(customer ORDER BY heard_at, customer) FILTER (WHERE erased_at IS NULL))[1:20], '{}') AS waiting
    FROM erasure
""")


@dataclass(frozen=True)
class Progress:
    """How far a service is with all erasures that it has heard of: `erased` counts those whose first pass is over, `done`
    those of whom nothing can arrive any more; `waiting` are the first customers that are not erased, `since` when the
    service heard of the first of them (machine time)."""

    heard: int
    erased: int
    done: int
    since: datetime | None
    waiting: Sequence[str]


@dataclass(frozen=True)
class ErasureRecord:
    """How far a service is with an erasure; `erased_at` and `done_at` are machine time."""

    customer: str
    asked_at: datetime
    asked_by: str
    erased_at: datetime | None
    done_at: datetime | None


@dataclass(frozen=True)
class Erasure:
    """A customer to be erased, asked for at `asked_at` (business time); `first` until a pass has gone over everything."""

    customer: str
    asked_at: datetime
    first: bool


def keeps_erasures(consumer: "Consumer") -> None:
    """Let a service's consumer keep erasures; `keeps_sessions` gave it the topic."""

    @consumer.on("customer.erased")
    async def keep(work: "Work", events: "Sequence[Event]") -> None:
        for event in events:
            await keep_erasure(work, event.read(CustomerErased))


async def keep_erasure(work: "Work", told: CustomerErased) -> None:
    """The customer is due at once; told again, or late, changes nothing, asked for anew begins anew."""
    values = {"customer": told.customer_id, "asked_at": told.asked_at, "asked_by": told.asked_by}
    await work.session.execute(_KEEP, values | {"now": work.clock.machine()})


async def claim_due(session: AsyncSession, now: datetime) -> list[Erasure]:
    """Those whose pass is due at `now` (machine time), leased to the caller."""
    rows = await session.execute(_CLAIM, {"now": now, "lease": now + LEASE, "most": MOST})
    return [Erasure(*row) for row in rows]


async def note_pass(session: AsyncSession, due: Sequence[Erasure], began: datetime, ended: datetime, days: int) -> None:
    """A pass that began at `began` has gone over everything; one that outlived its lease counts for nothing."""
    values = {
        "customers": [one.customer for one in due],
        "lease": began + LEASE,
        "began": began,
        "soonest": SOONEST,
        "latest": LATEST,
    }
    await session.execute(_NOTE, values | {"now": ended, "over": began - timedelta(days=days)})


async def find_erasure(session: AsyncSession, customer: str) -> ErasureRecord | None:
    row = (await session.execute(_FIND, {"customer": customer})).one_or_none()
    return ErasureRecord(*row) if row else None


async def progress(session: AsyncSession) -> Progress:
    return Progress(*(await session.execute(_PROGRESS)).one())


async def list_erasures(session: AsyncSession, after: tuple[datetime, str] | None, limit: int) -> list[ErasureRecord]:
    """The newest first; `after` is (asked_at, customer) of the last one seen."""
    at, customer = after or (None, None)
    return [
        ErasureRecord(*row) for row in await session.execute(_LIST, {"at": at, "customer": customer, "limit": limit})
    ]
