"""Populations and draws.

A batch that enters facts holds the closing lock shared until it commits, and closing takes it alone: so every fact is either
in the population that is drawn, or sees that its period has closed and joins the next. An advisory lock, because its queue is
fair; with row locks a closing could starve between overlapping batches.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.scheduler.domain.facts import Fact
from services.scheduler.domain.occasion import recorded
from services.scheduler.domain.policy import Policy
from services.scheduler.domain.when.periods import Period
from services.scheduler.domain.whom.draw import Stratum, drawing_of
from services.scheduler.domain.whom.draw_record import DrawRecord
from services.scheduler.domain.whom.enrol import Entry
from services.scheduler.store.rows import dump, encode, load
from shared.ids import derived_id
from shared.leases import MOST_ATTEMPTS, set_aside

CLOSING_LOCK, PUBLISHING_LOCK, MAKING_LOCK = 715_001, 715_002, 715_003
PORTION = 20_000

_SHARE = text("SELECT pg_advisory_xact_lock_shared(:lock)")
_ALONE = text("SELECT pg_advisory_xact_lock(:lock)")
_TRY = text("SELECT pg_try_advisory_xact_lock(:lock)")
_CLOSED = text("SELECT closed_until FROM draw_closing")
_ENTER = text("""
    WITH opened AS (
        INSERT INTO draw (id, policy_id, policy_version, period, ends, state, priority, rate, seed, rule,
                          population, strata, fingerprint)
        SELECT id, policy_id, policy_version, period, ends, 'open', priority, rate, seed, rule::jsonb, 0, '[]', ''
        FROM unnest(CAST(:draws AS uuid[]), CAST(:draw_policies AS text[]), CAST(:draw_versions AS int[]),
                    CAST(:draw_periods AS date[]), CAST(:ends AS date[]), CAST(:priorities AS smallint[]),
                    CAST(:rates AS float8[]), CAST(:seeds AS text[]), CAST(:rules AS text[]))
             AS row (id, policy_id, policy_version, period, ends, priority, rate, seed, rule)
        ORDER BY id
        ON CONFLICT DO NOTHING)
    INSERT INTO population (period, policy_id, policy_version, fact_key, stratum, customer_id, fact)
    SELECT period, policy_id, policy_version, fact_key, stratum, customer_id, convert_from(fact, 'UTF8')::jsonb
    FROM unnest(CAST(:periods AS date[]), CAST(:policies AS text[]), CAST(:versions AS int[]), CAST(:keys AS uuid[]),
                CAST(:strata AS text[]), CAST(:customers AS text[]), CAST(:facts AS bytea[]))
         AS row (period, policy_id, policy_version, fact_key, stratum, customer_id, fact)
""")
_CLOSE = text("UPDATE draw_closing SET closed_until = :until WHERE closed_until < :until")
_CLOSE_DRAWS = text("UPDATE draw SET state = 'closed' WHERE state = 'open' AND ends <= :until")
_ORDER = "ORDER BY ends, priority, rate DESC, policy_id, policy_version, period"
_COLUMNS = (
    "id, policy_id, policy_version, period, ends, state, attempts, seed, rule, population, strata, fingerprint, made_at, "
    "(SELECT content ->> 'title' FROM policy_version v WHERE v.policy_id = draw.policy_id "
    "AND v.version = draw.policy_version) AS title"
)
_BEGIN = text(f"""
    UPDATE draw SET attempts = attempts + 1 WHERE id = (
        SELECT id FROM draw WHERE state = 'closed' AND attempts < :most {_ORDER} LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING id
""")  # noqa: S608 - constants only
_CLAIM = text(
    f"SELECT {_COLUMNS} FROM draw WHERE id = :id AND state = 'closed' FOR UPDATE SKIP LOCKED"  # noqa: S608
)
_FIRST = text(
    f"SELECT {_COLUMNS} FROM draw "  # noqa: S608 - constants only
    f"WHERE state = 'made' OR (state = 'closed' AND attempts < :most) {_ORDER} LIMIT 1"
)
_GIVE_BACK = text("UPDATE draw SET attempts = attempts - 1 WHERE id = :id AND state = 'closed' AND attempts > 0")
_RETRY = text("UPDATE draw SET attempts = 0 WHERE id = :id AND state = 'closed' AND attempts >= :most RETURNING id")
_MEMBERS = text("""
    SELECT array_agg(fact_key) AS keys, array_agg(stratum) AS strata FROM (
        SELECT fact_key, stratum FROM population
        WHERE period = :period AND policy_id = :policy_id AND policy_version = :version AND fact_key > :after
        ORDER BY fact_key LIMIT :limit) member
""")
_MADE = text("""
    UPDATE draw SET state = 'made', population = :population, strata = CAST(:strata AS jsonb), fingerprint = :fingerprint,
        made_at = :at WHERE id = :id
""")
_PUBLISHED = text("UPDATE draw SET state = 'published' WHERE id = :id")
_FORGET = text("DELETE FROM pick USING draw WHERE draw.id = pick.draw_id AND draw.ends < :before")


class Entered(NamedTuple):
    """A fact in the population of a policy's period."""

    policy: Policy
    fact: Fact
    entry: Entry


async def share_closing(session: AsyncSession) -> date:
    """Up to where draws are closed; that doesn't change before the transaction ends."""
    await session.execute(_SHARE, {"lock": CLOSING_LOCK})
    return await closed_until(session)


async def closed_until(session: AsyncSession) -> date:
    return (await session.execute(_CLOSED)).scalar_one()  # type: ignore[no-any-return]


async def close_until(session: AsyncSession, until: date) -> int:
    """Close every draw of a period that ends by then, once; returns how many there were."""
    await session.execute(_ALONE, {"lock": CLOSING_LOCK})
    if not (await session.execute(_CLOSE, {"until": until})).rowcount:  # type: ignore[attr-defined]
        return 0
    return int((await session.execute(_CLOSE_DRAWS, {"until": until})).rowcount)  # type: ignore[attr-defined]


async def save_entries(session: AsyncSession, entered: Sequence[Entered]) -> None:
    """Let facts enter, and open the draws they are the first for. The partitions of their periods must exist."""
    firsts = {(one.policy.id, one.policy.version, one.entry.period): one.policy for one in entered}
    draws = [(policy, name[2]) for name, policy in firsts.items()]
    opened = {
        "draws": [draw_id(policy.id, policy.version, period) for policy, period in draws],
        "draw_policies": [policy.id for policy, _ in draws],
        "draw_versions": [policy.version for policy, _ in draws],
        "draw_periods": [period.first for _, period in draws],
        "ends": [period.end for _, period in draws],
        "priorities": [policy.priority for policy, _ in draws],
        "rates": [policy.rate for policy, _ in draws],
        "seeds": [policy.seed for policy, _ in draws],
        "rules": [dump(asdict(policy.drawing)) for policy, _ in draws if policy.drawing],
    }
    members = {
        "periods": [one.entry.period.first for one in entered],
        "policies": [one.policy.id for one in entered],
        "versions": [one.policy.version for one in entered],
        "keys": [one.fact.key for one in entered],
        "strata": [one.entry.stratum for one in entered],
        "customers": [one.fact.customer_id for one in entered],
        "facts": [encode(recorded(one.fact)) for one in entered],
    }
    await session.execute(_ENTER, opened | members)


def draw_id(policy_id: str, version: int, period: Period) -> UUID:
    """The same for the same draw, whoever opens it."""
    return derived_id(period.closes_at, "draw", policy_id, str(version), period.first.isoformat())


async def is_alone(session: AsyncSession) -> bool:
    """Whether no other replica makes a draw; then none does until the transaction ends.

    Else several might begin the same draw before one of them makes it: each would count as an attempt, and a draw that is
    taken for set aside holds up no later one.
    """
    return bool((await session.execute(_TRY, {"lock": MAKING_LOCK})).scalar_one())


async def begin_closed(session: AsyncSession) -> UUID | None:
    """The next draw to be made; beginning it counts as an attempt."""
    return (await session.execute(_BEGIN, {"most": MOST_ATTEMPTS})).scalar()


async def claim_closed(session: AsyncSession, draw_id: UUID) -> DrawRecord | None:
    """A draw to be made; until the transaction ends nobody else makes it. None when somebody has or does."""
    return _draw((await session.execute(_CLAIM, {"id": draw_id})).mappings().first())


async def give_back(session: AsyncSession, draw_id: UUID) -> None:
    """One attempt less of a draw that has not been made."""
    await session.execute(_GIVE_BACK, {"id": draw_id})


async def retry(session: AsyncSession, draw_id: UUID) -> bool:
    """Let a draw be made that was set aside; False when it was not."""
    return (await session.execute(_RETRY, {"id": draw_id, "most": MOST_ATTEMPTS})).scalar() is not None


async def lock_published_next(session: AsyncSession) -> DrawRecord | None:
    """The draw whose winners are to be told next, if it is made and nobody else is telling them.

    One replica at a time, one draw after the other: so the winners of a customer come in the same order everywhere.
    """
    if not (await session.execute(_TRY, {"lock": PUBLISHING_LOCK})).scalar_one():
        return None
    first = _draw((await session.execute(_FIRST, {"most": MOST_ATTEMPTS})).mappings().first())
    return first if first is not None and first.state == "made" else None


async def read_members(session: AsyncSession, draw: DrawRecord) -> AsyncIterator[list[tuple[UUID, str]]]:
    """The population in portions, in the order of the facts' keys."""
    after = UUID(int=0)
    while True:
        values = {"period": draw.period.first, "policy_id": draw.policy_id, "version": draw.policy_version}
        row = (await session.execute(_MEMBERS, values | {"after": after, "limit": PORTION})).one()
        if row.keys is None:
            return
        yield list(zip(row.keys, row.strata, strict=True))
        after = row.keys[-1]


async def save_made(
    session: AsyncSession, draw: DrawRecord, strata: Sequence[Stratum], fingerprint: str, at: datetime
) -> None:
    values = {"id": draw.id, "population": sum(stratum.population for stratum in strata), "fingerprint": fingerprint}
    await session.execute(_MADE, values | {"strata": dump([list(stratum) for stratum in strata]), "at": at})


async def save_published(session: AsyncSession, draw_id: UUID) -> None:
    await session.execute(_PUBLISHED, {"id": draw_id})


async def get_draw(session: AsyncSession, draw_id: UUID) -> DrawRecord | None:
    query = text(f"SELECT {_COLUMNS} FROM draw WHERE id = CAST(:id AS uuid)")  # noqa: S608 - constants only
    return _draw((await session.execute(query, {"id": draw_id})).mappings().first())


async def list_draws(session: AsyncSession, policy_id: str | None, after: UUID | None, limit: int) -> list[DrawRecord]:
    """The latest first, at most `limit + 1`; ids are in the order of closing."""
    query = (
        f"SELECT {_COLUMNS} FROM draw WHERE (CAST(:policy_id AS text) IS NULL OR policy_id = :policy_id) "  # noqa: S608
        "AND (CAST(:after AS uuid) IS NULL OR id < :after) ORDER BY id DESC LIMIT :limit"
    )
    rows = await session.execute(text(query), {"policy_id": policy_id, "after": after, "limit": limit + 1})
    return [draw for row in rows.mappings() if (draw := _draw(row))]


async def forget_picks(session: AsyncSession, before: date) -> None:
    """Who was drawn in draws that ended before then; their populations are dropped with their partitions."""
    await session.execute(_FORGET, {"before": before})


def _draw(row: Any) -> DrawRecord | None:
    if row is None:
        return None
    names = ("id", "policy_id", "policy_version", "state", "seed", "population", "fingerprint", "made_at")
    return DrawRecord(
        **{name: row[name] for name in names},
        title=row["title"] or row["policy_id"],
        period=Period(row["period"], row["ends"]),
        drawing=drawing_of(load(row["rule"])),
        set_aside=set_aside() if row["state"] == "closed" and row["attempts"] >= MOST_ATTEMPTS else "",
        strata=tuple(Stratum(*stratum) for stratum in load(row["strata"])),
    )
