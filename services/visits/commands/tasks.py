"""Tasks come and go."""

from collections.abc import Sequence

from services.visits.domain import visit as lifecycle
from services.visits.store import rows
from shared.contracts.tasks import FollowupCancelled, FollowupReleased
from shared.messaging import Event, Work


async def take_in(work: Work, events: Sequence[Event]) -> None:
    """Make a visit of every released task that people do; one released again has lost a matter that doesn't stand any more."""
    released = [(event.read(FollowupReleased), event.lineage or event.id) for event in events]
    opened = (lifecycle.open_visit(task, lineage) for task, lineage in released if lifecycle.is_for_agents(task))
    visits = list({visit.task_id: visit for visit in opened}.values())  # of a task told twice what was told last
    known = {visit.task_id: visit for visit in await rows.lock_of_tasks(work.session, [v.task_id for v in visits])}
    await rows.add_visits(work.session, [visit for visit in visits if visit.task_id not in known])
    told = [lifecycle.about(known[visit.task_id], visit.matters) for visit in visits if visit.task_id in known]
    await rows.save_matters(work.session, [visit for visit in told if visit is not known[visit.task_id]])


async def withdraw(work: Work, events: Sequence[Event]) -> None:
    """Cancel the unfinished visits of cancelled tasks."""
    reasons = {task.task_id: task.reason for task in (event.read(FollowupCancelled) for event in events)}
    found = await rows.lock_of_tasks(work.session, list(reasons))
    changed = [lifecycle.cancel(visit, reasons[visit.task_id], work.now()) for visit in found if not visit.finished]
    await rows.save_visits(work.session, changed)
