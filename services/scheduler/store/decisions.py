"""The record of every decision."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.scheduler.domain.decide import Decision
from services.scheduler.domain.detail import AllUnmet, Detail, KeptDetail, Unmet
from services.scheduler.domain.facts import Identity
from services.scheduler.store.rows import load
from shared.contracts.intake import number_of
from shared.scope import Scope, in_units

_SAVE = text("""
    INSERT INTO decision (day, event_key, event_id, source, event_type, customer_id, subject, at, decided_at, outcome,
                          details)
    SELECT (at AT TIME ZONE 'UTC')::date, event_key, event_id, source, event_type, customer_id, subject, at, :decided_at,
           outcome, convert_from(details, 'UTF8')::jsonb
    FROM unnest(CAST(:keys AS uuid[]), CAST(:ids AS text[]), CAST(:sources AS text[]), CAST(:types AS text[]),
                CAST(:customers AS text[]), CAST(:subjects AS text[]), CAST(:times AS timestamptz[]),
                CAST(:outcomes AS text[]), CAST(:details AS bytea[]))
         AS row (event_key, event_id, source, event_type, customer_id, subject, at, outcome, details)
""")
_COLUMNS = "event_key, event_id, source, event_type, customer_id, subject, at, decided_at, outcome, details"
_OF_TASK = """(SELECT task.body ->> '{field}' FROM task WHERE task.customer_id = decision.customer_id
    AND task.event_id = decision.event_id AND task.body ->> 'event_source' = decision.source ORDER BY task.id LIMIT 1)"""
_OF_CUSTOMER = "(SELECT profile ->> 'branch' FROM customer WHERE customer.id = decision.customer_id)"
# a decision is its task's unit's; where it planned none, that of its customer's unit
_SEEN = in_units(f"coalesce({_OF_TASK.format(field='branch')}, {_OF_CUSTOMER})", _OF_TASK.format(field="team"))
_BY = {
    "event_id": "event_id = :event_id",
    "source": "source = :source",
    "customer_id": "customer_id = :customer_id",
    # a task's decisions are among those of its matters' facts; they name it as their task or as the one they joined
    "task_id": """event_id IN (SELECT event_id FROM task WHERE id = CAST(:task_id AS uuid) UNION ALL
                               SELECT matter ->> 'event_id' FROM task, jsonb_array_elements(body -> 'matters') matter
                               WHERE id = CAST(:task_id AS uuid))
        AND (details @> jsonb_build_array(jsonb_build_object('task', CAST(:task_id AS text)))
             OR details @> jsonb_build_array(jsonb_build_object('partner', CAST(:task_id AS text))))""",
}


@dataclass(frozen=True)
class StoredDecision:
    """A decision as recorded; `event_id` and `source` are the sender's."""

    event_key: UUID
    event_id: str
    source: str
    event_type: str
    customer_id: str
    subject: str
    at: datetime
    decided_at: datetime
    outcome: str
    details: list[KeptDetail]


async def save_decisions(session: AsyncSession, decisions: Sequence[Decision], at: datetime) -> None:
    """Append the records; their day partitions must exist."""
    facts = [decision.fact for decision in decisions]
    await session.execute(
        _SAVE,
        {
            "decided_at": at,
            "keys": [decision.key for decision in decisions],
            "ids": [fact.id for fact in facts],
            "sources": [fact.source for fact in facts],
            "types": [decision.name for decision in decisions],
            "customers": [fact.customer_id for fact in facts],
            "subjects": [number_of(fact.data) for fact in facts],
            "times": [decision.at for decision in decisions],
            "outcomes": [decision.outcome for decision in decisions],
            "details": [details_json(decision.details) for decision in decisions],
        },
    )


def details_json(details: Sequence[Detail | Unmet]) -> bytes:
    """JSON of a record's details; what many records share comes first and is not encoded again."""
    if type(details) is AllUnmet:
        return details.encoded
    unmet = [detail.encoded for detail in details if type(detail) is Unmet]
    own = [detail for detail in details if type(detail) is not Unmet]
    return b"[%s]" % b",".join([*unmet, orjson.dumps(own)[1:-1]] if own else unmet)


async def list_decisions(
    session: AsyncSession,
    filters: Mapping[str, str],
    scope: Scope,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[StoredDecision]:
    """Newest facts first, at most `limit + 1`; `filters` by event_id, source, customer_id or task_id."""
    wheres = [_SEEN, *(_BY[name] for name in filters)]
    values: dict[str, Any] = {**filters, "units": scope.limit, "limit": limit + 1}
    if after is not None:
        wheres.append("(at, event_key) < (:at, CAST(:key AS uuid))")
        values |= {"at": after[0], "key": after[1]}
    where = " AND ".join(wheres)
    query = f"SELECT {_COLUMNS} FROM decision WHERE {where} ORDER BY at DESC, event_key DESC LIMIT :limit"  # noqa: S608
    rows = await session.execute(text(query), values)
    return [StoredDecision(**{**row, "details": load(row["details"])}) for row in rows.mappings()]


async def find_about(
    session: AsyncSession, customer_id: str, order: str, scope: Scope, limit: int
) -> list[StoredDecision]:
    """Decisions on facts about a customer's document, newest first; a fact that names nobody may be the one, too."""
    query = (
        f"SELECT {_COLUMNS} FROM decision WHERE customer_id IN (:customer_id, '') AND subject = :order "  # noqa: S608
        f"AND {_SEEN} ORDER BY at DESC, event_key DESC LIMIT :limit"
    )
    values = {"customer_id": customer_id, "order": order, "units": scope.limit, "limit": limit}
    rows = await session.execute(text(query), values)
    return [StoredDecision(**{**row, "details": load(row["details"])}) for row in rows.mappings()]


async def find_of_events(
    session: AsyncSession, facts: Sequence[Identity], scope: Scope, limit: int
) -> list[StoredDecision]:
    """Decisions on these facts, newest first; without a source, on those with the id from any."""
    query = (
        f"SELECT {_COLUMNS} FROM decision WHERE event_id = ANY(CAST(:events AS text[])) AND EXISTS "  # noqa: S608
        "(SELECT FROM unnest(CAST(:events AS text[]), CAST(:sources AS text[])) AS wanted (id, of) "
        f"WHERE wanted.id = event_id AND wanted.of IN ('', source)) AND {_SEEN} "
        "ORDER BY at DESC, event_key DESC LIMIT :limit"
    )
    events, sources = zip(*facts, strict=True)
    values = {"events": list(events), "sources": list(sources), "units": scope.limit, "limit": limit}
    rows = await session.execute(text(query), values)
    return [StoredDecision(**{**row, "details": load(row["details"])}) for row in rows.mappings()]


async def count_outcomes(session: AsyncSession, first: date | None, last: date | None, scope: Scope) -> dict[str, int]:
    """How many decisions came to each outcome, over the UTC days `first` to `last` of their facts; None = no limit."""
    rows = await session.execute(
        text(f"""
            SELECT outcome, count(*) FROM decision
            WHERE (CAST(:first AS date) IS NULL OR day >= :first) AND (CAST(:last AS date) IS NULL OR day <= :last)
              AND {_SEEN}
            GROUP BY outcome ORDER BY count(*) DESC, outcome
        """),  # noqa: S608 - constants only
        {"first": first, "last": last, "units": scope.limit},
    )
    return {outcome: amount for outcome, amount in rows}  # noqa: C416 - rows are not pairs to the type checker
