"""Opt-outs, consents and replies."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from services.notifications.access import Hearer, Reader, Worker
from services.notifications.commands import by_hand
from services.notifications.schemas import (
    ConsentOut,
    NewConsent,
    NewOptOut,
    OptOutOut,
    ReplyOut,
    shown_consent,
    shown_opt_out,
    shown_reply,
)
from services.notifications.store import contacts, inbound
from shared.errors import CustomerNotFound, raises
from shared.http import OnceDep, ReadSession, SealerDep, WorkDep, audit
from shared.pagination import Cursor, Limit, Page, paged, time_and_id, time_and_text

router = APIRouter(prefix="/api/v1", tags=["退订与同意"])


@router.get("/opt-outs", summary="退订名单")
async def list_opt_outs(
    session: ReadSession,
    sealer: SealerDep,
    principal: Reader,
    customer_id: Annotated[str | None, Query(max_length=64, description="客户编号")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[OptOutOut]:
    """生效中的退订，按登记时间倒序。"""
    rows = await contacts.list_opt_outs(session, customer_id, principal.scope, time_and_id(cursor), limit + 1)
    items, following = paged(rows, limit, lambda row: (row.created_at, row.id))
    return Page(items=[shown_opt_out(row, sealer) for row in items], next_cursor=following)


@router.post("/opt-outs", status_code=201, summary="登记退订")
@raises(CustomerNotFound)
async def create_opt_out(
    body: NewOptOut, once: OnceDep, work: WorkDep, sealer: SealerDep, principal: Hearer
) -> OptOutOut:
    """坐席在通话中听到的也在此登记。立即生效：已计划而未发出的消息也不再发送，已下发的电话回访收回。

    短信按客户编号或手机号登记，邮件按客户编号或邮箱登记，电话按客户编号登记。
    """

    async def create() -> OptOutOut:
        row = await by_hand.record_opt_out(work, sealer, principal, **body.model_dump())
        await audit(work, principal, "opt_out.created", str(row.id), scope=row.scope)
        return shown_opt_out(row, sealer)

    return await once(OptOutOut, create)


@router.delete("/opt-outs/{opt_out_id}", summary="撤销退订")
async def revoke_opt_out(opt_out_id: UUID, work: WorkDep, sealer: SealerDep, principal: Worker) -> OptOutOut:
    """客户重新同意后撤销；原记录保留备查。"""
    row = await by_hand.revoke_opt_out(work, sealer, principal, opt_out_id)
    await audit(work, principal, "opt_out.revoked", str(row.id))
    return shown_opt_out(row, sealer)


@router.get("/consents", summary="客户同意记录")
async def list_consents(
    session: ReadSession,
    principal: Reader,
    customer_id: Annotated[str, Query(max_length=64, description="客户编号")],
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[ConsentOut]:
    """推广短信须有可证明的同意：谁、何时、以何种方式、同意了什么；最近的在前。"""
    rows = await contacts.list_consents(session, customer_id, principal.scope, time_and_id(cursor), limit + 1)
    items, following = paged(rows, limit, lambda row: (row.given_at, row.id))
    return Page(items=[shown_consent(row) for row in items], next_cursor=following)


@router.post("/consents", status_code=201, summary="登记客户同意")
@raises(CustomerNotFound)
async def create_consent(body: NewConsent, once: OnceDep, work: WorkDep, principal: Worker) -> ConsentOut:
    """留存同意的证据。"""

    async def create() -> ConsentOut:
        row = await by_hand.record_consent(work, principal, **body.model_dump())
        await audit(work, principal, "consent.recorded", str(row.id), customer_id=row.customer_id)
        return shown_consent(row)

    return await once(ConsentOut, create)


@router.get("/replies", summary="客户回复")
async def list_replies(
    session: ReadSession,
    principal: Reader,
    customer_id: Annotated[str, Query(max_length=64, description="客户编号")],
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[ReplyOut]:
    """客户的上行短信，最近的在前；数字回复可作调查结果。"""
    rows = await inbound.list_replies(session, customer_id, principal.scope, time_and_text(cursor), limit + 1)
    items, following = paged(rows, limit, lambda row: (row["received_at"], row["sequence"]))
    return Page(items=[shown_reply(row) for row in items], next_cursor=following)
