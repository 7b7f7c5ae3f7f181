"""Write-back endpoints."""

from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway.domain.credentials import Credential
from services.gateway.domain.writeback import Target
from services.gateway.models import EndpointRow

_NOTE_FAILURE = text("""
    UPDATE endpoint SET failing_since = coalesce(failing_since, :now) WHERE id = :id RETURNING failing_since
""")
_NOTE_SUCCESS = text("UPDATE endpoint SET failing_since = NULL WHERE id = :id AND failing_since IS NOT NULL")
_DISABLE = text("""
    UPDATE endpoint SET enabled = false, disabled_reason = :reason, version = version + 1, updated_at = :at
    WHERE id = :id AND enabled RETURNING id
""")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A receiver of results. `sources` is a pattern over fact sources; `secrets` are sealed."""

    id: UUID
    name: str
    url: str
    sources: str
    types: list[str]
    secrets: list[Credential]
    enabled: bool
    disabled_reason: str
    failing_since: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime

    @property
    def target(self) -> Target:
        return Target(str(self.id), self.sources, self.types)


def _endpoint(row: EndpointRow) -> Endpoint:
    values = row.model_dump()
    return Endpoint(**values | {"secrets": [Credential.load(item) for item in row.secrets]})


async def get_endpoint(session: AsyncSession, endpoint_id: UUID, lock: bool = False) -> Endpoint | None:
    query = select(EndpointRow).where(EndpointRow.id == endpoint_id)  # type: ignore[arg-type]
    row = (await session.execute(query.with_for_update() if lock else query)).scalar_one_or_none()
    return _endpoint(row) if row else None


async def list_endpoints(session: AsyncSession, enabled_only: bool = False) -> list[Endpoint]:
    query = select(EndpointRow).order_by(EndpointRow.name)
    if enabled_only:
        query = query.where(EndpointRow.enabled)  # type: ignore[arg-type]
    return [_endpoint(row) for row in (await session.execute(query)).scalars()]


async def save_endpoint(session: AsyncSession, endpoint: Endpoint, new: bool = False) -> bool:
    """Insert or update; False when a new one's name is taken."""
    values = asdict(endpoint) | {"secrets": [item.dump() for item in endpoint.secrets]}
    statement = insert(EndpointRow).values(**values)
    if new:
        statement = statement.on_conflict_do_nothing(index_elements=["name"])
    else:
        statement = statement.on_conflict_do_update(index_elements=["id"], set_=values)
    saved = await session.execute(statement.returning(EndpointRow.id))  # type: ignore[call-overload]
    return saved.scalar() is not None


async def note_failure(session: AsyncSession, endpoint_id: UUID, now: datetime) -> datetime:
    """Since when (machine time) this endpoint has been failing without a success."""
    since: datetime = (await session.execute(_NOTE_FAILURE, {"id": endpoint_id, "now": now})).scalar_one()
    return since


async def note_success(session: AsyncSession, endpoint_id: UUID) -> None:
    await session.execute(_NOTE_SUCCESS, {"id": endpoint_id})


async def disable_endpoint(session: AsyncSession, endpoint_id: UUID, reason: str, at: datetime) -> bool:
    """Switch it off; False when it was off."""
    done = await session.execute(_DISABLE, {"id": endpoint_id, "reason": reason, "at": at})
    return done.scalar() is not None
