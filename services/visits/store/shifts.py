"""The shifts and skills of people, as the gateway has told them."""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.visits.domain.visit import State, Visit
from services.visits.store.rows import VISITS, locked
from shared.contracts.people import PersonChanged

_KEEP = text("""
    INSERT INTO work_shift (person, frames, version, skills) VALUES (:person, :frames, :version, :skills)
    ON CONFLICT (person) DO UPDATE SET frames = excluded.frames, version = excluded.version, skills = excluded.skills
    WHERE work_shift.version <= excluded.version
""")
_SKILLS = text("SELECT DISTINCT unnest(skills) AS skill FROM work_shift ORDER BY skill")
_HOLDERS = text("""
    SELECT person, frames FROM work_shift
    WHERE frames <> '' AND person IN (SELECT agent FROM visit WHERE state = 'claimed' UNION ALL
        SELECT callback_owner FROM visit WHERE callback_owner <> '' AND state = 'open')
""")


async def keep(session: AsyncSession, person: PersonChanged) -> None:
    """Keep what was told; told again, or late, changes nothing. Who is disabled speaks to nobody."""
    skills = [] if person.disabled else person.skills
    values = {"person": person.person_id, "frames": person.shift, "version": person.version, "skills": skills}
    await session.execute(_KEEP, values)


async def list_skills(session: AsyncSession) -> list[str]:
    """What anybody here can do."""
    return list((await session.execute(_SKILLS)).scalars())


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
