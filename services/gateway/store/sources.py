"""Sources and their credentials."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway.domain.credentials import Credential
from services.gateway.models import SourceRow


@dataclass(frozen=True, slots=True)
class Source:
    """A sender: who it is, how it proves it, how its messages are read."""

    name: str
    kind: str
    zone: str
    enabled: bool
    tokens: list[Credential]
    secrets: list[Credential]
    options: dict[str, Any]
    version: int
    created_at: datetime
    updated_at: datetime


def _source(row: SourceRow) -> Source:
    return Source(
        name=row.name,
        kind=row.kind,
        zone=row.zone,
        enabled=row.enabled,
        tokens=[Credential.load(item) for item in row.tokens],
        secrets=[Credential.load(item) for item in row.secrets],
        options=row.options,
        version=row.version,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


async def get_source(session: AsyncSession, name: str, lock: bool = False) -> Source | None:
    query = select(SourceRow).where(SourceRow.name == name)  # type: ignore[arg-type]
    row = (await session.execute(query.with_for_update() if lock else query)).scalar_one_or_none()
    return _source(row) if row else None


async def list_sources(session: AsyncSession) -> list[Source]:
    """All of them: an organisation has a handful."""
    return [_source(row) for row in (await session.execute(select(SourceRow).order_by(SourceRow.name))).scalars()]


async def save_source(session: AsyncSession, source: Source, new: bool = False) -> bool:
    """Insert or update; False when a new one's name is taken."""
    values = {
        "name": source.name,
        "kind": source.kind,
        "zone": source.zone,
        "enabled": source.enabled,
        "tokens": [item.dump() for item in source.tokens],
        "secrets": [item.dump() for item in source.secrets],
        "options": source.options,
        "version": source.version,
        "created_at": source.created_at,
        "updated_at": source.updated_at,
    }
    statement = insert(SourceRow).values(**values)
    if new:
        statement = statement.on_conflict_do_nothing()
    else:
        statement = statement.on_conflict_do_update(index_elements=["name"], set_=values)
    saved = await session.execute(statement.returning(SourceRow.name))  # type: ignore[call-overload]
    return saved.scalar() is not None
