"""Packs, and drafts of them."""

from contextlib import suppress
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import ValidationError

from services.scheduler.access import Owner, Reader
from services.scheduler.commands import packs
from services.scheduler.domain.packs.plan import DraftNotFound
from services.scheduler.schemas.policies import DraftDetail, DraftOut, KindOut, PackIn, PackOut, PublishIn
from services.scheduler.store import drafts, kinds
from shared.documents import sent_document
from shared.errors import Conflict, InvalidInput
from shared.http import ClockDep, OnceDep, ReadSession, WorkDep
from shared.invalid import in_words, place
from shared.pagination import Cursor, Limit, Page, page_by_name, paged, time_and_id

router = APIRouter(prefix="/api/v1", tags=["策略包"])
LARGEST_PACK = 1 << 20  # bytes
PACK_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            media: {"schema": PackIn.model_json_schema()} for media in ("application/json", "application/yaml")
        },
    }
}


async def pack_in(request: Request, by: Owner) -> PackIn:
    """The pack in JSON or YAML, parsed for nobody but an owner. Raises InvalidInput, and as `sent_document` does."""
    try:
        return PackIn.model_validate(await sent_document(request, LARGEST_PACK))
    except ValidationError as error:
        errors = [
            {"field": f"body.{place(item)}".strip("."), "message": in_words(item)} for item in error.errors()[:50]
        ]
        fields = "、".join(item["field"] for item in errors[:5])
        raise InvalidInput(f"请检查：{fields}；内容应含 name 与 files（路径 → 文本内容）", errors=errors) from error


PackBody = Annotated[PackIn, Depends(pack_in)]


@router.post("/packs", summary="发布策略包", openapi_extra=PACK_BODY)
async def publish_pack(pack: PackBody, work: WorkDep, by: Owner, once: OnceDep) -> PackOut:
    """使策略包成为现行内容：新策略按包内设置启用，内容变化的产生新版本，相同内容不产生新版本，不再包含的废止。"""

    async def publish() -> PackOut:
        return PackOut.of(await packs.publish_pack(work, by, pack.name, pack.files, pack.valid_from))

    return await once(PackOut, publish)


@router.post("/packs/plan", summary="发布策略包会改变什么", openapi_extra=PACK_BODY)
async def plan_pack(pack: PackBody, session: ReadSession, clock: ClockDep, by: Owner) -> PackOut:
    """逐条策略、逐键比较，不产生任何变化。"""
    return PackOut.of(await packs.plan_pack(session, pack.name, pack.files, pack.valid_from, clock.now()))


@router.get("/event-kinds", summary="策略包声明的事件种类")
async def list_kinds(session: ReadSession, by: Reader, cursor: Cursor = None, limit: Limit = 50) -> Page[KindOut]:
    """平台本身没有、由策略包声明的业务事件，按事件名排列。"""
    declared = await kinds.list_kinds(session)
    owners = {event: [pack for pack in declared if event in declared[pack]] for of in declared.values() for event in of}
    found = [KindOut.of(declared[names[0]][event], names) for event, names in owners.items()]
    return page_by_name(found, cursor, limit, lambda kind: kind.event)


@router.post("/drafts", status_code=201, summary="存为草稿", openapi_extra=PACK_BODY)
async def add_draft(pack: PackBody, work: WorkDep, by: Owner, once: OnceDep, response: Response) -> DraftOut:
    """保存一个没有错误的策略包，暂不生效；可以试算、比较，再发布。"""

    async def add() -> DraftOut:
        return DraftOut.of(await packs.add_draft(work, by, pack.name, pack.files, pack.note))

    draft = await once(DraftOut, add)
    response.headers["Location"] = f"/api/v1/drafts/{draft.id}"
    return draft


@router.get("/drafts", summary="草稿列表")
async def list_drafts(
    session: ReadSession,
    by: Reader,
    state: Annotated[Literal["open", "published", "discarded"] | None, Query(description="状态")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[DraftOut]:
    """新的在前。"""
    rows = await drafts.list_drafts(session, state, time_and_id(cursor), limit)
    items, following = paged(rows, limit, lambda row: (row.created_at, row.id))
    return Page(items=[DraftOut.of(row) for row in items], next_cursor=following)


@router.get("/drafts/{draft_id}", summary="草稿内容，以及发布会改变什么")
async def get_draft(draft_id: UUID, session: ReadSession, clock: ClockDep, by: Reader) -> DraftDetail:
    """待发布的草稿与现行内容逐键比较。"""
    draft = await drafts.get_draft(session, draft_id)
    if draft is None:
        raise DraftNotFound(f"草稿编号 {draft_id}")
    plan = None
    if draft.state == "open":
        with suppress(InvalidInput, Conflict):  # can no longer be published; the draft can be read all the same
            plan = await packs.plan_pack(session, draft.pack, draft.files, None, clock.now())
    return DraftDetail.with_plan(draft, plan)


@router.post("/drafts/{draft_id}/publish", summary="发布草稿")
async def publish_draft(draft_id: UUID, body: PublishIn, work: WorkDep, by: Owner) -> PackOut:
    """立即生效，或从 valid_from 的事实起生效；一份草稿只能发布一次。"""
    return PackOut.of(await packs.publish_draft(work, by, draft_id, body.valid_from))


@router.post("/drafts/{draft_id}/discard", status_code=204, summary="放弃草稿")
async def discard_draft(draft_id: UUID, work: WorkDep, by: Owner) -> None:
    """草稿留作记录，不能再发布。"""
    await packs.discard_draft(work, by, draft_id)
