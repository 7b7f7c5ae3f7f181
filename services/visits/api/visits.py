"""Looking at visits."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.visits.access import Reader
from services.visits.api.dependencies import ShownRulesDep
from services.visits.domain.errors import VisitNotFound
from services.visits.domain.visit import State
from services.visits.schemas.corrections import ResultVersionOut, VersionOut
from services.visits.schemas.visits import Card, CountOut, Detail, ReviewOut, StatsOut, VisitOut
from services.visits.schemas.work_rules import ResultCodeOut
from services.visits.store import queries, reviews, rows, versions
from shared.http import ClockDep, ReadSession, SealerDep, etag
from shared.moments import Instant
from shared.pagination import Cursor, Limit, Page, id_of, paged

router = APIRouter(prefix="/api/v1", tags=["回访单"])
STATS_DAYS = 31


@router.get("/visits", summary="查询回访单")
async def list_visits(
    reader: Reader,
    session: ReadSession,
    state: Annotated[State | None, Query(description="状态")] = None,
    team: Annotated[str | None, Query(description="班组")] = None,
    branch: Annotated[str | None, Query(description="分公司")] = None,
    customer_id: Annotated[str | None, Query(description="客户编号")] = None,
    agent: Annotated[str | None, Query(description="领取人或办结人")] = None,
    deadline_before: Annotated[
        Instant | None, Query(description="未办结且截止时间早于此时的单，用于查看将到期和已超时的")
    ] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[VisitOut]:
    """按应访时间从新到旧列出本人有权查看的单。"""
    wanted = queries.Filter(state, team, branch, customer_id, agent, deadline_before)
    found = await queries.list_visits(session, wanted, reader.scope, id_of(cursor), limit + 1)
    visits, next_cursor = paged(found, limit, lambda visit: (visit.id,))
    return Page(items=[VisitOut.of(visit) for visit in visits], next_cursor=next_cursor)


@router.get("/visits/{visit_id}", summary="查看一张回访单")
async def get_visit(
    visit_id: UUID, reader: Reader, session: ReadSession, sealer: SealerDep, response: Response
) -> Detail:
    """客户与来源单、当前可见的问题、拨打记录、复核意见与更正前后的版本。"""
    found = await rows.get_visit(session, visit_id, reader.scope)
    if found is None:
        raise VisitNotFound
    visit, questionnaire = found
    attempts = await queries.attempts_of(session, [visit])
    remarks = await reviews.reviews_of(session, visit_id)
    card = Card.of_call(visit, questionnaire, attempts.get(visit_id, ()), sealer)
    response.headers["ETag"] = etag(visit.version)
    return Detail(
        **dict(card),
        reviews=[ReviewOut.of(row) for row in remarks],
        versions=[VersionOut.of(version) for version in await versions.versions_of(session, visit_id)],
        result_versions=[ResultVersionOut.model_validate(one) for one in await versions.results_of(session, visit_id)],
    )


@router.get("/stats", summary="按状态与班组计数")
async def stats(
    reader: Reader,
    session: ReadSession,
    clock: ClockDep,
    since: Annotated[Instant | None, Query(description="已办结的单从何时算起，默认最近 31 天")] = None,
) -> StatsOut:
    """未办结的单全部计入，已办结的按办结时间计入。"""
    since = since or clock.now() - timedelta(days=STATS_DAYS)
    counted = await queries.count_visits(session, since, reader.scope)
    by_state = dict.fromkeys(State, 0)
    for _, state, number in counted:
        by_state[state] += number
    by_team = [CountOut(team=team, state=state, count=number) for team, state, number in counted]
    return StatsOut(since=since, by_state=by_state, by_team=by_team)


@router.get("/result-codes", summary="呼叫结果代码")
async def result_codes(_reader: Reader, current: ShownRulesDep) -> list[ResultCodeOut]:
    """每个代码的含义、快捷键与重拨计划，按作业规则；已停用的也列出，以便看懂以往的记录。"""
    return [ResultCodeOut.of(code) for code in current.rules.results.values()]
