"""What runs of policies with several steps wait for, and the events without a customer that may be it."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.scheduler.domain.facts import Fact
from services.scheduler.domain.kept.reading import Reading
from services.scheduler.domain.kept.waiting import Waiting
from services.scheduler.domain.occasion import recalled, recorded
from services.scheduler.store.rows import dump, load

_COLUMNS = "id, run_id, policy_id, policy_version, step, kind, task_id, since, until, signals, body"
_WAITING = f"SELECT {_COLUMNS} FROM waiting_step WHERE customer_id = ANY(CAST(:ids AS text[])) ORDER BY id"  # noqa: S608
_FIND = text(_WAITING)
_LOCK = text(_WAITING + " FOR UPDATE")
_LISTENING = text("""
    SELECT customer_id FROM waiting_step WHERE customer_id = ANY(CAST(:ids AS text[]))
    UNION SELECT customer_id FROM heard_fact WHERE customer_id = ANY(CAST(:ids AS text[])) AND at >= :first
""")
_ABOUT = text("SELECT task_id, customer_id FROM waiting_step WHERE task_id = ANY(CAST(:ids AS uuid[]))")
_SAVE = text("""
    INSERT INTO waiting_step (id, customer_id, run_id, policy_id, policy_version, step, kind, task_id, since, until,
                              signals, body)
    SELECT id, customer_id, run_id, policy_id, policy_version, step, kind, task_id, since, until,
           ARRAY(SELECT jsonb_array_elements_text(signals::jsonb)), body::jsonb
    FROM unnest(CAST(:id AS uuid[]), CAST(:customer_id AS text[]), CAST(:run AS uuid[]), CAST(:policy_id AS text[]),
                CAST(:version AS int[]), CAST(:step AS text[]), CAST(:kind AS text[]), CAST(:task_id AS uuid[]),
                CAST(:since AS timestamptz[]), CAST(:until AS timestamptz[]), CAST(:signals AS text[]),
                CAST(:body AS text[]))
         AS row (id, customer_id, run_id, policy_id, policy_version, step, kind, task_id, since, until, signals, body)
    ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, task_id = excluded.task_id, since = excluded.since,
        until = excluded.until, signals = excluded.signals, body = excluded.body
""")
_END = text("DELETE FROM waiting_step WHERE id = ANY(CAST(:ids AS uuid[]))")
_CALL_OFF = text("""
    UPDATE waiting_step SET until = :at FROM
        (SELECT id FROM waiting_step WHERE task_id = ANY(CAST(:ids AS uuid[])) ORDER BY id FOR UPDATE) called
    WHERE waiting_step.id = called.id
""")
_OVER = text("""
    SELECT waiting_step.customer_id, waiting_step.until, task.id, task.state, task.reason, task.due_at, task.changed_at,
           task.life @> '[{"state": "released"}]'
    FROM waiting_step LEFT JOIN task ON task.id = waiting_step.task_id
    WHERE until <= :now ORDER BY until, task.due_at NULLS FIRST, task.id, waiting_step.id LIMIT :limit
""")
_SIGNAL = text("""
    INSERT INTO signal (name, event_key, at, fact)
    SELECT name, event_key, at, fact::jsonb
    FROM unnest(CAST(:names AS text[]), CAST(:keys AS uuid[]), CAST(:times AS timestamptz[]), CAST(:facts AS text[]))
         AS row (name, event_key, at, fact)
    ON CONFLICT DO NOTHING
""")
_SIGNALLED = text("""
    SELECT waiting_step.customer_id, signal.event_key, signal.fact
    FROM signal JOIN waiting_step ON waiting_step.signals @> ARRAY[signal.name]
    WHERE waiting_step.kind = 'event' AND waiting_step.since < signal.at
      AND (waiting_step.until IS NULL OR signal.at < waiting_step.until)
    ORDER BY signal.at, signal.event_key, waiting_step.id LIMIT :limit
""")
_FORGET = text("DELETE FROM signal WHERE at < :before")


class Over(NamedTuple):
    """A wait that is over, and the task whose result was waited for, as it stands."""

    customer_id: str
    until: datetime
    task_id: UUID | None
    state: str | None
    reason: str | None
    due_at: datetime | None
    changed_at: datetime | None
    was_released: bool | None


async def find_waiting(session: AsyncSession, customers: Iterable[str], lock: bool) -> dict[str, tuple[Waiting, ...]]:
    """What runs wait for, by customer; locked, nothing else moves these runs on."""
    found: dict[str, tuple[Waiting, ...]] = defaultdict(tuple)
    for row in (await session.execute(_LOCK if lock else _FIND, {"ids": sorted(customers)})).mappings():
        waiting = _waiting(dict(row))
        found[waiting.customer_id] += (waiting,)
    return found


async def find_listening(session: AsyncSession, customers: Collection[str], first: datetime) -> set[str]:
    """Those of the customers who have a run going, or of whom something was heard that happened at `first` or later."""
    values = {"ids": list(customers), "first": first}
    return set((await session.execute(_LISTENING, values)).scalars()) if customers else set()


async def find_about(session: AsyncSession, tasks: Collection[UUID]) -> dict[UUID, str]:
    """Of these tasks, those whose result somebody waits for, with their customers."""
    rows = await session.execute(_ABOUT, {"ids": list(tasks)}) if tasks else ()
    return {task_id: customer_id for task_id, customer_id in rows}  # noqa: C416 - rows are not pairs to the type checker


async def find_over(session: AsyncSession, now: datetime, limit: int) -> list[Over]:
    """Waits whose time is over, among them those for a task that was called off; the longest over first."""
    return [Over(*row) for row in await session.execute(_OVER, {"now": now, "limit": limit})]


async def find_signalled(session: AsyncSession, limit: int) -> list[tuple[str, Fact]]:
    """Customers who wait for an event without a customer that has happened, in the order of the events."""
    rows = await session.execute(_SIGNALLED, {"limit": limit})
    facts: dict[UUID, Fact] = {}
    found = []
    for customer_id, key, kept in rows:
        if key not in facts:
            facts[key] = recalled(load(kept), key)
        found.append((customer_id, facts[key]))
    return found


async def save_waiting(session: AsyncSession, before: Iterable[Waiting], after: Iterable[Waiting]) -> None:
    """Make what is kept of locked runs what it is now."""
    known, now = {row.id: row for row in before}, {row.id: row for row in after}
    changed = [row for row in now.values() if known.get(row.id) != row]
    if changed:
        await session.execute(_SAVE, _columns(sorted(changed, key=lambda row: row.id)))
    if ended := sorted(known.keys() - now.keys()):
        await session.execute(_END, {"ids": ended})


async def call_off(session: AsyncSession, tasks: Sequence[UUID], at: datetime) -> None:
    """These tasks will have no result: whoever waits for one need not wait any longer."""
    if tasks:
        await session.execute(_CALL_OFF, {"ids": list(tasks), "at": at})


async def save_signals(session: AsyncSession, signals: Mapping[str, Sequence[Fact]]) -> None:
    """Keep events without a customer, by what waiting runs recognise them by, until everybody has been told."""
    rows = [(name, fact) for name, facts in signals.items() for fact in facts]
    if rows:
        values = {
            "names": [name for name, _ in rows],
            "keys": [fact.key for _, fact in rows],
            "times": [fact.at for _, fact in rows],
            "facts": [dump(recorded(fact)) for _, fact in rows],
        }
        await session.execute(_SIGNAL, values)


async def forget_signals(session: AsyncSession, before: datetime) -> None:
    await session.execute(_FORGET, {"before": before})


def _columns(rows: Sequence[Waiting]) -> dict[str, Any]:
    names = ("id", "customer_id", "run", "policy_id", "version", "step", "kind", "task_id", "since", "until")
    values: dict[str, Any] = {name: [getattr(row, name) for row in rows] for name in names}
    return values | {
        "signals": [dump(row.signals) for row in rows],
        "body": [dump(_body(row)) for row in rows],
    }


def _body(row: Waiting) -> dict[str, Any]:
    told = {"fact": recorded(row.fact), "began": row.began, "due": row.due, "types": row.types, "same": row.same}
    told |= {"first": row.first, "reading": row.reading and [*map(str, row.reading)], "stopped": row.stopped}
    return {name: value for name, value in told.items() if value}


def recorded_waiting(row: Waiting) -> dict[str, Any]:
    """One row as JSON; `kept` reads it."""
    columns = {name: value[0] for name, value in _columns([row]).items()}
    ids = {name: str(row_id) for name, row_id in columns.items() if isinstance(row_id, UUID)}
    return columns | ids | {"signals": row.signals, "body": _body(row)}


def kept(recorded: Mapping[str, Any]) -> Waiting:
    """The row that `recorded_waiting` wrote."""
    told = dict(recorded)
    moments = {name: told[name] and datetime.fromisoformat(told[name]) for name in ("since", "until")}
    ids = {name: told[name] and UUID(told[name]) for name in ("id", "task_id")}
    return _waiting(told | moments | ids | {"run_id": UUID(told["run"]), "policy_version": told["version"]})


def _waiting(row: Mapping[str, Any]) -> Waiting:
    body = load(row["body"])
    return Waiting(
        id=row["id"],
        run=row["run_id"],
        policy_id=row["policy_id"],
        version=row["policy_version"],
        step=row["step"],
        kind=row["kind"],
        fact=recalled(body["fact"]),
        began=datetime.fromisoformat(body["began"]),
        since=row["since"],
        until=row["until"],
        task_id=row["task_id"],
        due=datetime.fromisoformat(body["due"]) if "due" in body else None,
        types=tuple(body.get("types", ())),
        same=body.get("same", ""),
        signals=tuple(row["signals"]),
        first=datetime.fromisoformat(body["first"]) if "first" in body else None,
        reading=Reading(*map(Decimal, body["reading"])) if "reading" in body else None,
        stopped=tuple(body.get("stopped", ())),
    )
