"""Send what is due: lease and commit, call, record. See the package docstring for why in this order."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog

from services.notifications.commands.sending import ends_before, lease_due, record_answers
from services.notifications.domain.answers import Answer, NotTried, Refused, Unclear
from services.notifications.domain.parcel import Batch, Parcel
from services.notifications.office import Office, office_of
from shared.service import Runtime

log = structlog.get_logger(__name__)
RECORD_EVERY = 0.5  # seconds: quick answers are recorded while slow ones are waited for


async def send_due(runtime: Runtime) -> int:
    """Send one batch; returns how many planned sends were looked at."""
    office = office_of(runtime)
    async with runtime.db.work(background=True) as work:
        batch = await lease_due(work, office.desk, office.batch)
        if batch.parcels:
            await office.fence.hold(batch.token)
    if batch.parcels:
        try:
            await _to_the_end(_send(runtime, office, batch), office)
        finally:
            await office.fence.release(batch.token)
    return batch.touched


async def _to_the_end(sending: Coroutine[Any, Any, None], office: Office) -> None:
    """A process that stops begins no further call, but hears out those under way: their answers are worth waiting for."""
    task = asyncio.create_task(sending)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        office.draining = True
        await task
        raise


async def _send(runtime: Runtime, office: Office, batch: Batch) -> None:
    async with asyncio.TaskGroup() as group:
        calls = {group.create_task(_submit(runtime, office, batch, parcel)): parcel for parcel in batch.parcels}
        waiting = set(calls)
        while waiting:
            done, waiting = await asyncio.wait(waiting, timeout=RECORD_EVERY)
            if done:
                answers = {calls[task].send_id: task.result() for task in done}
                async with runtime.db.work(background=True, notify=True) as work:
                    await record_answers(work, batch.token, answers, office.desk.patience)


async def _submit(runtime: Runtime, office: Office, batch: Batch, parcel: Parcel) -> Answer:
    async with office.slots:
        if office.draining or not office.fence.intact or ends_before(batch, runtime.clock.machine()):
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
    health = office.health[provider]
    if isinstance(answer, Unclear) or (isinstance(answer, Refused) and answer.temporary):
        health.trouble_at, health.trouble = runtime.clock.now(), answer.reason
    else:
        health.answered_at = runtime.clock.now()
