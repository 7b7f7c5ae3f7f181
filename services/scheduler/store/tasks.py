"""Tasks: their history, what is due, and their place in the contact ledger."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.scheduler.domain.customer import Customer
from services.scheduler.domain.facts import Identity
from services.scheduler.domain.kept.contact_result import CALLBACK
from services.scheduler.domain.restraint.contacts import Settlement
from services.scheduler.domain.restraint.merge import ASKED, MERGED
from services.scheduler.domain.restraint.release import CaseStanding, Circumstances
from services.scheduler.domain.task import Released, Task
from services.scheduler.store.customers import customer_of
from services.scheduler.store.rows import dump, encode, load
from services.scheduler.store.timed import save_timed
from services.scheduler.store.waiting import call_off
from shared.scope import WHOLE, Scope, in_units
from shared.zone import local_day

COLUMNS = (
    *("id", "policy_id", "policy_version", "event_id", "customer_id"),
    *("case_id", "due_at", "deadline_at", "state", "reason"),
)
BODY = tuple(field for field in Task.__struct_fields__ if field not in COLUMNS)
FREED = "released"  # how the column says that a contact counts no more
_TASK = ", ".join(f"task.{column}" for column in (*COLUMNS, "body"))

_SAVE = text("""
    INSERT INTO task (id, policy_id, policy_version, event_id, customer_id, case_id, due_at, deadline_at, state, reason,
                      planned_at, changed_at, body)
    SELECT id, policy_id, policy_version, event_id, customer_id, case_id, due_at, deadline_at, state, reason,
           :at, :at, convert_from(body, 'UTF8')::jsonb
    FROM unnest(CAST(:id AS uuid[]), CAST(:policy_id AS text[]), CAST(:policy_version AS int[]),
                CAST(:event_id AS text[]), CAST(:customer_id AS text[]), CAST(:case_id AS text[]),
                CAST(:due_at AS timestamptz[]), CAST(:deadline_at AS timestamptz[]), CAST(:state AS text[]),
                CAST(:reason AS text[]), CAST(:body AS bytea[]))
         AS row (id, policy_id, policy_version, event_id, customer_id, case_id, due_at, deadline_at, state, reason, body)
    ON CONFLICT (id) DO UPDATE SET due_at = excluded.due_at, deadline_at = excluded.deadline_at, state = excluded.state,
        reason = excluded.reason, changed_at = excluded.changed_at, body = excluded.body,
        life = task.life || CASE WHEN (task.state, task.reason, task.due_at) = (excluded.state, excluded.reason,
            excluded.due_at) THEN '[]' ELSE jsonb_build_array(jsonb_build_object('at', excluded.changed_at, 'state',
            excluded.state, 'reason', excluded.reason, 'due', excluded.due_at)) END
""")
_SAVE_DUE = text("""
    INSERT INTO due (task_id, customer_id, due_at)
    SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:customers AS text[]), CAST(:times AS timestamptz[]))
    ON CONFLICT (task_id) DO UPDATE SET due_at = excluded.due_at
""")
_HOLD_DUE = text("""
    UPDATE due SET due_at = held.due_at
    FROM unnest(CAST(:ids AS uuid[]), CAST(:times AS timestamptz[])) AS held (task_id, due_at)
    WHERE due.task_id = held.task_id
""")
_DROP_DUE = text("DELETE FROM due WHERE task_id = ANY(CAST(:ids AS uuid[]))")
_SAVE_LEDGER = text("""
    INSERT INTO contact_ledger (task_id, customer_id, day, state, purpose, policies, tier)
    SELECT id, customer_id, day, state, purpose, string_to_array(policies, ','), tier
    FROM unnest(CAST(:ids AS uuid[]), CAST(:customers AS text[]), CAST(:days AS date[]), CAST(:states AS text[]),
                CAST(:purposes AS text[]), CAST(:policies AS text[]), CAST(:tiers AS text[]))
         AS row (id, customer_id, day, state, purpose, policies, tier)
    ON CONFLICT (task_id) DO UPDATE SET day = excluded.day, state = excluded.state, policies = excluded.policies
    WHERE contact_ledger.state <> 'committed'
""")
_OPEN_TASKS = (
    f"SELECT {_TASK} FROM due JOIN task ON task.id = due.task_id "  # noqa: S608 - constants only
    "WHERE due.customer_id = ANY(CAST(:ids AS text[])) ORDER BY due.task_id"
)
_OPEN = text(_OPEN_TASKS)
_LOCK_OPEN = text(_OPEN_TASKS + " FOR UPDATE OF due")
# what was kept before it said its source is recognised by the id alone
_ABOUT = """task.customer_id = ANY(CAST(:customers AS text[])) AND EXISTS (
    SELECT FROM unnest(CAST(:events AS text[]), CAST(:sources AS text[])) AS wanted (id, source)
    WHERE (event_id = wanted.id AND coalesce(body ->> 'event_source', '') IN ('', wanted.source)) OR EXISTS (
        SELECT FROM jsonb_array_elements(body -> 'matters') matter
        WHERE matter ->> 'event_id' = wanted.id AND coalesce(matter ->> 'event_source', '') IN ('', wanted.source)))"""
_SEEN = in_units("task.body ->> 'branch'", "task.body ->> 'team'")
_CLAIM_ONE = text("DELETE FROM due WHERE task_id = CAST(:id AS uuid)")
_CLAIM = text("""
    SELECT task_id, due_at FROM due WHERE due_at <= :now ORDER BY due_at, task_id LIMIT :limit FOR UPDATE SKIP LOCKED
""")
_WITH_CIRCUMSTANCES = (
    f"SELECT {_TASK}, task.planned_at, customer.profile, customer.as_of, customer.older, customer.opted_out, "  # noqa: S608
    "customer.paused_until, "
    "own.state AS case_state, own.resolved_by, own.reopened, (SELECT bool_or(c.reopened) FROM complaint_case c "
    "WHERE c.customer_id = task.customer_id AND c.state = 'open') AS open_reopened "
    "FROM task LEFT JOIN customer ON customer.id = task.customer_id "
    "LEFT JOIN complaint_case own ON own.id = task.case_id WHERE {which} ORDER BY task.due_at, task.id"
)
_CLAIMED = text(_WITH_CIRCUMSTANCES.format(which="task.id = ANY(CAST(:ids AS uuid[]))"))
_RELEASED = text(
    _WITH_CIRCUMSTANCES.format(which="task.customer_id = ANY(CAST(:customers AS text[])) AND task.state = 'released'")
)
_LOCK_DUE = text("""
    SELECT task_id FROM due WHERE customer_id = ANY(CAST(:customers AS text[])) OR task_id = ANY(CAST(:ids AS uuid[]))
    ORDER BY task_id FOR UPDATE
""")
_UNFINISHED = text(
    f"SELECT {_TASK} FROM task WHERE id = ANY(CAST(:ids AS uuid[])) "  # noqa: S608 - constants only
    "AND state IN ('planned', 'released') ORDER BY deadline_at, id"
)
# as `recall.visit_ends` has it; what was postponed is due no more
_END = text("""
    WITH over AS (
        UPDATE task SET state = ended.state, reason = ended.reason, changed_at = :at
        FROM (SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:states AS text[]), CAST(:reasons AS text[]))
                       AS row (id, state, reason) ORDER BY id) ended
        WHERE task.id = ended.id AND (task.state = 'released' OR (task.life @> '[{"state": "released"}]' AND
            (task.state = 'planned' OR (task.state IN ('cancelled', 'expired') AND ended.state = 'done'))))
        RETURNING task.id, task.state),
    gone AS (DELETE FROM due USING over WHERE due.task_id = over.id)
    SELECT state FROM over
""")
_RELEASE_FAILED = text("""
    WITH again AS (
        UPDATE task SET state = 'released', reason = '', changed_at = :at
        WHERE id = CAST(:id AS uuid) AND state = 'failed' RETURNING id, life)
    UPDATE contact_ledger SET state = 'reserved' FROM again
    WHERE task_id = again.id AND NOT again.life @> '[{"visit": "callback_agreed"}]'
""")
_IS_RELEASED = text("SELECT state = 'released' FROM task WHERE id = CAST(:id AS uuid)")
_REFUSED_BY = text("""
    SELECT EXISTS (SELECT FROM task WHERE customer_id = :customer AND state = 'failed' AND reason = 'refused'
                   AND body ->> 'channel' = :channel)
""")
_SENT_BY = text("""
    SELECT told.position FROM unnest(CAST(:ids AS uuid[]), CAST(:channels AS text[]))
        WITH ORDINALITY AS told (id, channel, position)
    JOIN task ON task.id = told.id AND told.channel IN ('', task.body ->> 'channel')
""")
_NOTE = text("""
    UPDATE task SET life = task.life || noted.entries::jsonb
    FROM (SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:entries AS text[])) AS row (id, entries) ORDER BY id) noted
    WHERE task.id = noted.id
""")
_SETTLE = text("""
    UPDATE contact_ledger SET state = settled.state, day = settled.day
    FROM unnest(CAST(:ids AS uuid[]), CAST(:states AS text[]), CAST(:days AS date[])) AS settled (task_id, state, day)
    WHERE contact_ledger.task_id = settled.task_id
      AND (contact_ledger.state = 'reserved' OR settled.state = 'committed')
""")


@dataclass(frozen=True)
class StoredTask:
    """A task with the moments of its planning and last change, and what became of it since: {at, state, reason, …}."""

    task: Task
    planned_at: datetime
    changed_at: datetime
    life: tuple[Mapping[str, Any], ...] = ()

    @property
    def released(self) -> Released:
        """The task as one that is out."""
        return Released(self.task, any(entry.get("visit") == CALLBACK for entry in self.life))


def _task(row: RowMapping) -> Task:
    body = load(row["body"])
    tuples = {name: tuple(value) for name, value in body.items() if type(value) is list}
    task = Task(**{column: row[column] for column in COLUMNS}, **(body | tuples))
    return task._replace(warn_at=datetime.fromisoformat(body["warn_at"])) if body.get("warn_at") else task


async def save_tasks(session: AsyncSession, tasks: Sequence[Task], at: datetime) -> None:
    """Write tasks in their new state, with what is due and reserved because of it. Each task at most once."""
    if not tasks:
        return
    values: dict[str, Any] = {column: [getattr(task, column) for task in tasks] for column in COLUMNS}
    bodies = [encode({name: getattr(task, name) for name in BODY}) for task in tasks]
    await session.execute(_SAVE, values | {"body": bodies, "at": at})
    planned = [task for task in tasks if task.state == "planned"]
    await _save_due(planned, session)
    await save_timed(session, planned)
    gone = [task.id for task in tasks if task.state != "planned"]
    if gone:
        await session.execute(_DROP_DUE, {"ids": gone})
    called_off = [task.id for task in tasks if task.state in ("cancelled", "expired") and task.reason != MERGED]
    await call_off(session, called_off, at)
    await _save_ledger([task for task in tasks if task.counted and task.state != "released"], session)


async def _save_due(tasks: Sequence[Task], session: AsyncSession) -> None:
    if tasks:
        values = {"ids": [task.id for task in tasks], "customers": [task.customer_id for task in tasks]}
        await session.execute(_SAVE_DUE, values | {"times": [task.due_at for task in tasks]})


async def hold_due(session: AsyncSession, held: Mapping[UUID, datetime]) -> None:
    """Let these claimed tasks come up again at their moments; when they are planned for stays."""
    await session.execute(_HOLD_DUE, {"ids": list(held), "times": list(held.values())})


async def _save_ledger(tasks: Sequence[Task], session: AsyncSession) -> None:
    if tasks:
        values = {
            "ids": [task.id for task in tasks],
            "customers": [task.customer_id for task in tasks],
            "days": [local_day(task.due_at) for task in tasks],
            "states": ["reserved" if task.state == "planned" else FREED for task in tasks],
            "purposes": [task.purpose for task in tasks],
            "policies": [",".join(task.counted) for task in tasks],
            "tiers": [task.tier for task in tasks],
        }
        await session.execute(_SAVE_LEDGER, values)


async def find_open(session: AsyncSession, customers: Iterable[str], lock: bool) -> dict[str, tuple[Task, ...]]:
    """Planned tasks not yet released, by customer; locked, they are not released meanwhile."""
    found: dict[str, tuple[Task, ...]] = {}
    rows = await session.execute(_LOCK_OPEN if lock else _OPEN, {"ids": list(customers)})
    for row in rows.mappings():
        found[row["customer_id"]] = (*found.get(row["customer_id"], ()), _task(row))
    return found


class Claimed(NamedTuple):
    """A due task with what release must know. It came up when it was due, or its window opened; it may have been planned
    after that."""

    task: Task
    known: Circumstances
    came_up_at: datetime
    planned_at: datetime


async def claim_due(session: AsyncSession, now: datetime, limit: int) -> list[Claimed]:
    """Lock up to `limit` due tasks that no other replica has, the longest due first."""
    claimed: dict[UUID, datetime] = dict(iter(await session.execute(_CLAIM, {"now": now, "limit": limit})))
    if not claimed:
        return []
    # a second statement: the first one's snapshot may be older than a change of the task that the claim waited out
    rows = await session.execute(_CLAIMED, {"ids": list(claimed)})
    return [Claimed(_task(row), _circumstances(row), claimed[row["id"]], row["planned_at"]) for row in rows.mappings()]


async def find_released(session: AsyncSession, names: Sequence[str]) -> list[tuple[Task, Circumstances]]:
    """What locked customers have out, as `claim_due` gives it; what is being released right now is waited for."""
    await session.execute(_LOCK_DUE, {"customers": list(names), "ids": []})
    rows = await session.execute(_RELEASED, {"customers": list(names)})
    return [(_task(row), _circumstances(row)) for row in rows.mappings()]


def _circumstances(row: RowMapping) -> Circumstances:
    customer = Customer(row["customer_id"])
    if row["profile"] is not None:
        known = (row[name] for name in ("profile", "as_of", "older", "opted_out", "paused_until"))
        customer = customer_of(customer.id, *known)
    case = CaseStanding(row["case_state"], row["resolved_by"], row["reopened"]) if row["case_state"] else None
    open_reopened = row["open_reopened"]  # none is open, some are, one of them was sent back: None, False, True
    return Circumstances(customer, open_reopened is not None, bool(open_reopened), case)


async def find_unfinished(session: AsyncSession, ids: Sequence[UUID]) -> list[Task]:
    """Those of these tasks that are planned or released."""
    rows = await session.execute(_UNFINISHED, {"ids": list(ids)})
    return [_task(row) for row in rows.mappings()]


async def claim_planned(session: AsyncSession, task_id: UUID) -> None:
    """Take one task, should it be planned, so that nobody releases it; who releases it right now is waited for."""
    await session.execute(_CLAIM_ONE, {"id": task_id})


async def end_tasks(session: AsyncSession, ended: Mapping[UUID, tuple[str, str]], at: datetime) -> list[str]:
    """Tasks whose visit ended: id → (state, reason). Returns the states of those that changed."""
    if not ended:
        return []
    await session.execute(
        _LOCK_DUE, {"customers": [], "ids": list(ended)}
    )  # before the tasks, as whoever releases does
    states, reasons = zip(*ended.values(), strict=True)
    values = {"ids": list(ended), "states": list(states), "reasons": list(reasons), "at": at}
    return list((await session.execute(_END, values)).scalars())


async def release_failed(session: AsyncSession, task_id: UUID, at: datetime) -> bool:
    """A failed task is out again and its contact to be made; one that took place in part stays counted. Whether it is out."""
    values = {"id": task_id}
    await session.execute(_RELEASE_FAILED, values | {"at": at})
    return bool((await session.execute(_IS_RELEASED, values)).scalar())


async def has_refused(session: AsyncSession, customer_id: str, channel: str) -> bool:
    """Whether the customer has refused in a visit by this channel."""
    return bool((await session.execute(_REFUSED_BY, {"customer": customer_id, "channel": channel})).scalar())


async def find_made_by(session: AsyncSession, messages: Sequence[tuple[UUID, str]]) -> list[int]:
    """Which of these messages (task, channel) are their task's contact, by position; others only tell of it."""
    if not messages:
        return []
    ids, channels = zip(*messages, strict=True)
    rows = await session.execute(_SENT_BY, {"ids": list(ids), "channels": list(channels)})
    return [position - 1 for position in rows.scalars()]


async def note_life(session: AsyncSession, entries: Mapping[UUID, Sequence[Mapping[str, Any]]]) -> None:
    """What is told of tasks' lives beside the changes that `save_tasks` notes: id → [{at, …}]."""
    if entries:
        await session.execute(_NOTE, {"ids": list(entries), "entries": [dump(entry) for entry in entries.values()]})


async def settle_contacts(session: AsyncSession, contacts: Mapping[UUID, Settlement]) -> None:
    """What became of reserved contacts, by task."""
    if contacts:
        states = [FREED if one.state == "freed" else one.state for one in contacts.values()]
        days = [one.day for one in contacts.values()]
        await session.execute(_SETTLE, {"ids": list(contacts), "states": states, "days": days})


async def get_task(session: AsyncSession, task_id: UUID, scope: Scope) -> StoredTask | None:
    values = {"id": task_id, "units": scope.limit, "limit": 1}
    rows = await _select(session, f"task.id = CAST(:id AS uuid) AND {_SEEN}", values)
    return rows[0] if rows else None


async def find_tasks(session: AsyncSession, ids: Iterable[UUID]) -> list[Task]:
    rows = await _select(session, "task.id = ANY(CAST(:ids AS uuid[]))", {"ids": list(ids), "limit": None})
    return [row.task for row in rows]


async def find_about(
    session: AsyncSession, customers: Sequence[str], facts: Sequence[Identity], limit: int, scope: Scope = WHOLE
) -> list[StoredTask]:
    """Tasks of these customers that one of these facts planned or is a matter of."""
    values = _about(customers, facts) | {"units": scope.limit, "limit": limit}
    return await _select(session, f"{_ABOUT} AND {_SEEN}", values)


async def find_asked(
    session: AsyncSession, customers: Sequence[str], facts: Sequence[Identity]
) -> dict[str, tuple[Task, ...]]:
    """Released or made contacts of these customers about one of these facts, by customer."""
    values = _about(customers, facts) | {"states": list(ASKED), "limit": None}
    found: dict[str, tuple[Task, ...]] = {}
    for row in await _select(session, f"{_ABOUT} AND task.state = ANY(CAST(:states AS text[]))", values):
        found[row.task.customer_id] = (*found.get(row.task.customer_id, ()), row.task)
    return found


def _about(customers: Sequence[str], facts: Sequence[Identity]) -> dict[str, Any]:
    return {
        "customers": list(customers),
        "events": [event_id for event_id, _ in facts],
        "sources": [source for _, source in facts],
    }


async def list_tasks(
    session: AsyncSession,
    filters: Mapping[str, Any],
    scope: Scope,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[StoredTask]:
    """By due time, at most `limit + 1`; `filters` by state, customer_id, due_from (inclusive), due_to (exclusive)."""
    by = {"due_from": "task.due_at >= :due_from", "due_to": "task.due_at < :due_to"}
    wheres = [_SEEN, *(by.get(name, f"task.{name} = :{name}") for name in filters)]
    values = {**filters, "units": scope.limit, "limit": limit + 1}
    if after is not None:
        wheres.append("(task.due_at, task.id) > (:after_due, CAST(:after_id AS uuid))")
        values |= {"after_due": after[0], "after_id": after[1]}
    return await _select(session, " AND ".join(wheres), values)


async def _select(session: AsyncSession, where: str, values: Mapping[str, Any]) -> list[StoredTask]:
    rows = await session.execute(
        text(
            f"SELECT {_TASK}, planned_at, changed_at, life FROM task WHERE {where} "  # noqa: S608 - constants only
            "ORDER BY task.due_at, task.id LIMIT :limit"
        ),
        values,
    )
    return [
        StoredTask(_task(row), row["planned_at"], row["changed_at"], tuple(load(row["life"])))
        for row in rows.mappings()
    ]
