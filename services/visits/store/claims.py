"""Claiming visits: one statement, however many, never the same visit nor the same customer for two agents.

`domain.claiming.reasons_against` says the same of one visit; a property test holds the two together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Integer, TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.visits.domain.claiming import Claimant
from services.visits.domain.visit import Visit
from services.visits.store.rows import VISITS, to_visit
from shared.practice import PRACTICE
from shared.scope import Scope, any_of

# head: the next by rank, deadline and due time, without customers a colleague has right now or who have just refused.
# kin: the other unfinished visits of the same customers. Those that fit follow their head, so that one call serves them
# all (X1). All of them are locked: a customer of whom a colleague has one, or is just taking one, is left alone. Two who
# lock each other out both get nothing of that customer, which `tried` tells, and try again.
# OFFSET 0, lease_until instead of state, and coalesce keep the look-ups on the index by customer: a planner without
# fresh statistics believes the queue to be empty and would walk all of it.
_CLAIM = """
WITH head AS MATERIALIZED (
    SELECT v.id, v.customer_id, v.rank, v.deadline_at, v.due_at FROM visit v
    WHERE {fits} {one} AND NOT EXISTS (
        SELECT FROM visit other WHERE other.customer_id = v.customer_id
          AND (other.lease_until IS NOT NULL AND other.agent <> :agent OR {refused}) OFFSET 0)
    ORDER BY v.rank, v.deadline_at, v.due_at, v.id LIMIT :limit FOR UPDATE OF v SKIP LOCKED
), kin AS MATERIALIZED (
    SELECT v.id, v.customer_id, v.lease_until IS NOT NULL AND v.agent <> :agent AS taken,
        {fits} AND NOT EXISTS (
            SELECT FROM visit other WHERE other.customer_id = v.customer_id AND {refused} OFFSET 0) AS fits
    FROM visit v
    WHERE v.customer_id = ANY(ARRAY(SELECT customer_id FROM head)) AND v.id <> ALL(ARRAY(SELECT id FROM head))
      AND coalesce(v.finished_at, 'infinity') = 'infinity'
    FOR UPDATE OF v SKIP LOCKED
), kept_by_others AS (
    SELECT customer_id FROM kin WHERE taken
    UNION ALL
    SELECT v.customer_id FROM visit v
    WHERE v.customer_id = ANY(ARRAY(SELECT customer_id FROM head))
      AND coalesce(v.finished_at, 'infinity') = 'infinity'
      AND v.id <> ALL(ARRAY(SELECT id FROM head UNION ALL SELECT id FROM kin))
), placed AS (
    SELECT id, customer_id, row_number() OVER (ORDER BY rank, deadline_at, due_at, id) AS place FROM head
    WHERE customer_id <> ALL(ARRAY(SELECT customer_id FROM kept_by_others))
), chosen AS (
    SELECT id, row_number() OVER (ORDER BY first, place, id) AS place
    FROM (SELECT id, customer_id, place FROM placed UNION ALL SELECT id, customer_id, NULL FROM kin WHERE fits) candidate
    JOIN (SELECT customer_id, min(place) AS first FROM placed GROUP BY customer_id) customer USING (customer_id)
    ORDER BY first, place, id LIMIT :limit
), claimed AS (
    UPDATE visit SET state = 'claimed', agent = :agent, version = visit.version + 1,
        lease_until = CASE WHEN visit.channel = 'on_site' THEN CAST(:on_site_until AS timestamptz)
            ELSE CAST(:call_until AS timestamptz) END,
        companion = CASE WHEN visit.never_alone = '[]' THEN '' ELSE :companion END,
        questionnaire_version = CASE WHEN visit.questionnaire_version > 0 THEN visit.questionnaire_version
            ELSE coalesce((SELECT max(q.version) FROM questionnaire q WHERE q.id = visit.questionnaire), 0) END,
        questionnaires = CASE WHEN visit.questionnaires <> '{{}}' THEN visit.questionnaires
            ELSE coalesce((SELECT jsonb_object_agg(q.id, q.version) FROM (
                SELECT id, max(version) AS version FROM questionnaire WHERE id IN (
                    SELECT matter ->> 'questionnaire' FROM jsonb_array_elements(visit.matters) AS matter)
                GROUP BY id) AS q WHERE q.id <> visit.questionnaire), '{{}}') END
    FROM chosen WHERE visit.id = chosen.id RETURNING {columns}, chosen.place
)
SELECT claimed.*, (SELECT count(*) FROM head) AS tried FROM (SELECT) AS once LEFT JOIN claimed ON true
"""
# the rules of `domain.claiming` that a visit alone tells: those of now, and those of the person
_OWN = """(v.callback_owner = '' OR v.callback_owner = :agent) AND NOT v.closed_to && CAST(:marks AS text[])"""
_FITS = f"v.state || '' = 'open' AND (v.hours = ANY(:open) OR v.rank = 0) AND {_OWN}"
_REAL = f"NOT starts_with(v.customer_id, '{PRACTICE}')"  # practice is not handed out, but may be taken
_REFUSED = "other.ended = 'refused' AND other.channel = v.channel AND other.finished_at >= v.released_at"
_AROUND = text(f"""
    SELECT v.id, max(other.agent) FILTER (WHERE other.lease_until IS NOT NULL AND other.agent <> :agent) AS colleague,
        coalesce(bool_or({_REFUSED}), false) AS refused
    FROM visit v JOIN visit other ON other.customer_id = v.customer_id AND other.id <> v.id
    WHERE v.id = :id GROUP BY v.id
""")  # noqa: S608 - our own words
MOST_TRIES = 4


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is claimed: up to `limit` of the queue, of `team` when given, or the `one` visit."""

    limit: int = 1
    team: str | None = None
    one: UUID | None = None


class Until(NamedTuple):
    """When the claims end that nothing renews, of calls and of visits on site (machine time)."""

    call: datetime
    on_site: datetime


@cache
def _statement(conditions: tuple[str, ...], one: bool) -> TextClause:
    fits = " AND ".join((_FITS, *conditions))
    head = fits.replace("v.state || '' =", "v.state =") + ("" if one else f" AND {_REAL}")
    columns = ", ".join(f"visit.{column.name}" for column in VISITS.c)
    statement = _CLAIM.replace("{fits} {one}", head + (" AND v.id = :one" if one else ""))
    return text(statement.format(fits=f"({fits})", refused=_REFUSED, columns=columns))


def open_to(who: Claimant, scope: Scope) -> TextClause:
    """The visits, as `v`, that could be this person's: by all their rules but who comes along, which is asked at the claim."""
    conditions = _conditions(who, Wanted(), scope)
    conditions.pop("never_alone", None)
    values = {name: value for name, (_, value) in conditions.items()} | {"agent": who.agent, "marks": list(who.marks)}
    return text(" AND ".join((_OWN, *(words for words, _ in conditions.values())))).bindparams(**values)


def _conditions(who: Claimant, wanted: Wanted, scope: Scope) -> dict[str, tuple[str, Any]]:
    """The further conditions of this caller, each with what it binds; few, so that each statement is planned once."""
    found: dict[str, tuple[str, Any]] = {}
    if wanted.team is not None:
        found["team"] = ("v.team = :team", wanted.team)
    elif len(who.teams) == 1:
        found["team"] = ("v.team = :team", who.teams[0])  # the index by team keeps the order
    elif who.teams:
        found["teams"] = ("v.team = ANY(:teams)", list(who.teams))
    if who.skills:
        found["skills"] = ("v.needs <@ CAST(:skills AS text[])", list(who.skills))
    if not who.companion:
        found["never_alone"] = ("v.never_alone = '[]'", None)
    if not scope.whole:
        found["units"] = (any_of(("v.branch", "v.team")), scope.limit)
    return found


async def list_hours(session: AsyncSession) -> list[str]:
    """The contact windows there are."""
    return list((await session.execute(text("SELECT hours FROM contact_hours"))).scalars())


async def claim(
    session: AsyncSession,
    who: Claimant,
    wanted: Wanted,
    until: Until,
    scope: Scope,
    open_hours: Sequence[str],
) -> list[Visit]:
    """Claim open visits in `scope`, in the order to be worked.

    Of those with a contact window only if it is among `open_hours`, or the customer asked to be called now.
    """
    conditions = _conditions(who, wanted, scope)
    statement = _statement(tuple(words for words, _ in conditions.values()), wanted.one is not None)
    typed = statement.columns(*VISITS.c, place=Integer, tried=Integer)
    values: dict[str, Any] = {name: value for name, (_, value) in conditions.items() if value is not None}
    values |= {"agent": who.agent, "limit": wanted.limit, "open": list(open_hours)}
    values |= {"call_until": until.call, "on_site_until": until.on_site}
    values |= {"marks": list(who.marks), "companion": who.companion}
    values |= {"one": wanted.one} if wanted.one else {}
    for _ in range(MOST_TRIES):
        rows = (await session.execute(typed, values)).all()
        claimed = [to_visit(row) for row in sorted(rows, key=lambda row: row.place or 0) if row.id is not None]
        if claimed or not rows[0].tried:
            return claimed
    return []


async def look_around(session: AsyncSession, visit_id: UUID, agent: str) -> tuple[str, bool]:
    """Which colleague has the customer of this visit ("" = none), and whether the customer has refused since its release."""
    row = (await session.execute(_AROUND, {"id": visit_id, "agent": agent})).one_or_none()
    return (row.colleague or "", row.refused) if row else ("", False)
