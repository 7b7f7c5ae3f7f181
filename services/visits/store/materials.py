"""What came with visits beside the answers: photographs, signatures and recordings, newest first."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, not_, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.visits.domain.attachments import Attachment
from services.visits.domain.attempts import Attempt
from services.visits.domain.visit import Visit
from services.visits.store.attachments import ATTACHMENTS, to_attachment
from services.visits.store.lines import CALLS
from services.visits.store.practice import is_call
from services.visits.store.queries import ATTEMPTS
from services.visits.store.rows import VISITS, seen_by, to_visit
from shared.scope import Scope


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for: taken or said in [`since`, `until`); "" narrows nothing."""

    since: datetime
    until: datetime
    agent: str = ""
    customer_id: str = ""


@dataclass(frozen=True, slots=True)
class Recording:
    """An attempt whose call can be listened to; `call_id` orders them."""

    call_id: UUID
    attempt: Attempt
    visit: Visit


async def list_pictures(
    session: AsyncSession, wanted: Wanted, scope: Scope, before: UUID | None, limit: int
) -> list[tuple[Attachment, Visit]]:
    """Pictures that were handed in with a result, behind the id `before`."""
    taken = ATTACHMENTS.c
    query = select(ATTACHMENTS).join(VISITS, VISITS.c.id == taken.visit_id)
    query = query.where(taken.attempt_id.is_not(None), *_fits(wanted, scope, taken.at, taken.agent))
    found = [to_attachment(row) for row in await session.execute(_newest(query, taken.id, before, limit))]
    visits = await visits_by_id(session, (one.visit_id for one in found), scope)
    return [(one, visits[one.visit_id]) for one in found]


async def list_recordings(
    session: AsyncSession, wanted: Wanted, scope: Scope, before: UUID | None, limit: int
) -> list[Recording]:
    """Attempts with a recording, behind the call `before`; of one with several, its last recorded call stands for it."""
    made, call = ATTEMPTS.c, CALLS.c
    later = CALLS.alias("later")
    is_last = not_(
        select(later.c.id)
        .where(later.c.attempt_id == call.attempt_id, later.c.recording != "", later.c.id > call.id)
        .exists()
    )
    joined = CALLS.join(ATTEMPTS, made.id == call.attempt_id).join(VISITS, VISITS.c.id == call.visit_id)
    query = select(call.id.label("call_id"), ATTEMPTS).select_from(joined)
    query = query.where(call.recording != "", is_last, *_fits(wanted, scope, made.at, made.agent))
    rows = (await session.execute(_newest(query, call.id, before, limit))).mappings().all()
    visits = await visits_by_id(session, (row["visit_id"] for row in rows), scope)
    return [Recording(row["call_id"], _attempt(row), visits[row["visit_id"]]) for row in rows]


async def visits_by_id(session: AsyncSession, ids: Iterable[UUID], scope: Scope) -> dict[UUID, Visit]:
    """Those of these visits that `scope` sees."""
    query = select(VISITS).where(VISITS.c.id.in_(set(ids)), seen_by(scope))
    return {row.id: to_visit(row) for row in await session.execute(query)}


def _fits(wanted: Wanted, scope: Scope, at: ColumnElement[Any], agent: ColumnElement[Any]) -> list[ColumnElement[bool]]:
    narrowed = [agent == wanted.agent] if wanted.agent else []
    narrowed += [VISITS.c.customer_id == wanted.customer_id] if wanted.customer_id else []
    return [seen_by(scope), not_(is_call()), at >= wanted.since, at < wanted.until, *narrowed]


def _newest(query: Select[Any], id_: ColumnElement[Any], before: UUID | None, limit: int) -> Select[Any]:
    query = query.where(id_ < before) if before else query
    return query.order_by(id_.desc()).limit(limit)


def _attempt(row: Any) -> Attempt:
    return Attempt(**{name: value for name, value in row.items() if name != "call_id"})
