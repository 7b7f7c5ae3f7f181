"""Runs of policies with several steps are led on by time, and by events without a customer."""

from datetime import UTC, datetime

from services.scheduler.domain.decide import plan_contact
from services.scheduler.domain.kept.contact_result import result_of_end
from services.scheduler.domain.steps.runs import hear, hear_result, run_out
from services.scheduler.domain.task import BY_HAND
from services.scheduler.procedures.policies import PolicyCache
from services.scheduler.procedures.runs import run_table
from services.scheduler.procedures.turn import take_turn
from services.scheduler.store import waiting
from services.scheduler.store.waiting import Over
from shared.messaging import Work

CALLED_OFF = ("cancelled", "expired")


async def lead_on(work: Work, cache: PolicyCache, limit: int) -> int:
    """Where a wait is over, or the awaited task was called off, the run goes on; returns how many waits were over."""
    policies = await cache.open(work.session)
    over = await waiting.find_over(work.session, work.now(), limit)
    if not over:
        return 0
    turn = await take_turn(work.session, {one.customer_id for one in over}, skip=True)
    table = await run_table(work, policies, turn.known, [_moment(one) for one in over])
    mine = [one for one in over if one.customer_id in table.plans]
    for one in mine:
        if one.task_id is not None and one.state in CALLED_OFF:
            result = result_of_end(one.state, one.reason or "", _moment(one))
            table.take(hear_result(table.plans[one.customer_id], one.task_id, result, policies.chained, plan_contact))
    for name in sorted({one.customer_id for one in mine}):
        table.take(run_out(table.plans[name], work.now(), policies.chained, plan_contact))
    await table.save()
    return len(mine)


async def wake(work: Work, cache: PolicyCache, limit: int) -> int:
    """Events without a customer reach those who wait for them, up to `limit` at a time; returns how many.

    Whoever was reached waits no longer, or waits for a later event, so what is interrupted goes on where it was. With 1e5
    waiting and portions of 500 that is 200 transactions, which any number of replicas share; meanwhile facts are decided on.
    """
    policies = await cache.open(work.session)
    signalled = await waiting.find_signalled(work.session, limit)
    if not signalled:
        return 0
    turn = await take_turn(work.session, {name for name, _ in signalled}, skip=True)
    table = await run_table(work, policies, turn.known, [fact.at for _, fact in signalled])
    mine = [(name, fact) for name, fact in signalled if name in table.plans]
    for name, fact in mine:
        table.take(hear(table.plans[name], fact, policies.chained, plan_contact))
    await table.save()
    return len(mine)


def _moment(over: Over) -> datetime:
    """A task that was called off at release counts as of its due time, however late that was; after it, as of then."""
    if over.state not in CALLED_OFF or over.due_at is None or over.changed_at is None:
        return over.until.astimezone(UTC)
    return over.changed_at if over.reason == BY_HAND or over.was_released else over.due_at
