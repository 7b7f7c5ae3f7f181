"""API keys as the gateway issued them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway.domain.keys import MachineKey
from services.gateway.models import MachineKeyRow
from shared.roles import Role

COLUMNS = MachineKeyRow.__table__.c  # type: ignore[attr-defined]
_USED = text("""
    UPDATE machine_key SET used_at = greatest(machine_key.used_at, used.at)
    FROM unnest(CAST(:ids AS uuid[]), CAST(:times AS timestamptz[])) AS used (id, at) WHERE machine_key.id = used.id
""")
# those that let nobody in any more were told of when that was decided, or end by themselves
_CLAIM = text("""
    UPDATE machine_key SET told_at = :now
    WHERE told_at < :before AND revoked_at IS NULL AND (ends_at IS NULL OR ends_at > :now) RETURNING id
""")


def _key(row: MachineKeyRow) -> MachineKey:
    values = row.model_dump(exclude={"told_at"})
    return MachineKey(**(values | {"roles": tuple(map(Role, values["roles"])), "units": tuple(values["units"])}))


async def get_key(session: AsyncSession, key_id: UUID, lock: bool = False) -> MachineKey | None:
    query = select(MachineKeyRow).where(COLUMNS.id == key_id)
    row = (await session.execute(query.with_for_update() if lock else query)).scalar_one_or_none()
    return _key(row) if row else None


async def list_keys(
    session: AsyncSession, owner: str, live_at: datetime | None, after: tuple[datetime, UUID] | None, limit: int
) -> list[MachineKey]:
    """The newest first; of one owner, and those that live at a moment, when given."""
    query = select(MachineKeyRow).order_by(COLUMNS.created_at.desc(), COLUMNS.id.desc()).limit(limit)
    if owner:
        query = query.where(COLUMNS.owner == owner)
    if live_at is not None:
        query = query.where(COLUMNS.revoked_at.is_(None), or_(COLUMNS.ends_at.is_(None), COLUMNS.ends_at > live_at))
    if after is not None:
        query = query.where(
            text("(created_at, id) < (:after_at, :after_id)").bindparams(after_at=after[0], after_id=after[1])
        )
    return [_key(row) for row in (await session.execute(query)).scalars()]


async def save_key(session: AsyncSession, key: MachineKey, told_at: datetime) -> None:
    """Keep a key as it is now; the others were told of it at `told_at`."""
    values = {name: getattr(key, name) for name in MachineKeyRow.model_fields if name not in ("told_at", "used_at")}
    values |= {"roles": list(key.roles), "units": list(key.units), "told_at": told_at}
    statement = insert(MachineKeyRow).values(**values)
    await session.execute(statement.on_conflict_do_update(index_elements=["id"], set_=values))


async def note_used(session: AsyncSession, used: Sequence[tuple[UUID, datetime]]) -> None:
    """Keys were used at these moments, or later."""
    ids, times = zip(*sorted(used), strict=True)
    await session.execute(_USED, {"ids": list(ids), "times": list(times)})


async def claim_unpublished(session: AsyncSession, now: datetime, before: datetime) -> list[UUID]:
    """Living keys told of before that moment; they count as told `now`."""
    return list((await session.execute(_CLAIM, {"now": now, "before": before})).scalars())
