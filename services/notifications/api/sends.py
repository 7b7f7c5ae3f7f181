"""The send ledger and the providers."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from services.notifications.access import Reader, Worker
from services.notifications.commands import by_hand
from services.notifications.domain.errors import SendNotFound
from services.notifications.domain.send import Channel, Send, State
from services.notifications.office import Office
from services.notifications.schemas import NewSend, ProviderOut, Providers, SendOut, shown_send
from services.notifications.store import sends as store
from shared.auth import Principal
from shared.errors import CustomerNotFound, InvalidInput, raises
from shared.http import ClockDep, OnceDep, ReadSession, SealerDep, WorkDep, audit
from shared.ids import new_id
from shared.pagination import Cursor, Limit, Page, paged, time_and_id
from shared.privacy import is_mobile, mask_prose, mask_tree

router = APIRouter(prefix="/api/v1", tags=["发送"])


@router.get("/sends", summary="发送记录")
async def list_sends(
    session: ReadSession,
    sealer: SealerDep,
    principal: Reader,
    state: Annotated[State | None, Query(description="状态")] = None,
    purpose: Annotated[str | None, Query(max_length=64, description="用途")] = None,
    customer_id: Annotated[str | None, Query(max_length=64, description="客户编号")] = None,
    channel: Annotated[Channel | None, Query(description="渠道")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[SendOut]:
    """按计划时间倒序；号码已脱敏。"""
    filters = {"state": state, "purpose": purpose, "customer_id": customer_id, "channel": channel}
    chosen = {name: str(value) for name, value in filters.items() if value}
    rows = await store.list_page(session, chosen, principal.scope, time_and_id(cursor), limit + 1)
    items, following = paged(rows, limit, lambda send: (send.planned_at, send.id))
    return Page(items=[shown_send(send, sealer) for send in items], next_cursor=following)


@router.get("/sends/{send_id}", summary="一条发送记录")
async def get_send(send_id: UUID, session: ReadSession, sealer: SealerDep, principal: Reader) -> SendOut:
    """含内容、状态与原因。"""
    return shown_send(_visible(await store.find(session, send_id), principal), sealer)


def _visible(send: Send | None, principal: Principal) -> Send:
    """One that isn't the caller's business looks like none at all."""
    if send is None or not principal.scope.sees(send.branch):
        raise SendNotFound
    return send


@router.post("/sends", status_code=201, summary="人工发送")
@raises(CustomerNotFound)
async def create_send(
    body: NewSend, response: Response, once: OnceDep, work: WorkDep, sealer: SealerDep, principal: Worker
) -> SendOut:
    """用已审核的模板发送一条消息；退订、时段与频次照常检查。可带 Idempotency-Key，重复提交只发一次。"""
    if body.phone and not is_mobile(body.phone):
        raise InvalidInput("短信只能发到手机号码")

    async def create() -> SendOut:
        send = await by_hand.send_by_hand(
            work,
            principal.scope,
            template=body.template,
            purpose=body.purpose,
            customer_id=body.customer_id,
            phone=sealer.seal(body.phone) if body.phone else "",
            email=sealer.protect(body.email),
            data=mask_tree(body.data, mask_prose),
            cause=f"{principal.id}/{once.key or new_id()}",
        )
        await audit(work, principal, "send.created", str(send.id), customer_id=send.customer_id, template=send.template)
        return shown_send(send, sealer)

    created = await once(SendOut, create)
    response.headers["Location"] = f"/api/v1/sends/{created.id}"
    return created


@router.post("/sends/{send_id}/resend", status_code=201, summary="重发失败的消息")
async def resend(
    send_id: UUID, response: Response, once: OnceDep, work: WorkDep, sealer: SealerDep, principal: Worker
) -> SendOut:
    """只有明确失败的才能重发，且只能重发一次；结果未知的须等待核实。"""
    _visible(await store.find(work.session, send_id), principal)

    async def create() -> SendOut:
        send = await by_hand.send_again(work, send_id)
        await audit(work, principal, "send.resent", str(send_id), new=str(send.id))
        return shown_send(send, sealer)

    created = await once(SendOut, create)
    response.headers["Location"] = f"/api/v1/sends/{created.id}"
    return created


@router.get("/providers", summary="运营商状况")
async def list_providers(request: Request, session: ReadSession, clock: ClockDep, principal: Reader) -> Providers:
    """已配置的运营商、最近 24 小时的结果，以及待核实的条数。"""
    office: Office = request.app.state.runtime.state["office"]
    counts = await store.counts_since(session, clock.now() - timedelta(days=1))
    return Providers(
        items=[
            ProviderOut(
                name=provider.name,
                channel=provider.channel,
                address=provider.address,
                healthy=(health := office.health[provider.name]).healthy,
                answered_at=health.answered_at,
                trouble_at=health.trouble_at,
                trouble=health.trouble,
                last_day={state: count for name, state, count in counts if name == provider.name},
            )
            for provider in office.providers.values()
        ],
        unknown=await store.count_unknown(session),
    )
