"""Results that led runs on, in case they are corrected."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.scheduler.domain.kept.waiting import LedOn
from services.scheduler.store.rows import dump, load
from services.scheduler.store.waiting import kept, recorded_waiting

_FIND = text("SELECT customer_id, at, body FROM led_step WHERE task_id = ANY(CAST(:ids AS uuid[])) ORDER BY id")
_SAVE = text("""
    INSERT INTO led_step (id, customer_id, task_id, at, body)
    SELECT id, customer_id, task_id, at, body::jsonb
    FROM unnest(CAST(:ids AS uuid[]), CAST(:customers AS text[]), CAST(:tasks AS uuid[]), CAST(:times AS timestamptz[]),
                CAST(:bodies AS text[])) AS row (id, customer_id, task_id, at, body)
    ON CONFLICT (id) DO UPDATE SET task_id = excluded.task_id, at = excluded.at, body = excluded.body
""")
_END = text("DELETE FROM led_step WHERE id = ANY(CAST(:ids AS uuid[]))")
_FORGET = text("DELETE FROM led_step WHERE at < :before")


async def find_led(session: AsyncSession, tasks: Collection[UUID]) -> dict[str, tuple[LedOn, ...]]:
    """What the results of these tasks have led to, by customer."""
    found: dict[str, tuple[LedOn, ...]] = defaultdict(tuple)
    rows = await session.execute(_FIND, {"ids": list(tasks)}) if tasks else ()
    for customer_id, at, body in rows:
        found[customer_id] += (_led(at, load(body)),)
    return found


async def save_led(session: AsyncSession, before: Iterable[LedOn], after: Iterable[LedOn]) -> None:
    """Make what is kept of locked customers what it is now."""
    known, now = {one.id: one for one in before}, {one.id: one for one in after}
    if changed := sorted((one for one in now.values() if known.get(one.id) != one), key=lambda one: one.id):
        values: dict[str, Any] = {
            "ids": [one.id for one in changed],
            "customers": [one.row.customer_id for one in changed],
            "tasks": [one.row.task_id for one in changed],
            "times": [one.at for one in changed],
            "bodies": [dump(_body(one)) for one in changed],
        }
        await session.execute(_SAVE, values)
    if ended := sorted(known.keys() - now.keys()):
        await session.execute(_END, {"ids": ended})


async def forget_led(session: AsyncSession, before: datetime) -> None:
    await session.execute(_FORGET, {"before": before})


def _body(led: LedOn) -> dict[str, Any]:
    return {"row": recorded_waiting(led.row), "event": led.event, "code": led.code, "then": [*map(str, led.then)]}


def _led(at: datetime, body: dict[str, Any]) -> LedOn:
    return LedOn(kept(body["row"]), body["event"], body["code"], at, tuple(map(UUID, body["then"])))
