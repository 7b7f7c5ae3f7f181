"""Facts that don't stand any more: no message is planned because of one that is heard after its withdrawal."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

Identity = tuple[str, str]
_WANTED = "unnest(CAST(:ids AS text[]), CAST(:sources AS text[])) AS wanted (event_id, source)"
_SAVE = text(f"""
    INSERT INTO withdrawn_fact (event_id, source, at) SELECT event_id, source, :at FROM {_WANTED} ON CONFLICT DO NOTHING
""")  # noqa: S608
_FORGET = text("DELETE FROM withdrawn_fact WHERE at < :before")
_FIND = text(f"SELECT event_id, source FROM withdrawn_fact JOIN {_WANTED} USING (event_id, source)")  # noqa: S608


async def save_withdrawn(session: AsyncSession, identities: Sequence[Identity], at: datetime) -> None:
    if identities:
        await session.execute(_SAVE, _columns(sorted(set(identities))) | {"at": at})


async def find_withdrawn(session: AsyncSession, identities: Sequence[Identity]) -> set[Identity]:
    """Those of these facts that were withdrawn."""
    return {(row[0], row[1]) for row in await session.execute(_FIND, _columns(identities))}


async def forget_withdrawn(session: AsyncSession, before: datetime) -> None:
    await session.execute(_FORGET, {"before": before})


def _columns(identities: Sequence[Identity]) -> dict[str, object]:
    return {"ids": [event_id for event_id, _ in identities], "sources": [source for _, source in identities]}
