"""Customers who asked for erasure: their visits are called off, their records keep figures, their pictures go."""

from collections.abc import Sequence

from services.visits.adapters.files import Files
from services.visits.domain.erasing import erased
from services.visits.procedures.invitations import tell_ended
from services.visits.store import attachments, erasing, rows
from shared.messaging import Work


async def erase(work: Work, files: Files, customers: Sequence[str]) -> None:
    """Overwrite what is known of them; files go before their rows, so that none is left behind that no row names."""
    found = await erasing.lock_all_of(work.session, customers)
    visits = [visit.id for visit in found]
    for attachment in await erasing.attachments_of(work.session, visits):
        await files.forget(attachment.file)
        await attachments.remove(work.session, attachment.id)
    await erasing.forget_words(work.session, customers, visits)
    changes = [(old, new) for old in found if (new := erased(old, work.now())) != old]
    await rows.save_by_task(work.session, [new for _, new in changes])
    tell_ended(work, changes)
