"""Practice calls among the visits, and what keeps practice out of everybody's numbers."""

from sqlalchemy import ColumnElement, FromClause, not_, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.visits.domain.visit import State, Visit
from services.visits.store.rows import VISITS, to_visit
from shared.practice import PRACTICE


def real(visits: FromClause = VISITS) -> ColumnElement[bool]:
    """The visits of real customers, which alone are counted and handed out."""
    return not_(visits.c.customer_id.startswith(PRACTICE))


def is_call(visits: FromClause = VISITS) -> ColumnElement[bool]:
    """Practice calls, which nobody but their agents has."""
    return visits.c.task_id.startswith(PRACTICE)


async def lock_left(session: AsyncSession, agent: str) -> list[Visit]:
    """The agent's practice calls that are not over, locked."""
    query = select(VISITS).where(VISITS.c.agent == agent, VISITS.c.state == State.CLAIMED, is_call()).with_for_update()
    return [to_visit(row) for row in await session.execute(query)]
