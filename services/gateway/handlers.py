"""What the gateway does when results happen elsewhere: it queues them for whoever sent the fact."""

from collections.abc import Sequence

from services.gateway import commands
from services.gateway.commands.keys import note_used
from services.gateway.domain.writeback import WRITTEN_BACK
from shared.contracts.base import COMPLAINTS, VISITS
from shared.erasure import keeps_erasures
from shared.kept_keys import keeps_keys
from shared.messaging import Consumer, Event, Work
from shared.sessions import keeps_sessions
from shared.units import keeps_organisations

consumer = Consumer("gateway", topics=[VISITS, COMPLAINTS])
keeps_sessions(consumer)
keeps_organisations(consumer)
keeps_keys(consumer)
keeps_erasures(consumer)


@consumer.on(*WRITTEN_BACK)
async def write_back(work: Work, events: Sequence[Event]) -> None:
    await commands.queue_results(work, events)


@consumer.on("key.used")
async def note_keys_used(work: Work, events: Sequence[Event]) -> None:
    await note_used(work, events)
