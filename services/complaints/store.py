"""All SQL of complaints."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, delete, func, or_, select, text, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.complaints.domain.case import IN_WORK, UNFINISHED, Case, Change, Entry, OriginKey, State
from services.complaints.domain.erasing import erased_detail
from services.complaints.domain.errors import CaseNotFound
from services.complaints.domain.numbers import Learned
from services.complaints.models import CaseRow, EntryRow, NumberRow
from shared.contracts.common import CustomerCard, Matter
from shared.scope import WHOLE, Scope
from shared.zone import ORG_ZONE

FIXED = frozenset(
    {
        *("id", "case_no", "origin", "origin_source", "origin_id"),
        *("customer_id", "opened_at"),
    }
)
_UPSERT = insert(CaseRow.__table__)  # type: ignore[attr-defined]
_UPSERT = _UPSERT.on_conflict_do_update(
    index_elements=["id"],
    set_={name: _UPSERT.excluded[name] for name in CaseRow.model_fields if name not in FIXED},
)
_LOCK_CUSTOMERS = text("""
    SELECT pg_advisory_xact_lock(715005, hashtext(customer)) FROM unnest(CAST(:customers AS text[])) AS customer
""")
_SAVE_LEARNED = insert(NumberRow.__table__)  # type: ignore[attr-defined]
_SAVE_LEARNED = _SAVE_LEARNED.on_conflict_do_update(
    index_elements=["customer_id"],
    set_={name: _SAVE_LEARNED.excluded[name] for name in ("wrong", "phone", "phone_masked", "learned_at")},
)


@dataclass(frozen=True)
class CaseFilter:
    """Which cases to list; what is not given means any. `important` lists those only; `scope` is what the caller sees."""

    states: tuple[State, ...] = ()
    unit: str | None = None
    owner: str | None = None
    grade: str | None = None
    customer_id: str | None = None
    overdue: bool | None = None
    important: bool = False
    scope: Scope = WHOLE


async def next_case_nos(session: AsyncSession, now: datetime, count: int) -> list[str]:
    """New case numbers such as TS20260302-000017, counted through; a number may be skipped."""
    if not count:
        return []
    rows = await session.scalars(text("SELECT nextval('case_no_seq') FROM generate_series(1, :n)"), {"n": count})
    day = now.astimezone(ORG_ZONE).strftime("%Y%m%d")
    return [f"TS{day}-{number:06d}" for number in rows]


async def lock_cases(session: AsyncSession, ids: Collection[UUID], origins: Collection[OriginKey]) -> list[Case]:
    """Cases by id or origin, locked in id order so that two transactions never wait for each other.

    The number decides, whoever gave it: a case from before cases kept their source may be the one.
    """
    if not ids and not origins:
        return []
    wanted = or_(
        col(CaseRow.id).in_(ids),
        tuple_(col(CaseRow.origin), col(CaseRow.origin_id)).in_([(origin, number) for origin, _, number in origins]),
    )
    return await _cases(session, select(CaseRow).where(wanted).order_by(col(CaseRow.id)).with_for_update())


async def lock_unfinished_of(session: AsyncSession, customers: Collection[str]) -> list[Case]:
    """The unfinished cases of these customers, locked in id order."""
    query = select(CaseRow).where(col(CaseRow.customer_id).in_(customers), col(CaseRow.state).in_(UNFINISHED))
    return await _cases(session, query.order_by(col(CaseRow.id)).with_for_update())


async def lock_all_of(session: AsyncSession, customers: Collection[str]) -> list[Case]:
    """All cases of these customers, locked in id order."""
    query = select(CaseRow).where(col(CaseRow.customer_id).in_(customers))
    return await _cases(session, query.order_by(col(CaseRow.id)).with_for_update())


async def erase_details(session: AsyncSession, cases: Collection[UUID]) -> None:
    """Take words out of what the timelines of these cases say."""
    for row in await session.scalars(select(EntryRow).where(col(EntryRow.case_id).in_(cases))):
        row.detail = erased_detail(row.detail)
    await session.flush()


async def lock_customers(session: AsyncSession, customers: Collection[str]) -> None:
    """Whoever opens cases of these customers or learns their numbers goes one after the other; before any case is locked."""
    if customers:
        await session.execute(_LOCK_CUSTOMERS, {"customers": sorted(customers)})


async def learned_of(session: AsyncSession, customers: Collection[str]) -> dict[str, Learned]:
    """What was learned of the numbers of those of these customers of whom something was."""
    rows = await session.scalars(select(NumberRow).where(col(NumberRow.customer_id).in_(customers)))
    return {one.customer_id: Learned(**one.model_dump() | {"wrong": tuple(one.wrong)}) for one in rows}


async def save_learned(session: AsyncSession, learned: Collection[Learned]) -> None:
    if learned:
        await session.execute(_SAVE_LEARNED, [asdict(one) for one in learned])


async def forget_learned(session: AsyncSession, customers: Collection[str]) -> None:
    await session.execute(delete(NumberRow).where(col(NumberRow.customer_id).in_(customers)))


async def lock_case(session: AsyncSession, case_id: UUID) -> Case:
    """Raises CaseNotFound."""
    found = await lock_cases(session, [case_id], [])
    if not found:
        raise CaseNotFound
    return found[0]


async def lock_unassigned(session: AsyncSession, limit: int) -> list[Case]:
    """New cases whose responsible unit is known, skipping those somebody else holds."""
    query = select(CaseRow).where(col(CaseRow.state) == "opened", col(CaseRow.responsible_unit) != "")
    return await _cases(session, query.order_by(col(CaseRow.id)).limit(limit).with_for_update(skip_locked=True))


async def lock_late(session: AsyncSession, now: datetime, limit: int) -> list[Case]:
    """Cases to be raised for lateness by `now`, skipping those somebody else holds."""
    query = select(CaseRow).where(col(CaseRow.escalate_at) <= now).order_by(col(CaseRow.escalate_at))
    return await _cases(session, query.limit(limit).with_for_update(skip_locked=True))


async def lock_provisional(session: AsyncSession, year: int, limit: int) -> list[Case]:
    """Cases whose deadline hung on a year before `year`, skipping those somebody else holds."""
    query = select(CaseRow).where(col(CaseRow.unpublished_year) < year)
    query = query.order_by(col(CaseRow.unpublished_year), col(CaseRow.id))
    return await _cases(session, query.limit(limit).with_for_update(skip_locked=True))


async def list_earlier_subjects(
    session: AsyncSession, customers: Collection[str], since: datetime
) -> dict[str, list[frozenset[str]]]:
    """What the customers' cases since then were about, one set of document numbers per case; what was rejected was none."""
    rows = await session.execute(
        select(col(CaseRow.customer_id), col(CaseRow.subjects)).where(
            col(CaseRow.customer_id).in_(customers), col(CaseRow.opened_at) >= since, col(CaseRow.state) != "rejected"
        )
    )
    earlier: dict[str, list[frozenset[str]]] = {}
    for customer_id, subjects in rows:
        earlier.setdefault(customer_id, []).append(frozenset(subjects))
    return earlier


async def save_changes(session: AsyncSession, changes: Sequence[Change]) -> None:
    """Write the changed cases, each given once, and add their timeline entries."""
    if not changes:
        return
    rows = sorted((_row(change.case) for change in changes), key=lambda row: str(row["id"]))
    await session.execute(_UPSERT, rows)
    entries = [_entry_row(change.case.id, entry) for change in changes for entry in change.entries]
    if entries:
        await session.execute(insert(EntryRow.__table__), entries)  # type: ignore[attr-defined]


async def get_case(session: AsyncSession, case_id: UUID) -> Case:
    """Raises CaseNotFound."""
    found = await _cases(session, select(CaseRow).where(col(CaseRow.id) == case_id))
    if not found:
        raise CaseNotFound
    return found[0]


async def list_entries(session: AsyncSession, case_id: UUID) -> list[Entry]:
    """The timeline, oldest first."""
    query = select(EntryRow).where(col(EntryRow.case_id) == case_id).order_by(col(EntryRow.position))
    return [Entry(row.at, row.what, row.actor, row.detail) for row in await session.scalars(query)]  # type: ignore[arg-type]


async def list_cases(
    session: AsyncSession, wanted: CaseFilter, now: datetime, after: tuple[datetime, UUID] | None, limit: int
) -> list[Case]:
    """Newest first, from behind `after`."""
    query = select(CaseRow).where(and_(True, *_conditions(wanted, now)))
    if after is not None:
        query = query.where(tuple_(col(CaseRow.opened_at), col(CaseRow.id)) < after)
    return await _cases(session, query.order_by(col(CaseRow.opened_at).desc(), col(CaseRow.id).desc()).limit(limit))


async def count_cases(
    session: AsyncSession, wanted: CaseFilter, now: datetime, by: Sequence[str]
) -> list[dict[str, Any]]:
    """Cases counted by columns: `cases`, `overdue`, `important`, `in_time` and the columns themselves per row."""
    columns = [getattr(CaseRow, name) for name in by]
    query = (
        select(
            *columns,
            func.count().label("cases"),
            func.count().filter(_overdue(now)).label("overdue"),
            func.count().filter(col(CaseRow.important)).label("important"),
            func.count().filter(col(CaseRow.in_time)).label("in_time"),
        )
        .where(and_(True, *_conditions(wanted, now)))
        .group_by(*columns)
        .order_by(*columns)
    )
    return [dict(row) for row in (await session.execute(query)).mappings()]


async def count_standing(session: AsyncSession, now: datetime) -> list[dict[str, Any]]:
    """Cases that are not closed by responsible unit (`branch`), `grade` and `level`: how many `cases`, how many of them
    `overdue`, `reworked`, with `promises` past their time, and when the `oldest` was opened."""
    unit, grade, level = col(CaseRow.responsible_unit), col(CaseRow.grade), col(CaseRow.level)
    query: Select[*tuple[Any, ...]] = (
        select(
            unit.label("branch"),
            grade,
            level,
            func.count().label("cases"),
            func.count().filter(_overdue(now)).label("overdue"),
            func.count().filter(col(CaseRow.reworks) > 0).label("reworked"),
            func.count().filter(col(CaseRow.next_reply_at) < now).label("promises"),
            func.min(col(CaseRow.opened_at)).label("oldest"),
        )
        .where(col(CaseRow.state).in_(UNFINISHED))
        .group_by(unit, grade, level)
    )
    return [dict(row) for row in (await session.execute(query)).mappings()]


def _conditions(wanted: CaseFilter, now: datetime) -> list[ColumnElement[bool]]:
    given: list[tuple[object, ColumnElement[bool]]] = [
        (wanted.states, col(CaseRow.state).in_(wanted.states)),
        (wanted.unit, col(CaseRow.responsible_unit) == wanted.unit),
        (wanted.owner, col(CaseRow.owner) == wanted.owner),
        (wanted.grade, col(CaseRow.grade) == wanted.grade),
        (wanted.customer_id, col(CaseRow.customer_id) == wanted.customer_id),
        (wanted.important, col(CaseRow.important).is_(True)),
    ]
    conditions = [condition for value, condition in given if value]
    conditions.append(wanted.scope.where(col(CaseRow.responsible_unit), col(CaseRow.branch)))
    if wanted.overdue is not None:
        conditions.append(_overdue(now) if wanted.overdue else ~_overdue(now))
    return conditions


def _overdue(now: datetime) -> ColumnElement[bool]:
    return and_(col(CaseRow.state).in_(sorted(IN_WORK)), col(CaseRow.overdue_at) <= now)


async def _cases(session: AsyncSession, query: Select[CaseRow]) -> list[Case]:
    rows = await session.scalars(query, execution_options={"populate_existing": True})
    return [_case(row) for row in rows]


def _case(row: CaseRow) -> Case:
    values: dict[str, Any] = {field.name: getattr(row, field.name) for field in fields(Case)}
    values["customer"] = CustomerCard.model_validate(row.customer)
    values["matters"] = tuple(Matter.model_validate(matter) for matter in row.matters)
    for name in ("subjects", "reasons", "answered"):
        values[name] = tuple(values[name])
    return Case(**values)


def _row(case: Case) -> dict[str, Any]:
    values: dict[str, Any] = {field.name: getattr(case, field.name) for field in fields(Case)}
    values["customer_id"] = case.customer.id
    values["customer"] = case.customer.model_dump(mode="json")
    values["matters"] = [matter.model_dump(mode="json") for matter in case.matters]
    for name in ("subjects", "reasons", "answered"):
        values[name] = list(values[name])
    return values


def _entry_row(case_id: UUID, entry: Entry) -> dict[str, Any]:
    return {"case_id": case_id, "at": entry.at, "what": entry.what, "actor": entry.actor, "detail": entry.detail}
