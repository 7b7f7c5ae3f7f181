"""Policies and their versions."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from services.scheduler.access import Owner, Reader
from services.scheduler.commands import packs
from services.scheduler.commands.packs import PolicyNotFound
from services.scheduler.domain.packs.differences import differences
from services.scheduler.schemas.policies import (
    DifferenceOut,
    DiffOut,
    PolicyDetail,
    PolicyOut,
    RetireIn,
    VersionOut,
)
from services.scheduler.store import policies
from services.scheduler.store.policies import StoredVersion
from shared.errors import NotFound
from shared.http import MOST_VERSIONS, IfMatch, ReadSession, VersionPath, WorkDep, etag
from shared.pagination import Cursor, Limit, Page, page_by_name

router = APIRouter(prefix="/api/v1", tags=["策略"])


class VersionNotFound(NotFound):
    title = "策略没有这个版本"
    code = "version-not-found"


@router.get("/policies", summary="策略列表")
async def list_policies(session: ReadSession, by: Reader, cursor: Cursor = None, limit: Limit = 50) -> Page[PolicyOut]:
    """策略的最新版本，按编号排列。"""
    found = [PolicyOut.of(stored) for stored in await policies.list_policies(session)]
    return page_by_name(found, cursor, limit, lambda policy: policy.id)


@router.get("/policies/{policy_id}", summary="策略详情与历史版本")
async def get_policy(policy_id: str, session: ReadSession, by: Reader, response: Response) -> PolicyDetail:
    """ETag 用于启用或停用时的 If-Match。"""
    found = await policies.list_policies(session, [policy_id])
    if not found:
        raise PolicyNotFound(f"策略编号 {policy_id}")
    response.headers["ETag"] = etag(found[0].revision)
    return PolicyDetail.with_versions(found[0], await policies.list_versions(session, policy_id))


@router.post("/policies/{policy_id}/enable", summary="启用策略")
async def enable_policy(policy_id: str, work: WorkDep, by: Owner, seen: IfMatch, response: Response) -> PolicyOut:
    """此后的事实按此策略决定。"""
    stored = await packs.set_enabled(work, by, policy_id, True, seen)
    response.headers["ETag"] = etag(stored.revision)
    return PolicyOut.of(stored)


@router.post("/policies/{policy_id}/disable", summary="停用策略")
async def disable_policy(policy_id: str, work: WorkDep, by: Owner, seen: IfMatch, response: Response) -> PolicyOut:
    """已计划的任务不受影响。"""
    stored = await packs.set_enabled(work, by, policy_id, False, seen)
    response.headers["ETag"] = etag(stored.revision)
    return PolicyOut.of(stored)


@router.post("/policies/{policy_id}/retire", summary="废止策略")
async def retire_policy(
    policy_id: str, body: RetireIn, work: WorkDep, by: Owner, seen: IfMatch, response: Response
) -> PolicyOut:
    """立即，或从 at 的事实起，不再按此策略决定；已计划的任务继续。只有重新发布它的策略包才能恢复。"""
    stored = await packs.retire_policy(work, by, policy_id, body.at, body.reason, seen)
    response.headers["ETag"] = etag(stored.revision)
    return PolicyOut.of(stored)


@router.get("/policies/{policy_id}/versions/{version}", summary="策略的一个版本")
async def get_version(policy_id: str, version: VersionPath, session: ReadSession, by: Reader) -> VersionOut:
    """版本发布后内容不变；任务一直按计划它的版本执行。"""
    return VersionOut.of(await _version(session, policy_id, version))


@router.get("/policies/{policy_id}/diff", summary="比较策略的两个版本")
async def compare_versions(
    policy_id: str,
    session: ReadSession,
    by: Reader,
    before: Annotated[int, Query(alias="from", ge=1, le=MOST_VERSIONS, description="原版本")],
    after: Annotated[int, Query(alias="to", ge=1, le=MOST_VERSIONS, description="新版本")],
) -> DiffOut:
    """逐键比较完整内容。"""
    old, new = [await _version(session, policy_id, version) for version in (before, after)]
    found = DifferenceOut.each(differences(old.content, new.content))
    return DiffOut(id=policy_id, before=before, after=after, differences=found)


async def _version(session: ReadSession, policy_id: str, version: int) -> StoredVersion:
    found = await policies.find_version(session, policy_id, version)
    if found is None:
        raise VersionNotFound(f"策略 {policy_id} 没有第 {version} 版")
    return found
