"""Send what is due: lease and commit, call, record. See the package docstring for why in this order."""

import asyncio

import structlog

from services.notifications.commands.sending import ends_before, lease_due, record_answers
from services.notifications.domain.answers import Accepted, Answer, NotTried, Refused, Unclear
from services.notifications.domain.parcel import Batch, Parcel
from services.notifications.domain.send import SendId
from services.notifications.office import SUBMISSIONS, Office, office_of
from shared.runtime import Runtime

log = structlog.get_logger(__name__)
ANSWERS = {Accepted: "accepted", Refused: "refused", Unclear: "unclear", NotTried: "not_tried"}
RECORD_EVERY = 0.3  # seconds: quick answers are recorded, and the next messages begun, while slow ones are waited for


async def send_due(runtime: Runtime) -> int:
    """Begin what is due and there is room for, then wait a little for what is under way; 0 when there is neither."""
    office = office_of(runtime)
    room = office.batch - office.in_hand
    free = room * 4 >= office.batch and not (office.alone and office.under_way)
    touched = await _begin(runtime, office, room) if free else 0
    if office.under_way:
        await _wait(office)
    return touched or len(office.under_way)


async def _begin(runtime: Runtime, office: Office, limit: int) -> int:
    """Lease a batch and set it going; returns how many planned sends were looked at."""
    async with runtime.db.work(background=True) as work:
        batch = await lease_due(work, office.rules, limit, idle=not office.under_way)
        if batch.parcels:
            await office.fence.hold(batch.token)
    if batch.parcels:
        office.in_hand += len(batch.parcels)
        office.alone = batch.alone
        office.under_way.add(asyncio.create_task(_send(runtime, office, batch), name=f"batch-{batch.token}"))
    return batch.touched


async def _wait(office: Office) -> None:
    """A process that stops begins no further call, but hears out those under way: their answers are worth waiting for."""
    try:
        done, office.under_way = await asyncio.wait(office.under_way, timeout=RECORD_EVERY)
    except asyncio.CancelledError:
        office.draining = True
        await asyncio.wait(office.under_way)
        raise
    for task in done:
        task.result()


async def _send(runtime: Runtime, office: Office, batch: Batch) -> None:
    unrecorded = len(batch.parcels)
    try:
        async with asyncio.TaskGroup() as group:
            calls = {group.create_task(_submit(runtime, office, batch, parcel)): parcel for parcel in batch.parcels}
            waiting = set(calls)
            while waiting:
                done, waiting = await asyncio.wait(waiting, timeout=RECORD_EVERY)
                if done:
                    await _record(runtime, office, batch, {calls[task].send_id: task.result() for task in done})
                    office.in_hand -= len(done)
                    unrecorded -= len(done)
    finally:
        office.in_hand -= unrecorded
        await office.fence.give_up(batch.token)


async def _record(runtime: Runtime, office: Office, batch: Batch, answers: dict[SendId, Answer]) -> None:
    async with runtime.db.work(background=True, notify=True) as work:
        await record_answers(work, batch.token, answers, office.rules.patience)


async def _submit(runtime: Runtime, office: Office, batch: Batch, parcel: Parcel) -> Answer:
    async with office.slots:
        if office.draining or not office.fence.holds(batch.token) or ends_before(batch, runtime.clock.machine()):
            return NotTried()
        provider = office.providers[parcel.channel]
        try:
            answer = await provider.submit(parcel)
        except Exception as error:
            log.exception("provider_call_failed", provider=provider.name, send_id=str(parcel.send_id))
            answer = Unclear(type(error).__name__)
    _note(runtime, office, provider.name, answer)
    return answer


def _note(runtime: Runtime, office: Office, provider: str, answer: Answer) -> None:
    SUBMISSIONS.labels(provider, ANSWERS[type(answer)]).inc()
    health = office.health[provider]
    if isinstance(answer, Unclear) or (isinstance(answer, Refused) and answer.temporary):
        health.trouble_at, health.trouble = runtime.clock.now(), answer.reason
    else:
        health.answered_at = runtime.clock.now()
