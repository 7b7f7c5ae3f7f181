"""What visits hold beside the visit itself about customers who asked for erasure, overwritten."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.visits.domain.attachments import Attachment
from services.visits.domain.erasing import erased_answers, erased_outcome
from services.visits.domain.visit import Visit
from services.visits.store.attachments import ATTACHMENTS, to_attachment
from services.visits.store.rows import VISITS, locked
from services.visits.store.versions import VERSIONS

# how an attempt went and how long it took stays
_WORDS = tuple(
    text(statement)
    for statement in (
        """UPDATE attempt SET note = '', phone_masked = '', signer = '', unsigned_reason = ''
        WHERE visit_id = ANY(:visits)""",
        """UPDATE attempt_version SET note = '', reason = '' FROM attempt
        WHERE attempt.id = attempt_version.attempt_id AND attempt.visit_id = ANY(:visits)""",
        "UPDATE line_call SET phone_masked = '', recording = '' WHERE visit_id = ANY(:visits)",
        "UPDATE review SET remark = '' WHERE visit_id = ANY(:visits)",
    )
)
_STRAY = text("UPDATE stray_reply SET phone_masked = '', remark = '' WHERE customer_id = ANY(:customers)")


async def lock_all_of(session: AsyncSession, customers: Sequence[str]) -> list[Visit]:
    """All visits of these customers, locked in the order of their ids."""
    return await locked(session, select(VISITS).where(VISITS.c.customer_id.in_(customers)).order_by(VISITS.c.id))


async def forget_words(session: AsyncSession, customers: Sequence[str], visits: Sequence[UUID]) -> None:
    """What was noted of attempts, calls, reviews, corrections and stray digits."""
    await session.execute(_STRAY, {"customers": list(customers)})
    for statement in _WORDS:
        await session.execute(statement, {"visits": list(visits)})
    for row in (await session.execute(select(VERSIONS).where(VERSIONS.c.visit_id.in_(visits)))).all():
        own = (VERSIONS.c.visit_id == row.visit_id) & (VERSIONS.c.number == row.number)
        left = {"answers": erased_answers(row.answers), "outcome": erased_outcome(row.outcome)}
        await session.execute(update(VERSIONS).where(own).values(**left, note="", reason=""))


async def attachments_of(session: AsyncSession, visits: Sequence[UUID]) -> list[Attachment]:
    """Photographs and signatures of these visits, locked."""
    query = select(ATTACHMENTS).where(ATTACHMENTS.c.visit_id.in_(visits)).with_for_update()
    return [to_attachment(row) for row in await session.execute(query)]
