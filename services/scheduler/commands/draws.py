"""Exact draws: periods close, draws are made, winners are called."""

import asyncio
from datetime import date, datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from services.scheduler.domain.later.reserve import drawn_occasion
from services.scheduler.domain.when.amounts import DAY
from services.scheduler.domain.whom.draw import Pick, Share, Stratum, Urn, shares
from services.scheduler.domain.whom.draw_record import DrawRecord
from services.scheduler.domain.whom.limits import next_midnight
from services.scheduler.procedures.announce import announce_occasion
from services.scheduler.procedures.policies import PolicyCache
from services.scheduler.procedures.reserves import CALLED
from services.scheduler.store import draws, picks
from shared.auth import Principal
from shared.errors import Conflict, NotFound
from shared.http import audit
from shared.messaging import Work
from shared.observability.catalogue import histogram
from shared.zone import local_day

POPULATION = histogram(
    "huifang_scheduler_draw_population", "Facts a draw was made of", "抽取总量", unit="",
    buckets=(1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7),
)  # fmt: skip
PICKS_SAVED = 10_000
log = structlog.get_logger(__name__)


class DrawNotFound(NotFound):
    title = "没有这次抽取"
    code = "draw-not-found"


class DrawNotSetAside(Conflict):
    title = "这次抽取没有搁置"
    code = "draw-not-set-aside"


async def next_closing(work: Work, grace: timedelta) -> date | None:
    """Up to where draws can be closed now; None when that has been done."""
    until = local_day(work.now() - grace)
    return until if await draws.closed_until(work.session) < until else None


def closes_at(until: date, grace: timedelta) -> datetime:
    """Whoever is heard of from this moment on is late for the periods that end with `until`."""
    return next_midnight(until - DAY) + grace


async def close_draws(work: Work, until: date) -> int:
    """Close the periods that ended by the midnight that begins `until`; returns how many draws are to be made."""
    await work.partitions.ensure("population", {until})
    return await draws.close_until(work.session, until)


async def is_alone(work: Work) -> bool:
    """Whether this replica may make a draw: one makes them at a time, the next one when the transaction has ended."""
    return await draws.is_alone(work.session)


async def begin_draw(work: Work) -> UUID | None:
    """The next draw to be made. Commit this before it is: a draw that several processes have died of is set aside."""
    return await draws.begin_closed(work.session)


async def give_back_draw(work: Work, draw_id: UUID) -> None:
    """Take back that it was begun: what ended it was none of its doing."""
    await draws.give_back(work.session, draw_id)


async def retry_draw(work: Work, by: Principal, draw_id: UUID) -> DrawRecord:
    """Let a draw be made that was set aside. Raises DrawNotFound, DrawNotSetAside."""
    if not await draws.retry(work.session, draw_id):
        await get_draw(work.session, draw_id)
        raise DrawNotSetAside(f"抽取编号 {draw_id}")
    await audit(work, by, "draw.retried", str(draw_id))
    return await get_draw(work.session, draw_id)


async def make_draw(work: Work, draw_id: UUID, share: Share = shares) -> int:
    """Draw of one closed population, all in one transaction: after a crash it is made again, the same; returns 1 or 0."""
    draw = await draws.claim_closed(work.session, draw_id)
    if draw is None:
        return 0
    urn = Urn(draw.drawing, draw.seed, draw.policy_id, draw.period.first)
    async for members in draws.read_members(work.session, draw):
        for key, stratum in members:
            urn.put(key, stratum)
        log.info("draw_reads", draw=str(draw.id), policy=draw.policy_id, members=urn.population)
    strata, drawn = await asyncio.to_thread(_drawn, urn, share)
    for start in range(0, len(drawn), PICKS_SAVED):
        await picks.save_picks(work.session, draw, drawn[start : start + PICKS_SAVED])
    await draws.save_made(work.session, draw, strata, urn.fingerprint, work.now())
    POPULATION.observe(urn.population)
    log.info("draw_made", draw=str(draw.id), policy=draw.policy_id, population=urn.population, drawn=len(drawn))
    return 1


def _drawn(urn: Urn, share: Share) -> tuple[list[Stratum], list[Pick]]:
    strata = urn.strata(share)
    return strata, list(urn.picks(strata))


async def publish_winners(work: Work, cache: PolicyCache, limit: int) -> int:
    """Tell up to `limit` winners of the first draw that has any left; returns how many, and 1 more for its end."""
    draw = await draws.lock_published_next(work.session)
    if draw is None:
        return 0
    policy = await (await cache.open(work.session)).version(draw.policy_id, draw.policy_version)
    winners = await picks.call_winners(work.session, draw, limit)
    for fact in winners:
        announce_occasion(work, drawn_occasion(policy, fact, draw.period))
    CALLED.labels("drawn").inc(len(winners))
    if len(winners) < limit:
        await draws.save_published(work.session, draw.id)
    return len(winners) + (len(winners) < limit)


async def get_draw(session: AsyncSession, draw_id: UUID) -> DrawRecord:
    """Raises DrawNotFound."""
    draw = await draws.get_draw(session, draw_id)
    if draw is None:
        raise DrawNotFound(f"抽取编号 {draw_id}")
    return draw
