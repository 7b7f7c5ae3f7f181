"""Who is there: agents say it, supervisors see it."""

from fastapi import APIRouter

from services.visits.access import Agent, Supervisor
from services.visits.api.dependencies import RulesDep
from services.visits.commands import attendance
from services.visits.schemas.requests import PresenceIn
from services.visits.schemas.visits import PresenceOut
from services.visits.store import presence
from shared.http import ClockDep, ReadSession, WorkDep
from shared.pagination import Cursor, Limit, Page, paged, text_of

router = APIRouter(prefix="/api/v1/presence", tags=["在岗状态"])


@router.post("", summary="示闲、示忙、小休、离线")
async def set_presence(body: PresenceIn, agent: Agent, work: WorkDep, rules: RulesDep) -> PresenceOut:
    """非示闲时不再分到单；本人的到点回呼转给他人。已领取的单不受影响。"""
    said, held = await attendance.set_presence(work, agent, body.state, body.capacity, rules)
    return PresenceOut.of(said, held, work.now())


@router.get("/mine", summary="本人的在岗状态")
async def mine(agent: Agent, work: WorkDep, rules: RulesDep) -> PresenceOut:
    """从未设置过的视为示闲。"""
    said, held = await attendance.get_presence(work, agent, rules)
    return PresenceOut.of(said, held, work.now())


@router.get("", summary="坐席的在岗状态")
async def list_presence(
    supervisor: Supervisor, session: ReadSession, clock: ClockDep, cursor: Cursor = None, limit: Limit = 50
) -> Page[PresenceOut]:
    """本人有权查看的单位与班组的坐席，按工号排列。"""
    found = await presence.list_present(session, supervisor.scope, text_of(cursor) or "", limit + 1)
    shown, next_cursor = paged(found, limit, lambda row: (row[0].agent,))
    return Page(items=[PresenceOut.of(said, held, clock.now()) for said, held in shown], next_cursor=next_cursor)
