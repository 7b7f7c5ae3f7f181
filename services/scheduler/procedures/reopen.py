"""A visit that had failed is opened again: its task is out again, its contact is under way, and nobody has refused by it.

What was done meanwhile because it had failed stays: a reserve that was called is contacted, too, and the task's life says so.
"""

from collections.abc import Sequence
from uuid import UUID

from services.scheduler.domain.customer import not_refusing
from services.scheduler.domain.explain.life import contact_entry
from services.scheduler.domain.kept.contact_result import REOPENED
from services.scheduler.domain.later.reserve import names_of
from services.scheduler.procedures.notes import note_visits
from services.scheduler.procedures.turn import Turn
from services.scheduler.store import picks, tasks
from shared.contracts.visits import VisitReopened
from shared.messaging import Event, Work

RESERVE_STAYS = "已递补的备选照常回访，不收回"


async def follow_visits(work: Work, turn: Turn, events: Sequence[Event]) -> None:
    """What visits tell of contacts, one after the other where a visit was opened again between them."""
    heard: list[Event] = []
    for event in events:
        if event.name == REOPENED:
            await note_visits(work, turn, heard)
            await _reopen(work, turn, event)
            heard = []
        else:
            heard.append(event)
    await note_visits(work, turn, heard)


async def _reopen(work: Work, turn: Turn, event: Event) -> None:
    """A task that did not fail, because it was called off or nobody heard of it, stays as it is."""
    visit = event.read(VisitReopened)
    task_id = UUID(visit.task_id)
    if not await tasks.release_failed(work.session, task_id, work.now()):
        return
    await tasks.note_life(work.session, {task_id: [contact_entry(event.name, event.data, event.time)]})
    (task,) = await tasks.find_tasks(work.session, [task_id])
    if await picks.find_lost(work.session, names_of(task)):
        await tasks.note_life(work.session, {task_id: [{"at": work.now(), "note": RESERVE_STAYS}]})
    if visit.reason == "refused":
        await _take_refusal_back(work, turn, visit)


async def _take_refusal_back(work: Work, turn: Turn, visit: VisitReopened) -> None:
    """Unless the customer had refused before, or has by another visit, they may be contacted that way again."""
    name = visit.customer.id
    known = (await turn.of([name])).get(name)
    if known is None or not known.refused(visit.channel):
        return
    after = not_refusing(known, visit.channel, visit.failed_at)
    if after is not known and not await tasks.has_refused(work.session, name, visit.channel):
        await turn.replace_refusals({name: after.opted_out})
