"""The facts and events that were decided on, to be tried on other policies."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse

from services.scheduler.access import Exporter
from services.scheduler.adapters.recorded import RECORDED, record_events
from services.scheduler.schemas.policies import Moment
from shared.errors import Unavailable
from shared.http import WorkDep, audit
from shared.messaging.broker import BrokerUnavailable

router = APIRouter(prefix="/api/v1", tags=["试算"])
MEDIA_TYPE = "application/x-ndjson"
DEFAULT_DAYS = 30


@router.get(
    "/facts",
    summary="导出已收到的事实",
    response_class=StreamingResponse,
    responses={200: {"content": {MEDIA_TYPE: {}}, "description": "每行一个 CloudEvents JSON，按收到的先后"}},
)
async def export_facts(
    request: Request,
    work: WorkDep,
    by: Exporter,
    since: Annotated[Moment, Query(alias="from", description="事实发生不早于；缺省为 30 天前")] = None,
    until: Annotated[Moment, Query(alias="to", description="事实发生早于；缺省为现在")] = None,
) -> StreamingResponse:
    """业务事实，以及影响策略的回访结果、投诉、退订、个人信息删除，用于试算；只限部分单位的，只给出这些单位的。个人信息保持密封；消息系统已按保留期删除的不在其中。每次导出都有审计记录。"""
    runtime = request.app.state.runtime
    until = until or runtime.clock.now()
    since = since or until - timedelta(days=DEFAULT_DAYS)
    topics = [runtime.settings.topic_prefix + topic for topic in RECORDED]
    try:
        spool = await record_events(
            runtime.broker, topics, runtime.clock, since, until, runtime.settings.trial_facts, by.scope
        )
    except BrokerUnavailable as error:
        raise Unavailable("消息系统暂时不可用，取不到事实") from error
    await audit(work, by, "facts.exported", "", since=since, until=until, count=len(spool.kept))
    return StreamingResponse(spool.lines(), media_type=MEDIA_TYPE)
