"""Calls through a telephone line: click to dial, what the line tells, and the recordings."""

from typing import cast
from uuid import UUID

from fastapi import APIRouter, Depends, Request

from services.visits.access import Agent, Listener
from services.visits.adapters.line import Line
from services.visits.api.dependencies import SettingsDep, rules_of
from services.visits.commands import lines
from services.visits.domain.errors import CallNotFound, LineRefused, NoLine, VisitNotFound
from services.visits.domain.visit import require_holder
from services.visits.schemas.lines import LineCallOut, LineEvent, RecordingOut
from services.visits.settings import VisitsSettings
from services.visits.store import lines as store
from services.visits.store import rows
from shared.errors import Unauthorized, raises
from shared.http import ReadSession, SealerDep, WorkDep, transaction

router = APIRouter(tags=["话务"])


def line_of(settings: VisitsSettings) -> Line:
    """The deployment's line. Raises NoLine."""
    if settings.cti != "http":
        raise NoLine("请用本机电话拨打")
    secrets = (settings.cti_key.get_secret_value(), settings.cti_webhook_secret.get_secret_value())
    return Line(settings.cti_url, *secrets)


@router.post("/api/v1/visits/{visit_id}/line-calls", summary="经话务线路拨打")
async def place_call(
    visit_id: UUID, request: Request, agent: Agent, sealer: SealerDep, settings: SettingsDep
) -> LineCallOut:
    """与「拨打」同样再次确认可以联系；线路先振坐席的话机，再接客户。通话未结束时重复请求给出同一通电话，不会再拨。"""
    async with transaction(request) as work:
        rules = await rules_of(request, work)
        call, number = await lines.begin_call(work, agent, visit_id, sealer, rules)
        line = line_of(settings)
    if number is None:
        return LineCallOut.of(call)
    try:
        await line.dial(call.id, number, agent.id)
    except LineRefused:
        async with transaction(request) as work:
            await lines.give_up(work, call.id)
        raise
    return LineCallOut.of(call)


@router.get("/api/v1/visits/{visit_id}/line-call", summary="查看正在进行的通话")
async def current_call(visit_id: UUID, agent: Agent, session: ReadSession) -> LineCallOut:
    """本人就该单拨打的、尚未小结的最后一通。"""
    found = await rows.get_visit(session, visit_id, agent.scope)
    if found is None:
        raise VisitNotFound
    require_holder(found[0], agent.id)
    call = await store.newest(session, visit_id, agent.id)
    if call is None:
        raise CallNotFound
    return LineCallOut.of(call)


@router.post("/api/v1/visits/{visit_id}/line-calls/hang-up", summary="挂断")
async def hang_up_line(visit_id: UUID, agent: Agent, session: ReadSession, settings: SettingsDep) -> LineCallOut:
    """请线路挂断；线路随后告知通话已结束。"""
    call = await current_call(visit_id, agent, session)
    if call.stage != "ended":
        await line_of(settings).hang_up(call.id)
    return call


@router.post("/api/v1/visits/{visit_id}/attempts/{attempt_id}/recording", summary="收听录音")
async def open_recording(visit_id: UUID, attempt_id: UUID, listener: Listener, work: WorkDep) -> RecordingOut:
    """给出录音的地址；每次收听都记入审计日志。"""
    return RecordingOut(url=await lines.open_recording(work, listener, visit_id, attempt_id))


@raises(Unauthorized)
async def _signed(request: Request) -> None:
    """The line's events are proved by their signature alone. Raises Unauthorized, also where there is no line."""
    try:
        line = line_of(cast(VisitsSettings, request.app.state.runtime.settings))
    except NoLine as error:
        raise Unauthorized("本部署没有接入话务线路") from error
    line.require_signed(await request.body(), request.headers)


@router.post("/ingress/v1/line/events", summary="话务线路的事件", dependencies=[Depends(_signed)])
async def hear_line(event: LineEvent, work: WorkDep) -> LineCallOut:
    """按 Standard Webhooks 签名；重复、迟到、先后颠倒都不影响结果。"""
    return LineCallOut.of(await lines.hear_line(work, event.call_id, event.report))
