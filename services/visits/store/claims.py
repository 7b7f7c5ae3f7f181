"""Claiming the next visits: one statement, however many, and never the same for two agents."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Integer, TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.visits.domain.visit import Visit
from services.visits.store.rows import VISITS, to_visit
from shared.scope import Scope, any_of

# head: the next by rank, deadline and due time, without customers a colleague is speaking to right now.
# kin: other open visits of the same customers; they follow their head, so that one call serves them all (X1).
# OFFSET 0, lease_until instead of state, and state || '' keep both look-ups on the index by customer: a planner without
# fresh statistics believes the queue to be empty and would walk all of it.
_CLAIM = """
WITH head AS MATERIALIZED (
    SELECT v.id, v.customer_id, v.rank, v.deadline_at, v.due_at FROM visit v
    WHERE v.state = 'open' AND (v.hours = ANY(:open) OR v.rank = 0) {scope} AND NOT EXISTS (
        SELECT FROM visit held
        WHERE held.customer_id = v.customer_id AND held.lease_until IS NOT NULL AND held.agent <> :agent OFFSET 0)
    ORDER BY v.rank, v.deadline_at, v.due_at, v.id LIMIT :limit FOR UPDATE OF v SKIP LOCKED
), kin AS MATERIALIZED (
    SELECT v.id, v.customer_id FROM visit v
    WHERE v.customer_id = ANY(ARRAY(SELECT customer_id FROM head)) AND v.id <> ALL(ARRAY(SELECT id FROM head))
      AND v.state || '' = 'open' AND (v.hours = ANY(:open) OR v.rank = 0) {scope}
    FOR UPDATE OF v SKIP LOCKED
), placed AS (
    SELECT id, customer_id, row_number() OVER (ORDER BY rank, deadline_at, due_at, id) AS place FROM head
), chosen AS (
    SELECT id, row_number() OVER (ORDER BY first, place, id) AS place
    FROM (SELECT id, customer_id, place FROM placed UNION ALL SELECT id, customer_id, NULL FROM kin) candidate
    JOIN (SELECT customer_id, min(place) AS first FROM placed GROUP BY customer_id) customer USING (customer_id)
    ORDER BY first, place, id LIMIT :limit
)
UPDATE visit SET state = 'claimed', agent = :agent, lease_until = :lease_until, version = visit.version + 1,
    questionnaire_version = CASE WHEN visit.questionnaire_version > 0 THEN visit.questionnaire_version
        ELSE coalesce((SELECT max(q.version) FROM questionnaire q WHERE q.id = visit.questionnaire), 0) END
FROM chosen WHERE visit.id = chosen.id RETURNING {columns}, chosen.place
"""


@cache
def _statement(with_team: bool, limited: bool) -> TextClause:
    seen = any_of(("v.branch", "v.team"))
    scope = (" AND v.team = :team" if with_team else "") + (f" AND {seen}" if limited else "")
    columns = ", ".join(f"visit.{column.name}" for column in VISITS.c)
    return text(_CLAIM.format(scope=scope, columns=columns))


async def list_hours(session: AsyncSession) -> list[str]:
    """The contact windows there are."""
    return list((await session.execute(text("SELECT hours FROM contact_hours"))).scalars())


async def claim(
    session: AsyncSession,
    agent: str,
    lease_until: datetime,
    limit: int,
    team: str | None,
    scope: Scope,
    open_hours: Sequence[str],
) -> list[Visit]:
    """Claim up to `limit` open visits for `agent`, in the order to be worked, of `team` when given and in `scope`.

    Of those with a contact window only if it is among `open_hours`, or the customer asked to be called now.
    """
    statement = _statement(team is not None, not scope.whole).columns(*VISITS.c, place=Integer)
    values: dict[str, Any] = {"agent": agent, "lease_until": lease_until, "limit": limit, "open": list(open_hours)}
    values |= {"team": team} if team is not None else {}
    values |= {"units": scope.limit} if not scope.whole else {}
    rows = (await session.execute(statement, values)).all()
    return [to_visit(row) for row in sorted(rows, key=lambda row: row.place)]
