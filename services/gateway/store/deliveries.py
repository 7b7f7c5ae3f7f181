"""The write-back queue and the log of tries."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway.domain.writeback import RETRY_AFTER
from services.gateway.models import AttemptRow, DeliveryRow
from shared.ids import new_id
from shared.leases import MOST_ATTEMPTS, SUSPECT

_ADD = text("""
    INSERT INTO delivery (id, endpoint_id, event_id, type, number, body, state, attempts, tries, next_at, last_status,
                          last_error, created_at)
    SELECT id, endpoint_id, event_id, type, number, body, 'pending', 0, 0, :due, 0, '', :at
    FROM unnest(CAST(:ids AS uuid[]), CAST(:endpoints AS uuid[]), CAST(:events AS text[]), CAST(:types AS text[]),
                CAST(:numbers AS text[]), CAST(:bodies AS text[])) AS row (id, endpoint_id, event_id, type, number, body)
    ORDER BY endpoint_id, event_id, number
    ON CONFLICT DO NOTHING
""")
# a lease is a later next_at: a worker that dies in between leaves the delivery to be tried again after it
_CLAIM = text("""
    UPDATE delivery SET attempts = attempts + 1, tries = tries + 1, lost = lost + 1, next_at = :lease
    WHERE id IN (
        SELECT delivery.id FROM delivery JOIN endpoint ON endpoint.id = endpoint_id
        WHERE state = 'pending' AND next_at <= :now AND endpoint.enabled AND endpoint_id <> ALL(CAST(:busy AS uuid[]))
            AND (lost >= :suspect) = :suspects
        ORDER BY next_at LIMIT :limit FOR UPDATE OF delivery SKIP LOCKED)
    RETURNING id, endpoint_id, body, attempts, tries
""")
LONGEST_TRIED = 2 * sum(RETRY_AFTER, timedelta())  # with time to spare
_GIVEN_UP = text("""
    SELECT count(*) FROM delivery WHERE created_at >= :arisen AND state = 'failed'
        AND EXISTS (SELECT FROM delivery_attempt WHERE delivery_id = delivery.id AND at >= :since)
""")
_SUSPECTED = text("""
    SELECT EXISTS (SELECT FROM delivery JOIN endpoint ON endpoint.id = endpoint_id
                   WHERE state = 'pending' AND next_at <= :now AND endpoint.enabled AND lost >= :suspect)
""")
_SET_ASIDE = text("""
    UPDATE delivery SET state = 'failed', last_status = 0, last_error = :reason
    WHERE state = 'pending' AND next_at <= :now AND lost >= :most
""")
_GIVE_BACK = text("""
    UPDATE delivery SET lost = lost - 1 WHERE id = :id AND attempts = :attempts AND state = 'pending' AND lost > 0
""")
_SETTLE = text("""
    UPDATE delivery SET state = :state, next_at = coalesce(:next_at, next_at), last_status = :status, last_error = :error,
                        lost = 0
    WHERE id = :id AND attempts = :attempts AND state = 'pending' RETURNING id
""")
_LOG = text("""
    INSERT INTO delivery_attempt (id, delivery_id, at, status, error, millis)
    VALUES (:id, :delivery, :at, :status, :error, :millis)
""")
_RESEND = text("""
    UPDATE delivery SET state = 'pending', tries = 0, lost = 0, next_at = :now WHERE id = :id RETURNING id
""")


@dataclass(frozen=True, slots=True)
class NewDelivery:
    id: UUID
    endpoint_id: UUID
    event_id: str
    type: str
    number: str
    body: str


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery in hand. `attempts` fences it; `tries` counts since it was queued or sent again by hand."""

    id: UUID
    endpoint_id: UUID
    body: str
    attempts: int
    tries: int


async def add_deliveries(session: AsyncSession, deliveries: Sequence[NewDelivery], at: datetime, due: datetime) -> None:
    """Queue results, each once per endpoint, event and case."""
    if not deliveries:
        return
    await session.execute(
        _ADD,
        {
            "ids": [item.id for item in deliveries],
            "endpoints": [item.endpoint_id for item in deliveries],
            "events": [item.event_id for item in deliveries],
            "types": [item.type for item in deliveries],
            "numbers": [item.number for item in deliveries],
            "bodies": [item.body for item in deliveries],
            "at": at,
            "due": due,
        },
    )


async def claim_due(
    session: AsyncSession,
    now: datetime,
    lease: datetime,
    limit: int,
    busy: Iterable[UUID] = (),
    suspects: bool = False,
) -> list[Claimed]:
    """Lease what is due, the longest due first; nothing of `busy` endpoints, and either only what workers may have died of
    or nothing of that.
    """
    values = {"now": now, "lease": lease, "limit": limit, "busy": list(busy), "suspect": SUSPECT, "suspects": suspects}
    rows = await session.execute(_CLAIM, values)
    return [Claimed(*row) for row in rows]


async def has_suspects(session: AsyncSession, now: datetime) -> bool:
    """Whether something is due that workers may have died of."""
    return bool((await session.execute(_SUSPECTED, {"now": now, "suspect": SUSPECT})).scalar())


async def give_back(session: AsyncSession, claimed: Claimed) -> None:
    """The worker is not gone: it could not write down what the try brought."""
    await session.execute(_GIVE_BACK, {"id": claimed.id, "attempts": claimed.attempts})


async def set_aside(session: AsyncSession, reason: str, now: datetime) -> None:
    """Fail what the last MOST_ATTEMPTS workers were gone after, each without an answer."""
    await session.execute(_SET_ASIDE, {"most": MOST_ATTEMPTS, "reason": reason, "now": now})


async def settle_delivery(
    session: AsyncSession, claimed: Claimed, state: str, next_at: datetime | None, status: int, error: str
) -> bool:
    """Write what the try brought; False when another worker has tried since."""
    settled = await session.execute(
        _SETTLE,
        {"id": claimed.id, "attempts": claimed.attempts, "state": state, "next_at": next_at, "status": status,
         "error": error},
    )  # fmt: skip
    return settled.scalar() is not None


async def log_attempt(
    session: AsyncSession, delivery_id: UUID, at: datetime, status: int, error: str, millis: int
) -> None:
    await session.execute(
        _LOG,
        {"id": new_id(), "delivery": delivery_id, "at": at, "status": status, "error": error, "millis": millis},
    )


async def resend(session: AsyncSession, delivery_id: UUID, now: datetime) -> bool:
    """Queue it again with a fresh schedule; False when there is none such."""
    return (await session.execute(_RESEND, {"id": delivery_id, "now": now})).scalar() is not None


_COLUMNS: tuple[Any, ...] = (
    DeliveryRow.id, DeliveryRow.endpoint_id, DeliveryRow.event_id, DeliveryRow.type, DeliveryRow.number,
    DeliveryRow.body, DeliveryRow.state, DeliveryRow.attempts, DeliveryRow.next_at, DeliveryRow.last_status,
    DeliveryRow.last_error, DeliveryRow.created_at,
)  # fmt: skip


async def get_delivery(session: AsyncSession, delivery_id: UUID) -> Row[Any] | None:
    return (await session.execute(select(*_COLUMNS).where(DeliveryRow.id == delivery_id))).one_or_none()  # type: ignore[arg-type]


async def list_deliveries(
    session: AsyncSession,
    endpoint_id: UUID | None,
    state: str | None,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[Row[Any]]:
    """Newest first; `before` is the last (created_at, id) of the page before."""
    query = select(*_COLUMNS).order_by(DeliveryRow.created_at.desc(), DeliveryRow.id.desc()).limit(limit)  # type: ignore[attr-defined]
    if endpoint_id:
        query = query.where(DeliveryRow.endpoint_id == endpoint_id)  # type: ignore[arg-type]
    if state:
        query = query.where(DeliveryRow.state == state)  # type: ignore[arg-type]
    if before:
        at, delivery_id = before
        query = query.where(
            (DeliveryRow.created_at < at)  # type: ignore[arg-type]
            | ((DeliveryRow.created_at == at) & (DeliveryRow.id < delivery_id))
        )
    return (await session.execute(query)).all()


async def list_attempts(session: AsyncSession, delivery_id: UUID) -> Sequence[Row[Any]]:
    query = (
        select(AttemptRow.at, AttemptRow.status, AttemptRow.error, AttemptRow.millis)  # type: ignore[call-overload]
        .where(AttemptRow.delivery_id == delivery_id)
        .order_by(AttemptRow.id)
    )
    return (await session.execute(query)).all()


async def count_pending(session: AsyncSession) -> tuple[int, datetime | None]:
    """How many results wait, and since when (business time) the oldest of them."""
    query = select(func.count(), func.min(DeliveryRow.created_at)).where(DeliveryRow.state == "pending")  # type: ignore[arg-type]
    number, oldest = (await session.execute(query)).one()
    return number, oldest


async def count_failed(session: AsyncSession, since: datetime, machine_since: datetime) -> int:
    """How many results were given up since a moment, which is told by both clocks.

    A result arises days before it is given up, so what is older than the tries can last is not looked at.
    """
    values = {"arisen": since - LONGEST_TRIED, "since": machine_since}
    return int((await session.execute(_GIVEN_UP, values)).scalar_one())
