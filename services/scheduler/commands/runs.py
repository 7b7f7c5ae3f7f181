"""Runs of policies with several steps are led on: by results of contacts, by events without a customer, by time."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from services.scheduler.commands import recall
from services.scheduler.commands.decide import Customers, load_plans
from services.scheduler.commands.desk import Desk
from services.scheduler.commands.kept import Kept
from services.scheduler.commands.release import BY_HAND
from services.scheduler.domain.decide import plan_contact, turned
from services.scheduler.domain.kept.contact_result import (
    ContactResult,
    result_of_end,
    result_of_message,
    result_of_visit,
    task_id_in,
)
from services.scheduler.domain.steps.runs import TELLING, Moved, hear, hear_result, run_out
from services.scheduler.store import customers as customer_store
from services.scheduler.store import story, waiting
from services.scheduler.store.waiting import Over
from shared.messaging import Event, Work
from shared.messaging.event import utc_day

CALLED_OFF = ("cancelled", "expired")


class Concluded(NamedTuple):
    """A task and what it came to, as an event told."""

    task_id: UUID
    result: ContactResult
    cause: Event


async def conclude_visits(work: Work, desk: Desk, events: Sequence[Event]) -> None:
    """Results of contacts lead on the runs that wait for them."""
    await desk.current(work.session)
    if desk.chained:
        found = [(event, result_of_visit(event.name, event.id, event.time, event.data)) for event in events]
        concluded = [Concluded(UUID(event.data["task_id"]), result, event) for event, result in found if result]
        await _conclude(work, desk, concluded)


async def conclude_messages(work: Work, desk: Desk, events: Sequence[Event]) -> None:
    """So do messages that were delivered or not; most of them are about no task."""
    await desk.current(work.session)
    if desk.chained:
        concluded = []
        for event in events:
            result, task_id = _of_message(event), task_id_in(event.data.get("cause_id"))
            if result and task_id:
                concluded.append(Concluded(task_id, result, event))
        await _conclude(work, desk, concluded)


def _of_message(event: Event) -> ContactResult | None:
    return result_of_message(event.name, event.id, event.time, event.data)


async def _conclude(work: Work, desk: Desk, concluded: Sequence[Concluded]) -> None:
    about = await waiting.find_about(work.session, {one.task_id for one in concluded})
    wanted = [one for one in concluded if one.task_id in about]
    if not wanted:
        return
    table = await _sit_down(work, desk, set(about.values()), [one.result.at for one in wanted])
    for one in wanted:
        customer = table.plans[about[one.task_id]]
        table.take(hear_result(customer, one.task_id, one.result, desk.chained, plan_contact), one.cause)
    await table.save()


async def lead_on(work: Work, desk: Desk, limit: int) -> int:
    """Where a wait is over, or the awaited task was called off, the run goes on; returns how many waits were over."""
    await desk.current(work.session)
    over = await waiting.find_over(work.session, work.now(), limit)
    if not over:
        return 0
    table = await _sit_down(work, desk, {one.customer_id for one in over}, [_moment(one) for one in over], skip=True)
    mine = [one for one in over if one.customer_id in table.plans]
    for one in mine:
        if one.task_id is not None and one.state in CALLED_OFF:
            result = result_of_end(one.state, one.reason or "", _moment(one))
            table.take(hear_result(table.plans[one.customer_id], one.task_id, result, desk.chained, plan_contact))
    for name in sorted({one.customer_id for one in mine}):
        table.take(run_out(table.plans[name], work.now(), desk.chained, plan_contact))
    await table.save()
    return len(mine)


async def wake(work: Work, desk: Desk, limit: int) -> int:
    """Events without a customer reach those who wait for them, up to `limit` at a time; returns how many.

    Whoever was reached waits no longer, or waits for a later event, so what is interrupted goes on where it was. With 1e5
    waiting and portions of 500 that is 200 transactions, which any number of replicas share; meanwhile facts are decided on.
    """
    await desk.current(work.session)
    signalled = await waiting.find_signalled(work.session, limit)
    if not signalled:
        return 0
    table = await _sit_down(work, desk, {name for name, _ in signalled}, [fact.at for _, fact in signalled], skip=True)
    mine = [(name, fact) for name, fact in signalled if name in table.plans]
    for name, fact in mine:
        table.take(hear(table.plans[name], fact, desk.chained, plan_contact))
    await table.save()
    return len(mine)


async def forget_signals(work: Work) -> None:
    """Nobody is told of an event without a customer any more who begins to wait this long after it."""
    await waiting.forget_signals(work.session, work.now() - TELLING)


async def forget_heard(work: Work, kept: timedelta) -> None:
    """A fact that is heard later than this after it happened finds runs as they are."""
    await story.forget_heard(work.session, work.now() - kept)


def _moment(over: Over) -> datetime:
    """A task that was called off at release counts as of its due time, however late that was; after it, as of then."""
    if over.state not in CALLED_OFF or over.due_at is None or over.changed_at is None:
        return over.until.astimezone(UTC)
    return over.changed_at if over.reason == BY_HAND or over.was_released else over.due_at


class _Table:
    """Customers under lock, and what their runs come to."""

    def __init__(self, work: Work, desk: Desk, plans: Customers) -> None:
        self.work = work
        self.desk = desk
        self.plans = plans
        self.kept = Kept(plans)

    def take(self, moved: Moved, cause: Event | None = None) -> None:
        before = self.plans[moved.customer.id]
        self.plans[moved.customer.id] = moved.customer
        self.kept.add(self.work, [turned(turn) for turn in moved.turns], before, cause)

    async def save(self) -> None:
        """Raises PartitionMissing: a customer's runs are moved by all that is over, whatever portion was asked for."""
        self.work.partitions.require("decision", {utc_day(decision.at) for decision in self.kept.decisions})
        await self.kept.save(self.work, self.plans)
        await recall.end_runs(self.work, self.desk, self.kept.ended)


async def _sit_down(
    work: Work, desk: Desk, names: Iterable[str], moments: Sequence[datetime], skip: bool = False
) -> _Table:
    """The customers, locked, with all that their runs need; `skip` leaves out those whom somebody else has."""
    known = await customer_store.lock_customers(work.session, names, skip)
    plans = await load_plans(work.session, desk, known, min(moments), lock=True)
    return _Table(work, desk, plans)
