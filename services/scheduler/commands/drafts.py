"""A pack waits as a draft until somebody publishes or discards it."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from services.scheduler.commands.packs import PackPlan, publish_pack
from services.scheduler.domain.packs.pack import read_pack
from services.scheduler.store import drafts
from services.scheduler.store.drafts import StoredDraft
from shared.auth import Principal
from shared.errors import Conflict, NotFound
from shared.http import audit
from shared.ids import new_id
from shared.messaging import Work


class DraftNotFound(NotFound):
    title = "没有这份草稿"
    code = "draft-not-found"


class DraftSettled(Conflict):
    """A draft is published or discarded once."""

    title = "草稿已处理"
    code = "draft-settled"


async def add_draft(work: Work, by: Principal, name: str, files: Mapping[str, str], note: str) -> StoredDraft:
    """Keep a pack without publishing it. Raises PackInvalid."""
    pack = await asyncio.to_thread(read_pack, files, name)
    draft = StoredDraft(new_id(), pack.name, pack.title, note, "open", work.now(), by.id, None, "", files)
    await drafts.save_draft(work.session, draft)
    await audit(work, by, "draft.added", str(draft.id), pack=pack.name)
    return draft


async def publish_draft(work: Work, by: Principal, draft_id: UUID, valid_from: datetime | None) -> PackPlan:
    """Publish a draft's pack. Raises DraftNotFound, DraftSettled, and as `publish_pack` does."""
    draft = await _lock_open(work, draft_id)
    plan = await publish_pack(work, by, draft.pack, draft.files, valid_from)
    await drafts.settle_draft(work.session, draft_id, "published", by.id, work.now())
    await audit(work, by, "draft.published", str(draft_id), pack=draft.pack)
    return plan


async def discard_draft(work: Work, by: Principal, draft_id: UUID) -> None:
    """Raises DraftNotFound, DraftSettled."""
    draft = await _lock_open(work, draft_id)
    await drafts.settle_draft(work.session, draft_id, "discarded", by.id, work.now())
    await audit(work, by, "draft.discarded", str(draft_id), pack=draft.pack)


async def _lock_open(work: Work, draft_id: UUID) -> StoredDraft:
    draft = await drafts.lock_draft(work.session, draft_id)
    if draft is None:
        raise DraftNotFound(f"草稿编号 {draft_id}")
    if draft.state != "open":
        raise DraftSettled(f"草稿已{'发布' if draft.state == 'published' else '放弃'}")
    return draft
