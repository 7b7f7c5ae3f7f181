"""Photographs and signatures come in, are looked at, dropped, and go with their files.

A row is announced before its file is written and marked afterwards, so that a crash between leaves no file without a row.
"""

from uuid import UUID

from services.visits.adapters.files import Files
from services.visits.domain.attachments import KEPT_UNUSED, Attachment, Kind, require_room
from services.visits.domain.errors import (
    AttachmentHandedIn,
    AttachmentNotFound,
    FilesUnavailable,
    NotYourAttachment,
)
from services.visits.procedures.held import lock, lock_held
from services.visits.store import attachments as store
from shared.auth import Principal, Role
from shared.http import audit
from shared.messaging import Work

PORTION = 50


async def require_welcome(work: Work, principal: Principal, visit_id: UUID, kind: Kind | None = None) -> None:
    """The caller may bring pictures of this visit (of this kind). Raises what `domain.attachments.require_room` raises."""
    visit, _ = await lock(work, principal, visit_id)
    had = await store.unused_of(work.session, visit_id, principal.id) if kind else []
    require_room(visit, principal.id, kind or "photo", had)


async def announce(work: Work, principal: Principal, attachment: Attachment) -> Attachment:
    """The row of a picture whose file is written next; the same one again for a file that was sent before."""
    await require_welcome(work, principal, attachment.visit_id)
    return await store.announce(work.session, attachment)


async def mark_stored(work: Work, attachment: Attachment) -> Attachment:
    """Its file is written. Raises FilesUnavailable when it was dropped meanwhile, so that it is sent once more."""
    stored = await store.mark_stored(work.session, attachment.id)
    if stored is None:
        raise FilesUnavailable
    return stored


async def look_at(work: Work, principal: Principal, visit_id: UUID, attachment_id: UUID) -> Attachment:
    """A picture to be shown: to who took it, and to supervisors and auditors; every look is audited (X4)."""
    visit, _ = await lock(work, principal, visit_id)
    found = await store.get(work.session, visit_id, attachment_id)
    if found is None:
        raise AttachmentNotFound
    if found.agent != principal.id and not principal.may(Role.SUPERVISOR, Role.AUDITOR):
        raise NotYourAttachment
    detail = {"attachment": str(attachment_id), "kind": found.kind, "customer_id": visit.customer.id}
    await audit(work, principal, "attachment.opened", str(visit_id), **detail)
    return found


async def drop(work: Work, principal: Principal, visit_id: UUID, attachment_id: UUID) -> None:
    """The agent does not want a picture they took. Raises AttachmentNotFound, AttachmentHandedIn, and as for a held visit."""
    await lock_held(work, principal, visit_id)
    found = await store.get(work.session, visit_id, attachment_id)
    if found is None or found.agent != principal.id:
        raise AttachmentNotFound
    if found.attempt_id:
        raise AttachmentHandedIn
    await store.drop(work.session, attachment_id, work.now())
    await audit(work, principal, "attachment.dropped", str(visit_id), attachment=str(attachment_id), kind=found.kind)


async def forget_left_over(work: Work, files: Files) -> int:
    """Delete what was dropped or never handed in, the files before their rows; returns how many."""
    left = await store.lock_left_over(work.session, work.now() - KEPT_UNUSED, PORTION)
    for attachment in left:
        await files.forget(attachment.file)
        await store.remove(work.session, attachment.id)
    return len(left)
