"""Exact draws: facts enter populations, periods close, draws are made, winners and reserves are called."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from services.scheduler.commands.announce import announce_occasion
from services.scheduler.commands.desk import Desk
from services.scheduler.domain.batch import Decided, Matched
from services.scheduler.domain.decide import Decision
from services.scheduler.domain.detail import KeptDetail
from services.scheduler.domain.later.reserve import (
    Name,
    drawn_occasion,
    in_order_of_loss,
    names_of,
    names_of_decision,
    plan_lost,
    release_lost,
    reserve_occasion,
    visit_lost,
)
from services.scheduler.domain.occasion import ARRIVED
from services.scheduler.domain.task import Task
from services.scheduler.domain.when.amounts import DAY
from services.scheduler.domain.when.windows import local_day
from services.scheduler.domain.whom.draw import Pick, Share, Stratum, Urn, shares
from services.scheduler.domain.whom.draw_record import DrawRecord
from services.scheduler.domain.whom.limits import next_midnight
from services.scheduler.store import draws, picks, slots
from services.scheduler.store import tasks as task_store
from services.scheduler.store.decisions import StoredDecision
from services.scheduler.store.draws import Entered
from services.scheduler.store.picks import Asked, Called
from shared.auth import Principal
from shared.errors import Conflict, NotFound
from shared.http import audit
from shared.ids import derived_id
from shared.messaging import Event, Work
from shared.observability.catalogue import POLICIES, counter, histogram

NOTHING_SAID: KeptDetail = {}
CALLED = counter(
    "huifang_scheduler_drawn_total", "Facts called for contact by draws", "抽取并安排的数量",
    labels={"reason": ("drawn", "reserve")},
)  # fmt: skip
USED_UP = counter(
    "huifang_scheduler_reserve_used_up_total", "Lost contacts of a draw for which no reserve was left", "备选用尽次数",
    labels={"policy": POLICIES},
)  # fmt: skip
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


async def hold_closing(
    work: Work, desk: Desk, events: Sequence[Event], matched: Sequence[Matched]
) -> list[date] | None:
    """Up to where draws are closed for each fact; None when nothing can enter a population.

    What was heard of too late is late, whether the draw has been made by now or not: so it does not matter how busy the
    service is. No draw closes before the transaction ends.
    """
    if not desk.book.draws or not any(one.may_enter for one in matched):
        return None
    closed = await draws.share_closing(work.session)
    return [
        max(closed, _closed_when_heard(work, desk, event)) if one.may_enter and event.taken_ms else closed
        for event, one in zip(events, matched, strict=True)
    ]


def _closed_when_heard(work: Work, desk: Desk, event: Event) -> date:
    heard_at = work.clock.business(datetime.fromtimestamp(event.taken_ms / 1000, UTC))
    return local_day(heard_at - desk.grace)


async def closing(session: AsyncSession) -> date:
    """Up to where draws are closed now."""
    return await draws.closed_until(session)


async def stay_open(session: AsyncSession) -> None:
    """No draw closes before the transaction ends."""
    await draws.share_closing(session)


async def enter_populations(work: Work, decided: Sequence[Decided]) -> None:
    """Let facts enter the populations of their periods, or where those are closed, of the open ones."""
    entered = [
        Entered(match.policy, one.decision.fact, match.entry)
        for one in decided
        for match in one.entered
        if match.entry is not None
    ]
    if entered:
        work.partitions.require("population", {one.entry.period.first for one in entered})
        await draws.save_entries(work.session, entered)


async def next_closing(work: Work, desk: Desk) -> date | None:
    """Up to where draws can be closed now; None when that has been done."""
    until = local_day(work.now() - desk.grace)
    return until if await draws.closed_until(work.session) < until else None


def closes_at(desk: Desk, until: date) -> datetime:
    """Whoever is heard of from this moment on is late for the periods that end with `until`."""
    return next_midnight(until - DAY) + desk.grace


async def close_draws(work: Work, until: date) -> int:
    """Close the periods that ended by the midnight that begins `until`; returns how many draws are to be made."""
    await work.partitions.ensure("population", {until})
    return await draws.close_until(work.session, until)


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


async def publish_winners(work: Work, desk: Desk, limit: int) -> int:
    """Tell up to `limit` winners of the first draw that has any left; returns how many, and 1 more for its end."""
    draw = await draws.lock_published_next(work.session)
    if draw is None:
        return 0
    policy = await desk.version(work.session, draw.policy_id, draw.policy_version)
    winners = await picks.call_winners(work.session, draw, limit)
    for fact in winners:
        announce_occasion(work, drawn_occasion(policy, fact, draw.period))
    CALLED.labels("drawn").inc(len(winners))
    if len(winners) < limit:
        await draws.save_published(work.session, draw.id)
    return len(winners) + (len(winners) < limit)


async def call_reserves(work: Work, desk: Desk, lost: Mapping[Name, datetime]) -> None:
    """For each contact that was drawn and is lost (since when), call the next in reserve of its draw and stratum.

    `lost` is in the order of loss, in which reserves are called; so it does not matter what is handled at once.
    """
    if not lost:
        return
    found = await picks.find_called(work.session, {event_id for _, (event_id, _), _ in lost})
    for called, since in in_order_of_loss(lost, found):
        await _call_next(work, desk, called, since)


async def replace_unreached(work: Work, desk: Desk, events: Sequence[Event]) -> None:
    """Call reserves for contacts that visits could not make."""
    failed = {UUID(one.data["task_id"]): one for one in events if visit_lost(one.name, one.data)}
    if not failed:
        return
    tasks = {task.id: task for task in await task_store.find_tasks(work.session, failed)}
    heard = [(tasks[task_id], event) for task_id, event in failed.items() if task_id in tasks]
    await call_reserves(work, desk, {name: event.time for task, event in heard for name in names_of(task)})


async def replace_cancelled(work: Work, desk: Desk, tasks: Sequence[Task]) -> None:
    """Call reserves for contacts that were called off at release."""
    lost = [task for task in tasks if release_lost(task.state, task.reason)]
    await call_reserves(work, desk, {name: task.due_at for task in lost for name in names_of(task)})


async def replace_unplanned(work: Work, desk: Desk, decisions: Sequence[Decision]) -> None:
    """Call reserves for what was drawn and could not be planned."""
    lost = [one for one in decisions if plan_lost(one)]
    await call_reserves(work, desk, {name: one.at for one in lost for name in names_of_decision(one)})


async def _call_next(work: Work, desk: Desk, called: Called, since: datetime) -> None:
    stratum = await picks.lose(work.session, called)
    draw = await draws.get_draw(work.session, called.draw_id)
    if stratum is None or draw is None:
        return
    fact = await picks.call_next(work.session, draw, stratum)
    if fact is None:
        USED_UP.labels(draw.policy_id).inc()
    else:
        policy = await desk.version(work.session, draw.policy_id, draw.policy_version)
        announce_occasion(work, reserve_occasion(policy, fact, draw.period, since))
        CALLED.labels("reserve").inc()


async def get_draw(session: AsyncSession, draw_id: UUID) -> DrawRecord:
    """Raises DrawNotFound."""
    draw = await draws.get_draw(session, draw_id)
    if draw is None:
        raise DrawNotFound(f"抽取编号 {draw_id}")
    return draw


def _fact_key(decision: StoredDecision) -> UUID:
    """Of the fact in its population; the record of what time brings has a key of its own."""
    if decision.event_type != ARRIVED:
        return decision.event_key
    return derived_id(decision.at, decision.source, decision.event_id)


async def with_standings(session: AsyncSession, decisions: Sequence[StoredDecision]) -> list[StoredDecision]:
    """Decisions as recorded, and of what entered a population also what its draw has said since."""
    asked = {
        (number, place): Asked(
            detail["policy"], detail["version"], date.fromisoformat(str(detail["from"])), _fact_key(one)
        )
        for number, one in enumerate(decisions)
        for place, detail in enumerate(one.details)
        if detail["result"] == "enrolled"
    }
    said = await picks.find_standings(session, list(asked.values()))
    return [
        replace(
            one,
            details=[
                detail | said.get(asked.get((number, place)), NOTHING_SAID) for place, detail in enumerate(one.details)
            ],
        )
        for number, one in enumerate(decisions)
    ]


async def forget(work: Work, before: date) -> None:
    """Who was drawn, and slots taken, are kept as long as the population it was drawn of."""
    await draws.forget_picks(work.session, before)
    await slots.forget_taken(work.session, before)
