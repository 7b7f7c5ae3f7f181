"""What the scheduler keeps in JSON about customers who asked for erasure, overwritten where it says more than codes."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.scheduler.domain.later.erasing import erased_body, erased_detail, erased_fact, erased_led, erased_life
from services.scheduler.store.rows import dump, load

Columns = Mapping[str, Callable[[Any], Any]]


def _each(one: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda items: [one(item) for item in items]


_PLACES: Mapping[tuple[str, ...], Columns] = {
    ("task", "id"): {"body": erased_body, "life": _each(erased_life)},
    ("decision", "day", "event_key"): {"details": _each(erased_detail)},
    ("heard_fact", "customer_id", "at", "event_key"): {"fact": erased_fact},
    ("population", "period", "policy_id", "policy_version", "fact_key"): {"fact": erased_fact},
    ("waiting_step", "id"): {"body": erased_body},
    ("led_step", "id"): {"body": erased_led},
}
"""Tables with their keys; by column what becomes of its value."""


async def overwrite(session: AsyncSession, customers: Sequence[str]) -> None:
    """Overwrite the rows of locked customers; what says codes alone is left as it is."""
    for (table, *key), columns in _PLACES.items():
        names, where = ", ".join((*key, *columns)), " AND ".join(f"{name} = :{name}" for name in key)
        sets = ", ".join(f"{name} = CAST(:new_{name} AS jsonb)" for name in columns)
        update = text(f"UPDATE {table} SET {sets} WHERE {where}")  # noqa: S608 - names of ours
        find = f"SELECT {names} FROM {table} WHERE customer_id = ANY(:customers) ORDER BY {', '.join(key)} FOR UPDATE"  # noqa: S608
        found = await session.execute(text(find), {"customers": list(customers)})
        for row in found.mappings().all():
            before = {name: load(row[name]) for name in columns}
            after = {name: becomes(before[name]) for name, becomes in columns.items()}
            if after != before:
                new = {f"new_{name}": dump(value) for name, value in after.items()}
                await session.execute(update, {name: row[name] for name in key} | new)
