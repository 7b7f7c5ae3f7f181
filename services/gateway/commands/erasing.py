"""Customers who asked for erasure: what their facts came in is emptied, what was written back about them says codes alone."""

from collections.abc import Collection

from services.gateway.store import erasing
from shared.messaging import Work
from shared.privacy import Sealer


async def erase(work: Work, sealer: Sealer, customers: Collection[str]) -> None:
    accepted = await erasing.identities_of(work.session, customers, work.now())
    if accepted:
        await erasing.empty_messages(work.session, accepted, sealer.seal_bytes(b""), work.now())
        await erasing.erase_results(work.session, accepted, work.now())
