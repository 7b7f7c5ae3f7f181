"""Goes over a service's database for the customers whose erasure is due."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

import structlog

from shared.erasure import places
from shared.erasure.kept import Erasure, claim_due, note_pass
from shared.jobs import Job

if TYPE_CHECKING:
    from shared.messaging import Work
    from shared.runtime import Runtime

log = structlog.get_logger(__name__)
Erases = Callable[["Runtime", "Work", Sequence[Erasure]], Awaitable[None]]
"""What a service does to its own tables and files, in the running transaction; done again it changes nothing more."""


async def erase_due(runtime: "Runtime") -> int:
    """One pass over everything for the customers that are due; returns how many they are.

    Each step is done again by the next pass if this one is cut off: nothing is noted before all of it was done.
    """
    erases, now = runtime.service.erases, runtime.clock.machine()
    if erases is None:
        return 0
    async with runtime.db.work(background=True) as work:
        due = await claim_due(work.session, now)
    if not due:
        return 0
    customers = [one.customer for one in due]
    async with runtime.db.work(background=True, notify=True) as work:
        await erases(runtime, work, due)
        await places.scrub_core(work.session, customers)
    async with runtime.db.read() as session:
        parts = await places.archive_parts(session)
    for part in parts:
        async with runtime.db.work(background=True) as work:
            await places.scrub_archive(work.session, part, customers)
    async with runtime.db.work(background=True) as work:
        await note_pass(work.session, due, now, runtime.clock.machine(), runtime.settings.erasure_days)
    log.info("customers_erased", customers=len(due), again=sum(not one.first for one in due))
    return len(due)


ERASE = Job("erase", every=5.0, run=erase_due)
