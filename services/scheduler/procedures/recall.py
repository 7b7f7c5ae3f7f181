"""Released tasks are answered for until their visits are over: what has happened since takes them back or postpones them.

Whoever calls this has locked the customers, so no visit of theirs ends meanwhile. What is due is locked here: a task that is
being released right now is looked at once it is out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from services.scheduler.domain.decide import Decision
from services.scheduler.domain.later.recall import Prompt, looked_at_again, recall_record, taken_back
from services.scheduler.domain.later.reserve import Name, names_of
from services.scheduler.domain.ledger.contacts import LONGEST_PERIOD, Contact
from services.scheduler.domain.restraint.release import Circumstances
from services.scheduler.domain.steps.contact_plan import Ended
from services.scheduler.domain.task import Task
from services.scheduler.procedures.announce import announce, announce_postponed
from services.scheduler.procedures.policies import Policies
from services.scheduler.procedures.reserves import call_reserves
from services.scheduler.store import customers, decisions, tasks
from shared.messaging import Event, Work
from shared.messaging.event import utc_day
from shared.zone import local_day

Reasons = Mapping[str, Sequence[tuple[Prompt, Event | None]]]


async def look_again(work: Work, policies: Policies, reasons: Reasons) -> None:
    """Ask once more about the released tasks of these customers, because of what events told of each, the last one last."""
    if not reasons:
        return
    found = await tasks.find_released(work.session, sorted(reasons))
    if not found:
        return
    since = min(local_day(task.due_at) for task, _ in found) - LONGEST_PERIOD
    ledger = await customers.find_contacts(work.session, sorted({task.customer_id for task, _ in found}), since)
    recalled: list[tuple[Decision, Event | None]] = []
    for task, known in found:
        heard = reasons[task.customer_id]
        if any(told.spares(task) for told, _ in heard):
            continue
        if after := await _looked_at(work, policies, task, known, ledger):
            told, event = heard[-1]
            recalled.append((recall_record(after, told), event))
    await _keep(work, policies, recalled)


async def _looked_at(
    work: Work, policies: Policies, task: Task, known: Circumstances, ledger: dict[str, tuple[Contact, ...]]
) -> Task | None:
    customer = known.customer._replace(contacts=ledger.get(task.customer_id, ()))
    policy = (await policies.version(task.policy_id, task.policy_version)).step_named(task.step)
    after = looked_at_again(task, replace(known, customer=customer), work.now(), policy)
    if after:
        ledger[task.customer_id] = customer.noted(after).contacts
    return after


async def end_runs(work: Work, policies: Policies, ended: Sequence[tuple[Ended, Prompt, Event | None]]) -> None:
    """Take back what runs, or steps of them, have released that were ended: once, by what ended it first."""
    if not ended:
        return
    found = await tasks.find_released(work.session, sorted({run.customer_id for run, _, _ in ended}))
    recalled: dict[UUID, tuple[Decision, Event | None]] = {}
    for run, told, event in ended:
        for task, _ in found:
            if task.customer_id == run.customer_id and run.planned(task) and task.id not in recalled:
                recalled[task.id] = recall_record(taken_back(task, run.reason), told), event
    await _keep(work, policies, list(recalled.values()))


async def _keep(work: Work, policies: Policies, recalled: Sequence[tuple[Decision, Event | None]]) -> None:
    """Save and publish; whom a draw has lost by that is replaced."""
    if not recalled:
        return
    work.partitions.require("decision", {utc_day(decision.at) for decision, _ in recalled})
    await tasks.save_tasks(work.session, [task for decision, _ in recalled for task in decision.tasks], work.now())
    await decisions.save_decisions(work.session, [decision for decision, _ in recalled], work.now())
    lost: dict[Name, datetime] = {}
    for decision, cause in recalled:
        for task in decision.tasks:
            if task.state == "planned":
                announce_postponed(work, task, cause)
                continue
            announce(work, task, cause)
            lost |= dict.fromkeys(names_of(task), decision.at)
    await call_reserves(work, policies, lost)
