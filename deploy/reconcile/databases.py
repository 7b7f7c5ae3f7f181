"""Reading the six databases, each in one snapshot."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import orjson

from deploy.reconcile.kept import Case, Draw, Kept, Letter, RuleVersion, Send, Task, Visit
from services.analytics.domain.cells import AgentTally, Cell, Head, Tally
from services.notifications.domain.rules import kept_rule
from services.scheduler.domain.occasion import ARRIVED
from shared.db import driver_dsn
from shared.messaging.event import event_key

CONNECT_SECONDS = 10
DISSATISFIED = 2  # the best of the ratings that count as dissatisfied
WAITING = {
    "gateway": (
        "SELECT (SELECT count(*) FROM raw_message WHERE state = 'pending')"
        " + (SELECT count(*) FROM import_file WHERE state IN ('pending', 'running'))"
    ),
    "scheduler": "SELECT count(*) FROM draw WHERE state IN ('closed', 'made')",
}
_SENDS = """
    SELECT send.id::text AS id, key, send.state, accepted_at IS NOT NULL AS accepted, cause_id,
           resend_of IS NULL AND kind <> 'by_hand' AS by_event, day::text AS day,
           CASE WHEN starts_with(key, 'erased|') THEN customer_id ELSE '' END AS erased
    FROM send LEFT JOIN greeting_day ON cause_id LIKE day::text || '/%'
"""
_CASES = """
    SELECT complaint_case.id::text AS id, origin, origin_source, origin_id, state,
           (SELECT count(*) FROM case_entry WHERE case_id = complaint_case.id AND what = 'resolved') AS resolutions,
           (SELECT count(*) FROM case_entry WHERE case_id = complaint_case.id AND what IN ('closed', 'rejected')) AS closings,
           EXISTS (SELECT FROM case_entry WHERE case_id = complaint_case.id AND what = 'opened'
                   AND detail ? 'by_hand') AS by_hand
    FROM complaint_case
"""
_VISITS = """
    SELECT id::text, task_id, state, corrections, coalesce(times, ((outcome ->> 'rating')::int <= $1)::int, 0) AS dissatisfied
    FROM visit LEFT JOIN (
        SELECT visit_id, max(number) AS corrections,
               count(*) FILTER (WHERE rating <= $1 AND (before IS NULL OR before > $1)) AS times
        FROM (SELECT visit_id, number, (outcome ->> 'rating')::int AS rating,
                     lag((outcome ->> 'rating')::int) OVER (PARTITION BY visit_id ORDER BY number) AS before
              FROM record_version) AS said
        GROUP BY visit_id) AS versions ON visit_id = id
"""

# what has entered populations that are still kept, by policy, source, event and customer
_ENROLLED = """
    SELECT detail ->> 'policy', source, event_id, customer_id FROM decision, jsonb_array_elements(details) detail
    WHERE detail ->> 'result' = 'enrolled'
"""
_POPULATIONS = "SELECT policy_id, fact ->> 'source', fact ->> 'id', customer_id FROM population"
_CALLED = "SELECT policy_id, source, event_id, customer_id FROM pick WHERE state <> 'waiting'"
_PLANNED = """
    SELECT detail ->> 'task' FROM decision, jsonb_array_elements(details) detail WHERE detail ->> 'result' = 'planned'
"""
_DRAWN = """
    SELECT draw.id::text, draw.population,
           (SELECT count(*) FROM population WHERE period = draw.period AND policy_id = draw.policy_id
            AND policy_version = draw.policy_version) AS members,
           (SELECT coalesce(sum((stratum ->> 2)::int), 0) FROM jsonb_array_elements(strata) stratum) AS drawn,
           (SELECT count(*) FROM pick WHERE draw_id = draw.id AND NOT reserve AND state <> 'waiting') AS winners
    FROM draw WHERE state = 'published'
"""


@asynccontextmanager
async def _snapshot(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(driver_dsn(dsn), timeout=CONNECT_SECONDS)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            yield connection
    finally:
        await connection.close()


async def read_kept(dsns: Mapping[str, str]) -> Kept:
    """What all databases hold now; `dsns` by service."""
    kept = Kept()
    readers = {
        "gateway": _read_gateway,
        "scheduler": _read_scheduler,
        "visits": _read_visits,
        "complaints": _read_complaints,
        "notifications": _read_notifications,
        "analytics": _read_analytics,
    }
    for service, read in readers.items():
        async with _snapshot(dsns[service]) as connection:
            await read(connection, kept)
            await _read_messaging(connection, service, kept)
    return kept


async def count_waiting(dsns: Mapping[str, str]) -> dict[str, int]:
    """Unpublished events and unread messages by service."""

    async def count(service: str) -> int:
        async with _snapshot(dsns[service]) as connection:
            waiting = await connection.fetchval("SELECT count(*) FROM outbox")
            if service in WAITING:
                waiting += await connection.fetchval(WAITING[service])
        return int(waiting)

    return dict(zip(dsns, await asyncio.gather(*(count(service) for service in dsns)), strict=True))


async def _read_messaging(connection: asyncpg.Connection, service: str, kept: Kept) -> None:
    kept.outbox[service] = await connection.fetchval("SELECT count(*) FROM outbox")
    letters = await connection.fetch(
        "SELECT consumer, event_id, event_type, error_type || ': ' || error AS error FROM dead_letter "
        "WHERE state = 'open' ORDER BY created_at"
    )
    kept.letters += [Letter(service, **letter) for letter in letters]


async def _read_gateway(connection: asyncpg.Connection, kept: Kept) -> None:
    rows = await connection.fetch("SELECT source, id FROM event_identity")
    kept.identities = {(row["source"], row["id"]) for row in rows}


async def _read_scheduler(connection: asyncpg.Connection, kept: Kept) -> None:
    async for row in connection.cursor("SELECT event_key, at, source, event_id, event_type FROM decision"):
        if row["event_key"] == event_key(row["at"], row["source"], row["event_id"]):
            kept.decisions[row["source"], row["event_id"]] += 1
        elif row["event_type"] == ARRIVED:
            kept.occasions[str(row["event_key"])] += 1
    kept.enrolled = await _names(connection, _ENROLLED)
    kept.populations = await _names(connection, _POPULATIONS)
    kept.called = await _names(connection, _CALLED)
    kept.planned = await _names(connection, _PLANNED)
    drawn = await connection.fetch(_DRAWN)
    kept.draws = {row["id"]: Draw(row["population"], row["members"], row["drawn"], row["winners"]) for row in drawn}
    tasks = await connection.fetch("SELECT id::text, state, event_id, (body->>'round')::int AS round, life FROM task")
    kept.tasks = {
        row["id"]: Task(row["state"], row["event_id"], row["round"] or 1, _entered(row["life"])) for row in tasks
    }


def _entered(life: str) -> Counter[str]:
    return Counter(entry["state"] for entry in orjson.loads(life) if "state" in entry)


async def _read_visits(connection: asyncpg.Connection, kept: Kept) -> None:
    rows = await connection.fetch(_VISITS, DISSATISFIED)
    kept.visits = {
        row["id"]: Visit(row["task_id"], row["state"], row["dissatisfied"], row["corrections"] or 0) for row in rows
    }
    kept.attempts = await connection.fetchval("SELECT count(*) FROM attempt")


async def _read_complaints(connection: asyncpg.Connection, kept: Kept) -> None:
    rows = await connection.fetch(_CASES)
    kept.cases = {
        row["id"]: Case(
            row["origin"],
            row["origin_id"],
            row["state"],
            row["resolutions"],
            row["origin_source"],
            row["by_hand"],
            row["closings"],
        )
        for row in rows
    }


async def _read_notifications(connection: asyncpg.Connection, kept: Kept) -> None:
    rows = await connection.fetch(_SENDS)
    kept.sends = {
        row["id"]: Send(row["key"], row["state"], row["accepted"], row["day"] or "", row["by_event"], row["erased"])
        for row in rows
    }
    days = await connection.fetch("SELECT day::text, planned FROM greeting_day")
    kept.greeting_days = {row["day"]: row["planned"] for row in days}
    rules = await connection.fetch("SELECT body, created_at FROM document WHERE kind = 'rule'")
    kept.rules = [RuleVersion(kept_rule(orjson.loads(row["body"])), row["created_at"]) for row in rules]


async def _read_analytics(connection: asyncpg.Connection, kept: Kept) -> None:
    kept.followup_facts = await _ids(connection, "SELECT id FROM followup_fact")
    # one without a day is what a case has said of a matter that no visit rated by itself: it counts nowhere
    kept.rating_facts = await _ids(connection, "SELECT id FROM rating_fact WHERE day IS NOT NULL")
    kept.case_facts = await _ids(connection, "SELECT id FROM case_fact")
    kept.send_facts = await _ids(connection, "SELECT id FROM send_fact")
    for row in await connection.fetch("SELECT * FROM rollup"):
        kept.figures[Tally(_cell(row), row["measure"])] = row["amount"]
    for row in await connection.fetch("SELECT * FROM head_count"):
        kept.figures[Head(_cell(row), row["measure"], row["customer"])] = row["amount"]
    for row in await connection.fetch("SELECT * FROM agent_day"):
        key = AgentTally(row["day"], row["branch"], row["team"], row["agent"], row["measure"])
        kept.figures[key] = row["amount"]


async def _names(connection: asyncpg.Connection, query: str) -> Counter[str]:
    return Counter([" ".join(row) for row in await connection.fetch(query)])


async def _ids(connection: asyncpg.Connection, query: str) -> set[str]:
    return {row["id"] for row in await connection.fetch(query)}


def _cell(row: Mapping[str, Any]) -> Cell:
    return Cell(row["day"], row["branch"], row["kind"], row["policy"])
