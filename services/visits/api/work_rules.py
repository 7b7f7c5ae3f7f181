"""The work rules are read, planned and set."""

from fastapi import APIRouter, Response

from services.visits.access import RulesOwner, RulesReader
from services.visits.api.dependencies import CurrentRulesDep, KeptRulesDep
from services.visits.commands import work_rules as commands
from services.visits.domain.errors import WorkRulesNotFound
from services.visits.schemas.work_rules import (
    PlanOut,
    PlanRulesIn,
    RulesOut,
    RulesVersionOut,
    SetRulesIn,
    SetRulesOut,
)
from services.visits.store import work_rules as store
from shared.http import IfMatch, ReadSession, VersionPath, WorkDep, etag
from shared.pagination import Cursor, Limit, Page, number_of, paged

router = APIRouter(prefix="/api/v1/work-rules", tags=["作业规则"])


@router.get("", summary="查看作业规则")
async def rules(_reader: RulesReader, kept: KeptRulesDep, session: ReadSession, response: Response) -> RulesOut:
    """现在有效的呼叫结果代码、重拨、回呼、更正与自助作答规则。"""
    current = await kept.current(session)
    response.headers["ETag"] = etag(current.version)
    return RulesOut.of(current)


@router.put("", summary="设定作业规则")
async def set_rules(
    body: SetRulesIn, owner: RulesOwner, work: WorkDep, kept: KeptRulesDep, seen: IfMatch, response: Response
) -> SetRulesOut:
    """整体替换，随即对之后的每次联系有效，包括已下达未办结的单；没有改动时不产生新版本。没有写的结果代码改为停用。"""
    version, planned = await commands.set_rules(work, owner, body.rules, body.reason, seen, kept)
    response.headers["ETag"] = etag(version.version)
    return SetRulesOut(**dict(PlanOut.of(planned.changes, planned.warnings)), version=version.version)


@router.post("/plan", summary="检查作业规则")
async def plan(body: PlanRulesIn, _owner: RulesOwner, work: WorkDep, current: CurrentRulesDep) -> PlanOut:
    """只检查并说明会改动什么，不设定。"""
    planned = await commands.plan(work, body.rules, current)
    return PlanOut.of(planned.changes, planned.warnings)


@router.get("/versions", summary="列出作业规则的版本")
async def versions(
    _reader: RulesReader, kept: KeptRulesDep, session: ReadSession, cursor: Cursor = None, limit: Limit = 50
) -> Page[RulesVersionOut]:
    """新的在前。"""
    before = number_of(cursor)
    found = await store.list_versions(session, before, limit + 1)
    shown, next_cursor = paged(found or ([kept.first] if before is None else []), limit, lambda one: (one.version,))
    return Page(items=[RulesVersionOut.of(one) for one in shown], next_cursor=next_cursor)


@router.get("/versions/{version}", summary="查看作业规则的一个版本")
async def one_version(version: VersionPath, _reader: RulesReader, kept: KeptRulesDep, session: ReadSession) -> RulesOut:
    found = await store.get_version(session, version)
    if found is None and version == (await kept.current(session)).version:
        found = kept.first
    if found is None:
        raise WorkRulesNotFound
    return RulesOut.of(found)
