"""Due tasks go out to those who contact, whose supervisors are warned of deadlines; planned ones can be called off by hand."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from services.scheduler.domain.customer import Customer
from services.scheduler.domain.later.withdrawal import AT_RELEASE, identities, is_withdrawn
from services.scheduler.domain.ledger.contacts import LONGEST_PERIOD
from services.scheduler.domain.restraint.deferral import final_verdict, needs_ledger
from services.scheduler.domain.restraint.release import Circumstances, concluded, release_verdict
from services.scheduler.domain.task import BY_HAND, NAMES, Task, TaskNotInState, moved
from services.scheduler.procedures.announce import announce, announce_deadline
from services.scheduler.procedures.policies import Policies, PolicyCache
from services.scheduler.procedures.reserves import replace_cancelled
from services.scheduler.store import customers, tasks, timed, withdrawn
from services.scheduler.store.tasks import StoredTask
from shared.auth import Principal
from shared.errors import NotFound
from shared.http import audit
from shared.messaging import Work
from shared.observability.catalogue import counter, histogram
from shared.privacy import Sealer
from shared.profile import WRONG, right_numbers
from shared.zone import local_day

LATENESS = histogram(
    "huifang_scheduler_release_lateness_seconds",
    "Machine time between the moment from which a task could be released (due, planned, its window open) and its release",
    "回访下达延迟",
    buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 14400, 86400),
)
DEFERRED = counter(
    "huifang_scheduler_deferrals_total",
    "Due tasks put off, by what held them back",
    "到期后推迟数",
    labels={"reason": 30},
)
HELD = counter(
    "huifang_scheduler_held_total", "Due tasks held until their contact window opens", "等待接触时段的回访数"
)


class TaskNotFound(NotFound):
    title = "没有这个回访任务"
    code = "task-not-found"


async def release_due(work: Work, cache: PolicyCache, sealer: Sealer, limit: int) -> int:
    """Release, cancel, expire or defer up to `limit` due tasks, or hold them until their window opens; returns how many."""
    now = work.now()
    ready, weighed = [], []
    held: dict[UUID, datetime] = {}
    claimed = await tasks.claim_due(work.session, now, limit)
    if not claimed:
        return 0
    policies = await cache.open(work.session)
    gone = await withdrawn.find_withdrawn(work.session, {one for due in claimed for one in identities(due.task)})
    for task, known, came_up_at, planned_at in claimed:
        verdict = (
            AT_RELEASE if is_withdrawn(task, gone) else release_verdict(task, known, now, policies.calendar.official)
        )
        if needs_ledger(task, verdict):
            weighed.append((task, known))
        elif verdict.opens is not None:
            held[task.id] = verdict.opens
            continue
        else:
            ready.append(concluded(task, verdict)._replace(card=_card(task, known.customer, sealer)))
        since = work.clock.machine_at(max(came_up_at, planned_at))
        LATENESS.observe(max((work.clock.machine_at(now) - since).total_seconds(), 0))
    await _hold(work, held)
    if weighed:
        concluded_later = await _weigh(work, policies, weighed, now)
        whose = {task.id: known.customer for task, known in weighed}
        ready += [task._replace(card=_card(task, whose[task.id], sealer)) for task in concluded_later]
    await tasks.save_tasks(work.session, ready, now)
    for task in ready:
        _tell(work, task)
    await replace_cancelled(work, policies, ready, {due.task.id: due.came_up_at for due in claimed})
    return len(ready) + len(held)


async def _weigh(
    work: Work, policies: Policies, due: Sequence[tuple[Task, Circumstances]], now: datetime
) -> list[Task]:
    """What becomes of these claimed tasks, one after the other.

    A customer whom somebody decides about right now is left for the next time: whoever decides locks the customer first
    and then what is due, so that waiting here could be for ever.
    """
    held = await customers.lock_customers(work.session, {task.customer_id for task, _ in due}, skip=True)
    since = min(local_day(task.due_at) for task, _ in due) - LONGEST_PERIOD
    ledger = await customers.find_contacts(work.session, sorted(held), since)
    judged = []
    for task, known in due:
        if task.customer_id in held:
            customer = held[task.customer_id]._replace(contacts=ledger.get(task.customer_id, ()))
            policy = await policies.version(task.policy_id, task.policy_version)
            verdict = final_verdict(task, replace(known, customer=customer), now, policy.step_named(task.step))
            if verdict.opens is not None:
                continue  # what held it back has just passed; the next look holds it until its window opens
            judged.append(after := concluded(task, verdict))
            ledger[task.customer_id] = customer.noted(after).contacts
    return judged


async def _hold(work: Work, held: Mapping[UUID, datetime]) -> None:
    """Ask again when the contact windows of these tasks open; their plan stays as it is."""
    if held:
        HELD.inc(len(held))
        await tasks.hold_due(work.session, held)
        notes = {task_id: [{"at": work.now(), "opens": opens}] for task_id, opens in held.items()}
        await tasks.note_life(work.session, notes)


def _tell(work: Work, task: Task) -> None:
    """Announce what became of a due task; who waits on is not told of."""
    if task.state == "planned":
        DEFERRED.labels(task.reason).inc()
    else:
        announce(work, task)


def _card(task: Task, customer: Customer, sealer: Sealer) -> dict[str, Any]:
    """The card as the agent's list shows it, without numbers that are known to be wrong by now; a number sealed elsewhere
    stays without a mask."""
    card = dict(task.card)
    if wrong := customer.profile.get(WRONG):
        first = customer.profile.get("phone") if card.get("phone") in wrong else None
        numbers = right_numbers((card.get("phone"), *card.get("phones", ())), wrong, first)
        card |= {"phone": next(iter(numbers), None), "phones": numbers[1:], "phone_masked": ""}
    if card.get("phone") and not card.get("phone_masked"):
        try:
            card["phone_masked"] = sealer.masked(str(card["phone"]))
        except ValueError:
            card["phone_masked"] = ""
    return card


async def cancel_task(work: Work, by: Principal, task_id: UUID, reason: str, lawful: bool) -> StoredTask:
    """Call off a task that is planned or whose visit is not over. Raises TaskNotFound (also outside the caller's units),
    TaskNotInState."""
    stored = await tasks.get_task(work.session, task_id, by.scope)
    if stored is not None:
        # in the order of whoever decides; then nobody releases it, and no visit of the customer ends
        await customers.lock_customers(work.session, [stored.task.customer_id])
        await tasks.claim_planned(work.session, task_id)
        stored = await tasks.get_task(work.session, task_id, by.scope)
    if stored is None:
        raise TaskNotFound(f"任务编号 {task_id}")
    if stored.task.state not in ("planned", "released"):
        raise TaskNotInState(
            f"任务当前{NAMES[stored.task.state]}，不能变为{NAMES['cancelled']}", state=stored.task.state
        )
    cancelled = moved(stored.task, "cancelled", BY_HAND)
    await tasks.save_tasks(work.session, [cancelled], work.now())
    await tasks.note_life(work.session, {task_id: [{"at": work.now(), "note": reason}]})
    announce(work, cancelled, lawful=lawful)
    await audit(work, by, "task.cancelled", str(task_id), reason=reason, lawful=lawful)
    return StoredTask(cancelled, stored.planned_at, work.now())


async def warn_of_deadlines(work: Work, limit: int) -> int:
    """Tell of up to `limit` tasks that their deadline is near, unless they have ended; returns how many were looked at."""
    claimed = await timed.claim_warnings(work.session, work.now(), limit)
    if claimed:
        for task in await tasks.find_unfinished(work.session, claimed):
            announce_deadline(work, task)
    return len(claimed)
