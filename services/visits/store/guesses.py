"""Codes that were tried in the running minute, by all processes together."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.visits.domain.guesses import minute_of

# An address's row first, then that of all together (""): in one order nobody waits in a ring, and what an address has too
# many of takes nothing from the others.
_TAKE = text("""
    WITH own AS (
        INSERT INTO code_guess AS known (minute, home, count) VALUES (:minute, :home, 1)
        ON CONFLICT (minute, home) DO UPDATE SET count = known.count + 1 WHERE known.count < :most RETURNING 1
    ), everybody AS (
        INSERT INTO code_guess AS known (minute, home, count) SELECT :minute, '', 1 FROM own
        ON CONFLICT (minute, home) DO UPDATE SET count = known.count + 1 WHERE known.count < :most_in_all RETURNING 1
    ) SELECT EXISTS (SELECT FROM everybody)
""")
_GIVE_BACK = text("UPDATE code_guess SET count = greatest(count - 1, 0) WHERE minute = :minute AND home = :home")
_FORGET = text("DELETE FROM code_guess WHERE minute < :minute RETURNING home")


async def take(session: AsyncSession, home: str, now: datetime, most: int, most_in_all: int) -> bool:
    """Count a try of this address; False when it, or all together, have had their `most` of this minute."""
    values = {"minute": minute_of(now), "home": home or "-", "most": most, "most_in_all": most_in_all}
    return bool((await session.execute(_TAKE, values)).scalar_one())


async def give_back(session: AsyncSession, home: str, now: datetime) -> None:
    """The try of that moment was right."""
    for row in (home or "-", ""):
        await session.execute(_GIVE_BACK, {"minute": minute_of(now), "home": row})


async def forget_before(session: AsyncSession, now: datetime) -> int:
    """Delete those of minutes before; returns how many."""
    return len((await session.execute(_FORGET, {"minute": minute_of(now)})).all())
