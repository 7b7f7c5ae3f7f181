"""Facts are locked by id, so that events of one fact on several topics, in several processes, take turns."""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any, TypeVar

from sqlalchemy import Table, TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.analytics.domain.cases import CaseFact
from services.analytics.domain.followups import FollowupFact
from services.analytics.domain.ratings import RatingFact
from services.analytics.domain.sends import SendFact
from services.analytics.models import CaseRow, FollowupRow, RatingRow, SendRow
from shared.bulk import changes, columns

F = TypeVar("F", FollowupFact, RatingFact, CaseFact, SendFact)
_ROWS: dict[type[Any], Any] = {
    FollowupFact: FollowupRow,
    RatingFact: RatingRow,
    CaseFact: CaseRow,
    SendFact: SendRow,
}
_CASES_OF = text("""
    SELECT fact.id
    FROM unnest(CAST(:customers AS text[]), CAST(:kinds AS text[])) AS matter (customer, kind)
    JOIN case_fact AS fact USING (customer, kind)
""")


async def lock_facts(session: AsyncSession, kind: type[F], ids: Iterable[str]) -> dict[str, F]:
    """The facts of these ids by id, locked until the transaction ends; unknown ones begin empty."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    create, lock, _ = _SQL[kind]
    await session.execute(create, {"ids": wanted})
    rows = await session.execute(lock, {"ids": wanted})
    return {row["id"]: kind(**row) for row in rows.mappings()}


async def save_facts(session: AsyncSession, kind: type[F], facts: Sequence[F]) -> None:
    """Write locked facts back."""
    if not facts:
        return
    _, _, update = _SQL[kind]
    await session.execute(update, {field.name: [getattr(fact, field.name) for fact in facts] for field in fields(kind)})


async def case_ids_of(session: AsyncSession, matters: Iterable[tuple[str, str]]) -> list[str]:
    """Ids of the cases of these (customer, kind) pairs."""
    pairs = sorted(matters)
    if not pairs:
        return []
    rows = await session.execute(
        _CASES_OF, {"customers": [pair[0] for pair in pairs], "kinds": [pair[1] for pair in pairs]}
    )
    return list(rows.scalars())


def _statements(kind: type[Any]) -> tuple[TextClause, TextClause, TextClause]:
    """Create what is missing, lock in id order (against deadlocks), write back: one statement each for a whole batch."""
    table: Table = _ROWS[kind].__table__
    names = [field.name for field in fields(kind)]
    # S608: names come from our own dataclasses, values are bound
    create = f"""
        INSERT INTO {table.name} (id) SELECT id FROM unnest(CAST(:ids AS text[])) AS wanted (id)
        ORDER BY id ON CONFLICT DO NOTHING
    """  # noqa: S608
    lock = f"SELECT {', '.join(names)} FROM {table.name} WHERE id = ANY(CAST(:ids AS text[])) ORDER BY id FOR UPDATE"  # noqa: S608
    update = f"""
        UPDATE {table.name} AS fact SET {changes((name for name in names if name != "id"), "changed")}
        FROM {columns(table, names, "changed")} WHERE fact.id = changed.id
    """  # noqa: S608
    return text(create), text(lock), text(update)


_SQL = {kind: _statements(kind) for kind in _ROWS}
