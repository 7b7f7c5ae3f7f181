"""Due tasks whose release hangs on the contact ledger, or that are put off: judged under their customer's lock."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from services.scheduler.commands.desk import Desk
from services.scheduler.domain.ledger.contacts import LONGEST_PERIOD
from services.scheduler.domain.restraint.deferral import final_verdict
from services.scheduler.domain.restraint.release import Circumstances, concluded
from services.scheduler.domain.task import Task
from services.scheduler.domain.when.windows import local_day
from services.scheduler.store import customers
from shared.messaging import Work


async def weigh(work: Work, desk: Desk, due: Sequence[tuple[Task, Circumstances]], now: datetime) -> list[Task]:
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
            policy = await desk.version(work.session, task.policy_id, task.policy_version)
            verdict = final_verdict(task, replace(known, customer=customer), now, policy.step_named(task.step))
            if verdict.opens is not None:
                continue  # what held it back has just passed; the next look holds it until its window opens
            judged.append(after := concluded(task, verdict))
            ledger[task.customer_id] = customer.noted(after).contacts
    return judged
