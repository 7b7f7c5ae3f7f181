"""Visits in and out of their table, one statement per batch."""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, exists, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.visits.domain.attempts import Attempt
from services.visits.domain.presence import Present
from services.visits.domain.questionnaire import Questionnaire
from services.visits.domain.task_events import OF_TASK
from services.visits.domain.visit import State, Visit
from services.visits.models import PresenceRow, QuestionnaireRow, VisitRow
from services.visits.store.questionnaires import asked_by, parsed
from shared.bulk import as_rows, changes, insertion, whole_rows
from shared.contracts.common import CustomerCard, Matter
from shared.scope import Scope

VISITS = VisitRow.__table__  # type: ignore[attr-defined]
PRESENCE = PresenceRow.__table__  # type: ignore[attr-defined]
QUESTIONNAIRES = QuestionnaireRow.__table__  # type: ignore[attr-defined]
FIELDS = tuple(field.name for field in fields(Visit))
CHANGING = (
    "customer", "team", "state", "rank", "agent", "lease_until", "next_at", "attempts", "tally", "answers",
    "cancel_reason", "ended", "outcome", "finished_at", "version", "needs", "companion", "call_started_at",
    "call_ended_at", "callback_at", "callback_owner", "postpone_reason", "notices", "channel",
    "questionnaire_version", "questionnaires", "invitation", "invited_until", "confirmed_for",
    "reopened",
)  # fmt: skip

_ATTEMPT = [field.name for field in fields(Attempt)]
_VISITS = whole_rows("visit", "visits")
_INSERT = text(f"{insertion('visit', (*FIELDS, 'customer_id'), _VISITS)} ON CONFLICT DO NOTHING")
_INSERT_HOURS = text("""
    INSERT INTO contact_hours (hours) SELECT unnest(CAST(:hours AS text[])) EXCEPT SELECT hours FROM contact_hours
    ON CONFLICT DO NOTHING
""")
_FROM = f"FROM {_VISITS} AS new WHERE visit.id = new.id"
# rows are locked before they are saved, in the order of their ids
_SAVE = text(f"""
    WITH kept AS ({insertion("attempt", _ATTEMPT, whole_rows("attempt", "attempts"))})
    UPDATE visit SET {changes(CHANGING, "new")} {_FROM}
""")  # noqa: S608 - column names of ours
_SAVE_BY_TASK = text(f"UPDATE visit SET {changes(sorted({*CHANGING, *OF_TASK}), 'new')} {_FROM}")  # noqa: S608
# the index by customer finds them: a lineage has one customer
_SPOKE = text("""
    SELECT v.lineage, array_agg(DISTINCT a.agent) AS agents
    FROM unnest(CAST(:customers AS text[]), CAST(:lineages AS text[])) AS wanted (customer_id, lineage)
    JOIN visit v USING (customer_id, lineage) JOIN attempt a ON a.visit_id = v.id
    WHERE a.connected GROUP BY v.lineage
""")


async def add_visits(session: AsyncSession, visits: Sequence[Visit]) -> None:
    """Insert visits; one whose task has a visit already is left as it is."""
    if visits:
        await session.execute(_INSERT, {"visits": _rows(visits)})
        await _add_hours(session, visits)


async def save_visits(session: AsyncSession, visits: Sequence[Visit], attempts: Sequence[Attempt] = ()) -> None:
    """Write what may change of locked visits, and the attempts made."""
    if visits:
        await session.execute(_SAVE, {"visits": _rows(visits), "attempts": as_rows(attempts)})


async def save_by_task(session: AsyncSession, visits: Sequence[Visit]) -> None:
    """Write what locked visits have become by events of their tasks."""
    if visits:
        await session.execute(_SAVE_BY_TASK, {"visits": _rows(visits)})
        await _add_hours(session, visits)


async def _add_hours(session: AsyncSession, visits: Sequence[Visit]) -> None:
    await session.execute(_INSERT_HOURS, {"hours": sorted({visit.hours for visit in visits})})


async def agents_who_spoke(session: AsyncSession, of: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Who spoke to the customer in earlier visits of these (customer, lineage), by lineage."""
    pairs = sorted(set(of))
    if not pairs:
        return {}
    customers, lineages = zip(*pairs, strict=True)
    rows = await session.execute(_SPOKE, {"customers": list(customers), "lineages": list(lineages)})
    return {row.lineage: row.agents for row in rows}


def _rows(visits: Sequence[Visit]) -> str:
    rows = [{name: getattr(visit, name) for name in FIELDS} | {"customer_id": visit.customer.id} for visit in visits]
    return as_rows(rows)


async def lock_visit(session: AsyncSession, visit_id: UUID, scope: Scope) -> tuple[Visit, Questionnaire | None] | None:
    """A visit that `scope` sees, with what is asked in it; locked until the transaction ends."""
    return await _with_questionnaire(session, _one(visit_id, scope).with_for_update(of=VISITS))


async def get_visit(session: AsyncSession, visit_id: UUID, scope: Scope) -> tuple[Visit, Questionnaire | None] | None:
    """As `lock_visit`, without the lock."""
    return await _with_questionnaire(session, _one(visit_id, scope))


def _one(visit_id: UUID, scope: Scope) -> Select[Any]:
    same = (QUESTIONNAIRES.c.id == VISITS.c.questionnaire) & (
        QUESTIONNAIRES.c.version == VISITS.c.questionnaire_version
    )
    query = (
        select(VISITS, QUESTIONNAIRES.c.definition)
        .select_from(VISITS.outerjoin(QUESTIONNAIRES, same))
        .where(VISITS.c.id == visit_id)
    )
    return query.where(seen_by(scope))


async def _with_questionnaire(session: AsyncSession, query: Select[Any]) -> tuple[Visit, Questionnaire | None] | None:
    row = (await session.execute(query)).one_or_none()
    if row is None:
        return None
    visit = to_visit(row)
    if any(matter.part for matter in visit.matters):
        return visit, (await asked_by(session, [visit])).get(visit.id)
    return visit, parsed(row.definition, row.questionnaire_version) if row.definition else None


def seen_by(scope: Scope) -> ColumnElement[bool]:
    """The visits that are seen: those of a branch or of a team."""
    return scope.where(VISITS.c.branch, VISITS.c.team)


async def lock_of_tasks(session: AsyncSession, task_ids: Sequence[str]) -> list[Visit]:
    """The visits of these tasks, locked."""
    return await locked(session, select(VISITS).where(VISITS.c.task_id.in_(task_ids)).order_by(VISITS.c.id))


async def lock_unfinished_of(session: AsyncSession, customer_id: str) -> list[Visit]:
    """A customer's unfinished visits, locked in the order of their ids."""
    query = select(VISITS).where(VISITS.c.customer_id == customer_id, VISITS.c.finished_at.is_(None))
    return await locked(session, query.order_by(VISITS.c.id))


async def lock_lapsed(session: AsyncSession, machine: datetime, limit: int) -> list[Visit]:
    """Claimed visits whose lease has run out, locked; those others work on are skipped."""
    query = select(VISITS).where(VISITS.c.state == State.CLAIMED, VISITS.c.lease_until <= machine)
    return await locked(session, query.limit(limit), skip=True)


async def lock_called_for(session: AsyncSession, now: datetime, lead: timedelta, limit: int) -> list[Visit]:
    """Waiting visits whose time has come, and appointed ones `lead` before theirs, locked."""
    come = (VISITS.c.next_at <= now) | ((VISITS.c.state == State.APPOINTED) & (VISITS.c.next_at <= now + lead))
    query = select(VISITS).where(VISITS.c.next_at <= now + lead, come).order_by(VISITS.c.next_at).limit(limit)
    return await locked(session, query, skip=True)


async def lock_left_callbacks(
    session: AsyncSession, missed: datetime, off_shift: Sequence[str], limit: int
) -> list[Visit]:
    """Open callbacks that are somebody's own, agreed for before `missed` or with their owner away or `off_shift`, locked."""
    away = exists().where(PRESENCE.c.agent == VISITS.c.callback_owner, PRESENCE.c.state != Present.READY)
    query = select(VISITS).where(
        VISITS.c.callback_owner != "",
        VISITS.c.state == State.OPEN,
        (VISITS.c.callback_at <= missed) | away | VISITS.c.callback_owner.in_(off_shift),
    )
    return await locked(session, query.limit(limit), skip=True)


async def lock_expired(session: AsyncSession, now: datetime, grace: timedelta, limit: int) -> list[Visit]:
    """Unfinished visits that nobody holds and whose deadline and grace have passed, locked."""
    query = select(VISITS).where(
        VISITS.c.finished_at.is_(None), VISITS.c.deadline_at <= now - grace, VISITS.c.state != State.CLAIMED
    )
    return await locked(session, query.limit(limit), skip=True)


async def locked(session: AsyncSession, query: Select[Any], skip: bool = False) -> list[Visit]:
    """The visits that a query finds, locked; with `skip` without those others work on."""
    rows = await session.execute(query.with_for_update(skip_locked=skip, of=VISITS))
    return [to_visit(row) for row in rows]


def to_visit(row: Row[Any]) -> Visit:
    """The domain value of a row."""
    values = {name: getattr(row, name) for name in FIELDS}
    values["customer"] = CustomerCard.model_validate(row.customer)
    values["matters"] = tuple(Matter.model_validate(matter) for matter in row.matters)
    values["state"] = State(row.state)
    values["reopened"] = row.reopened or 0  # a service that does not know it leaves it out
    for name in ("never_alone", "closed_to", "needs", "notices"):
        values[name] = tuple(values[name])
    return Visit(**values)
