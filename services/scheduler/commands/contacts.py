"""What visits, notifications and complaints tell: contacts made, refusals, how cases stand."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from services.scheduler.commands.announce import TASKS
from services.scheduler.domain.customer import REFUSED, way_of
from services.scheduler.store import customers, tasks
from shared.contracts.notifications import NotificationOptedOut
from shared.contracts.visits import VisitCallbackAgreed, VisitCompleted, VisitFailed
from shared.messaging import Event, Work

CASE_STATES = {
    "complaint.opened": "open",
    "complaint.reopened": "open",
    "complaint.resolved": "resolved",
    "complaint.closed": "closed",
}
Refusals = dict[str, dict[str, datetime]]


async def note_visits(work: Work, events: Sequence[Event]) -> None:
    """Tasks end, contacts are settled, and who refused is not contacted that way again (X5)."""
    ended: dict[UUID, tuple[str, str]] = {}
    contacts: dict[UUID, str] = {}
    refusals: Refusals = defaultdict(dict)
    for event in events:
        if event.name == "visit.completed":
            done = event.read(VisitCompleted)
            ended[UUID(done.task_id)], contacts[UUID(done.task_id)] = ("done", ""), "committed"
        elif event.name == "visit.callback_agreed":
            contacts[UUID(event.read(VisitCallbackAgreed).task_id)] = "committed"
        elif event.name == "visit.failed":
            failed = event.read(VisitFailed)
            refused = failed.reason == "refused"
            ended[UUID(failed.task_id)] = ("failed", failed.reason)
            if refused:
                refusals[failed.customer.id].setdefault(way_of(failed.channel, REFUSED), event.time)
            if refused or UUID(failed.task_id) not in contacts:
                contacts[UUID(failed.task_id)] = "committed" if refused else "released"
    for state in await tasks.end_tasks(work.session, ended, work.now()):
        TASKS.labels(state).inc()
    await tasks.settle_contacts(work.session, contacts)
    await customers.save_refusals(work.session, refusals)


async def note_opt_outs(work: Work, events: Sequence[Event]) -> None:
    """Opt-outs by channel and purpose count from now on (X5)."""
    refusals: Refusals = defaultdict(dict)
    for event in events:
        data = event.read(NotificationOptedOut)
        refusals[data.customer_id].setdefault(way_of(data.channel, data.purpose), data.opted_out_at)
    await customers.save_refusals(work.session, refusals)


async def note_cases(work: Work, events: Sequence[Event]) -> None:
    """How complaints stand, for the guards of release."""
    standing: dict[str, tuple[str, str, str, datetime]] = {}
    for event in events:
        state, case_id = CASE_STATES.get(event.name), event.data["case_id"]
        if state is not None:
            resolved_by = event.id if state == "resolved" else ""
            standing[case_id] = (event.data["customer"]["id"], state, resolved_by, event.time)
    await customers.save_cases(work.session, standing)
