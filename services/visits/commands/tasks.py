"""Tasks come, change and go; who holds their visits is told. What people change of their shifts is kept."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from services.visits.domain import several, task_events
from services.visits.domain import visit as lifecycle
from services.visits.domain.visit import Visit
from services.visits.procedures.invitations import tell_ended
from services.visits.store import questionnaires, rows
from services.visits.store import shifts as shift_store
from shared.contracts.people import PersonChanged
from shared.contracts.tasks import Followup, FollowupCancelled, FollowupChanged, FollowupPostponed, FollowupReleased
from shared.messaging import Event, Work

F = TypeVar("F", bound=Followup)


async def take_in(work: Work, events: Sequence[Event]) -> None:
    """Make a visit of every released task that asks the customer something; one postponed meanwhile is to be made again."""
    read = [(event.read(FollowupReleased), event.lineage or event.id) for event in events]
    released = {
        task.task_id: (task, lineage) for task, lineage in read if task_events.has_visit(task)
    }  # the last counts
    spoke = await rows.agents_who_spoke(
        work.session, [(task.customer.id, lineage) for task, lineage in released.values() if task.round > 1]
    )
    visits = [task_events.open_visit(task, lineage, spoke.get(lineage, ())) for task, lineage in released.values()]
    known = {visit.task_id: visit for visit in await rows.lock_of_tasks(work.session, list(released))}
    await rows.add_visits(work.session, [visit for visit in visits if visit.task_id not in known])
    again = [(known[visit.task_id], visit) for visit in visits if visit.task_id in known]
    await _save(work, [(old, task_events.release_again(old, visit, work.now())) for old, visit in again])


async def postpone(work: Work, events: Sequence[Event]) -> None:
    """Nobody contacts these customers until their tasks are released again."""
    await _tell(
        work, {task.task_id: task for task in (event.read(FollowupPostponed) for event in events)}, task_events.postpone
    )


async def change(work: Work, events: Sequence[Event]) -> None:
    """Unfinished visits are what their tasks are now."""
    await _tell(
        work, {task.task_id: task for task in (event.read(FollowupChanged) for event in events)}, task_events.change
    )


async def withdraw(work: Work, events: Sequence[Event]) -> None:
    """Cancel the unfinished visits of cancelled tasks."""
    cancelled = {task.task_id: task for task in (event.read(FollowupCancelled) for event in events)}
    await _tell(work, cancelled, lambda visit, task, now: task_events.cancel(visit, task.reason, now))


async def _tell(work: Work, tasks: Mapping[str, F], becomes: Callable[[Visit, F, datetime], Visit]) -> None:
    found = await rows.lock_of_tasks(work.session, list(tasks))
    await _save(work, [(visit, becomes(visit, tasks[visit.task_id], work.now())) for visit in found])


async def _save(work: Work, changes: Sequence[tuple[Visit, Visit]]) -> None:
    changed = await _with_answers(work, [(old, new) for old, new in changes if new is not old])
    await rows.save_by_task(work.session, [new for _, new in changed])
    tell_ended(work, changed)


async def _with_answers(work: Work, changes: Sequence[tuple[Visit, Visit]]) -> Sequence[tuple[Visit, Visit]]:
    """The changes, in which what was answered goes with the matter it is about; its version says so to who holds the visit."""
    moved = [(old, new) for old, new in changes if old.answers and new.matters != old.matters and not new.finished]
    if not moved:
        return changes
    before = await questionnaires.asked_by(work.session, [old for old, _ in moved])
    after = await questionnaires.asked_by(work.session, [new for _, new in moved])
    answers = {
        old.id: several.carried(old, before[old.id], new, after.get(old.id)) for old, new in moved if old.id in before
    }
    return [
        (
            old,
            lifecycle.changed(new, answers=answers[old.id]) if answers.get(old.id, old.answers) != old.answers else new,
        )
        for old, new in changes
    ]


async def keep_shifts(work: Work, events: Sequence[Event]) -> None:
    """Keep the shifts of people who were changed."""
    for event in events:
        await shift_store.keep(work.session, event.read(PersonChanged))
