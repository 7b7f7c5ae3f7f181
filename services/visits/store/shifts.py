"""The shifts of people, as the gateway has told them."""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.visits.domain.visit import State, Visit
from services.visits.store.rows import VISITS, locked
from shared.contracts.people import PersonChanged

_KEEP = text("""
    INSERT INTO work_shift (person, frames, version) VALUES (:person, :frames, :version)
    ON CONFLICT (person) DO UPDATE SET frames = excluded.frames, version = excluded.version
    WHERE work_shift.version < excluded.version
""")
_HOLDERS = text("""
    SELECT person, frames FROM work_shift
    WHERE frames <> '' AND person IN (SELECT agent FROM visit WHERE state = 'claimed' UNION ALL
        SELECT callback_owner FROM visit WHERE callback_owner <> '' AND state = 'open')
""")


async def keep(session: AsyncSession, told: PersonChanged) -> None:
    """Keep the shift that was told; told again, or late, changes nothing."""
    await session.execute(_KEEP, {"person": told.person_id, "frames": told.shift, "version": told.version})


async def of_those_with_work(session: AsyncSession) -> dict[str, str]:
    """The shifts of people who hold visits, or whose own callbacks wait for them."""
    return {row.person: row.frames for row in await session.execute(_HOLDERS)}


async def lock_unbegun(session: AsyncSession, agents: Sequence[str], limit: int) -> list[Visit]:
    """Visits that these people hold and have not begun with, locked; those others work on are skipped.

    Whoever goes to a customer in person has begun by setting out.
    """
    unbegun = VISITS.c.call_started_at.is_(None) & (VISITS.c.answers == {}) & (VISITS.c.channel != "on_site")
    query = VISITS.select().where(VISITS.c.state == State.CLAIMED, VISITS.c.agent.in_(agents), unbegun)
    return await locked(session, query.limit(limit), skip=True)
