"""Erasure of customers: asked for, and how far the gateway is with it."""

from fastapi import APIRouter

from services.gateway.access import Admin
from services.gateway.commands import erasing as commands
from services.gateway.schemas.erasures import ErasureIn, ErasureOut
from shared.erasure.kept import list_erasures
from shared.http import OnceDep, ReadSession, SealerDep, WorkDep
from shared.pagination import Cursor, Limit, Page, paged, time_and_text

router = APIRouter(prefix="/api/v1/erasures", tags=["个人信息删除"])


@router.get("", summary="个人信息删除列表", description="新的在前。")
async def list_all(session: ReadSession, _: Admin, cursor: Cursor = None, limit: Limit = 50) -> Page[ErasureOut]:
    rows = await list_erasures(session, time_and_text(cursor), limit + 1)
    items, following = paged(rows, limit, lambda record: (record.asked_at, record.customer))
    return Page(items=[ErasureOut.of(record) for record in items], next_cursor=following)


@router.post(
    "",
    status_code=201,
    summary="删除客户的个人信息",
    description="各服务随即清理姓名、号码、地址与一切文字，不再联系该客户；客户编号、统计数与拒访记录保留。不能撤销。"
    "可带 Idempotency-Key，重复提交只登记一次。",
)
async def ask(body: ErasureIn, work: WorkDep, principal: Admin, sealer: SealerDep, once: OnceDep) -> ErasureOut:
    async def create() -> ErasureOut:
        return ErasureOut.of(await commands.ask(work, principal, sealer, body.customer_id.strip()))

    return await once(ErasureOut, create)
