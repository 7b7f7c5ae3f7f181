"""Supervisors and auditors look through the pictures that came with visits; what they were shown is audited (X4)."""

from collections.abc import Sequence
from uuid import UUID

from services.visits.domain.attachments import Attachment
from services.visits.domain.visit import Visit
from services.visits.store import materials
from services.visits.store.materials import Wanted
from shared.auth import Principal
from shared.http import audit
from shared.messaging import Work
from shared.pagination import paged


async def look_over(
    work: Work, principal: Principal, wanted: Wanted, before: UUID | None, limit: int
) -> tuple[Sequence[tuple[Attachment, Visit]], str | None]:
    """The newest `limit` pictures behind `before`, to be shown small, and the cursor of what comes after them."""
    found = await materials.list_pictures(work.session, wanted, principal.scope, before, limit + 1)
    shown, following = paged(found, limit, lambda pair: (pair[0].id,))
    if shown:
        visits = sorted({str(visit.id) for _, visit in shown})
        await audit(
            work, principal, "attachment.previewed", "", attachments=[str(one.id) for one, _ in shown], visits=visits
        )
    return shown, following
