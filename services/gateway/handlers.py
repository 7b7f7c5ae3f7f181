"""What the gateway does when results happen elsewhere: it queues them for whoever sent the fact."""

from collections.abc import Sequence

from services.gateway import commands
from services.gateway.domain.writeback import WRITTEN_BACK
from shared.contracts.base import COMPLAINTS, VISITS
from shared.messaging import Consumer, Event, Work
from shared.sessions import keeps_sessions
from shared.units import keeps_organisations

consumer = Consumer("gateway", topics=[VISITS, COMPLAINTS])
keeps_sessions(consumer)
keeps_organisations(consumer)


@consumer.on(*WRITTEN_BACK)
async def write_back(work: Work, events: Sequence[Event]) -> None:
    await commands.queue_results(work, events)
