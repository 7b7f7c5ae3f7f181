"""Runs of policies with several steps are moved: customers under lock, what their runs come to, and all of it saved."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from services.scheduler.domain.decide import plan_contact, turned
from services.scheduler.domain.kept.contact_result import (
    ContactResult,
    correction_of_visit,
    result_of_message,
    result_of_visit,
    task_id_in,
)
from services.scheduler.domain.steps.correction import hear_correction
from services.scheduler.domain.steps.runs import Moved, hear_result
from services.scheduler.procedures import recall
from services.scheduler.procedures.kept import Kept
from services.scheduler.procedures.plans import Customers, load_plans
from services.scheduler.procedures.policies import Policies
from services.scheduler.procedures.turn import Turn
from services.scheduler.store import led, waiting
from shared.messaging import Event, Work
from shared.messaging.event import utc_day


class RunTable:
    """Customers under lock, and what their runs come to."""

    def __init__(self, work: Work, policies: Policies, plans: Customers) -> None:
        self.work = work
        self.policies = policies
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
        await recall.end_runs(self.work, self.policies, self.kept.ended)


async def run_table(work: Work, policies: Policies, customers: Customers, moments: Sequence[datetime]) -> RunTable:
    """These customers, who are locked, with all that their runs need."""
    return RunTable(work, policies, await load_plans(work.session, policies, customers, min(moments), lock=True))


class Concluded(NamedTuple):
    """A task and what it came to, as an event told; `corrects` what an earlier one told."""

    task_id: UUID
    result: ContactResult
    cause: Event
    corrects: bool = False


async def conclude_visits(work: Work, policies: Policies, turn: Turn, events: Sequence[Event]) -> None:
    """Results of contacts lead on the runs that wait for them, and corrected ones lead elsewhere those that went on."""
    if policies.chained:
        concluded = []
        for event in events:
            told = (event.name, event.id, event.time, event.data)
            corrected = correction_of_visit(*told)
            if result := corrected or result_of_visit(*told):
                concluded.append(Concluded(UUID(event.data["task_id"]), result, event, bool(corrected)))
        await _conclude(work, policies, turn, concluded)


async def conclude_messages(work: Work, policies: Policies, turn: Turn, events: Sequence[Event]) -> None:
    """So do messages that were delivered or not; most of them are about no task."""
    if policies.chained:
        concluded = []
        for event in events:
            result, task_id = _of_message(event), task_id_in(event.data.get("cause_id"))
            if result and task_id:
                concluded.append(Concluded(task_id, result, event))
        await _conclude(work, policies, turn, concluded)


def _of_message(event: Event) -> ContactResult | None:
    return result_of_message(event.name, event.id, event.time, event.data)


async def _conclude(work: Work, policies: Policies, turn: Turn, concluded: Sequence[Concluded]) -> None:
    about = await waiting.find_about(work.session, {one.task_id for one in concluded})
    corrected = {one.task_id for one in concluded if one.corrects}
    known = await led.find_led(work.session, corrected) if corrected else {}
    about |= {one.row.task_id: name for name, of in known.items() for one in of if one.row.task_id}
    wanted = [one for one in concluded if one.task_id in about]
    if not wanted:
        return
    await policies.add_chains({one.row.policy for of in known.values() for one in of})
    customers = await turn.of(about.values())
    customers |= {name: customers[name]._replace(led=of) for name, of in known.items() if name in customers}
    table = await run_table(work, policies, customers, [one.result.at for one in wanted])
    for one in wanted:
        hear = hear_correction if one.corrects else hear_result
        customer = table.plans[about[one.task_id]]
        table.take(hear(customer, one.task_id, one.result, policies.chained, plan_contact), one.cause)
    await table.save()
