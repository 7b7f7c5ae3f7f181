"""Event kinds that packs declare."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.scheduler.domain.kinds import Kind
from services.scheduler.store.rows import dump, load

Declared = Mapping[str, Mapping[str, Kind]]


async def list_kinds(session: AsyncSession) -> Declared:
    """Pack → event → what it says of it."""
    rows = await session.execute(text("SELECT pack, event, title, schema FROM event_kind ORDER BY event, pack"))
    found: dict[str, dict[str, Kind]] = defaultdict(dict)
    for pack, event, title, schema in rows:
        found[pack][event] = Kind(event, title, load(schema))
    return found


async def list_declared(session: AsyncSession) -> list[Kind]:
    """Every kind once, whichever packs declare it."""
    return list(
        {event: kind for kinds in (await list_kinds(session)).values() for event, kind in kinds.items()}.values()
    )


async def save_kinds(session: AsyncSession, pack: str, kinds: Iterable[Kind]) -> None:
    """Make these the pack's kinds."""
    await session.execute(text("DELETE FROM event_kind WHERE pack = :pack"), {"pack": pack})
    for kind in kinds:
        await session.execute(
            text(
                "INSERT INTO event_kind (pack, event, title, schema) "
                "VALUES (:pack, :event, :title, CAST(:schema AS jsonb))"
            ),
            {"pack": pack, "event": kind.event, "title": kind.title, "schema": dump(kind.schema)},
        )
