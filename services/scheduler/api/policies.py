"""Packs and policies."""

from typing import Annotated, Any

import yaml
from fastapi import APIRouter, Depends, Request, Response
from pydantic import ValidationError

from services.scheduler.commands import packs
from services.scheduler.commands.packs import PolicyNotFound
from services.scheduler.schemas import PackIn, PackOut, PolicyDetail, PolicyOut, PolicyResult
from services.scheduler.store import policies
from shared.auth import Principal, Role, require
from shared.errors import InvalidInput
from shared.http import IfMatch, OnceDep, ReadSession, WorkDep, etag
from shared.pagination import Cursor, Limit, Page, page_by_name

router = APIRouter(prefix="/api/v1", tags=["策略"])
Owner = Annotated[Principal, Depends(require(Role.POLICY_OWNER))]
Reader = Annotated[
    Principal, Depends(require(Role.POLICY_OWNER, Role.SUPERVISOR, Role.AUDITOR, Role.INTEGRATOR, Role.AGENT))
]
PACK_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            media: {"schema": PackIn.model_json_schema()} for media in ("application/json", "application/yaml")
        },
    }
}


async def pack_in(request: Request, by: Owner) -> PackIn:
    """The pack in JSON or YAML (of which JSON is a part), parsed for nobody but an owner. Raises InvalidInput."""
    try:
        return PackIn.model_validate(yaml.safe_load(await request.body()))
    except yaml.YAMLError as error:
        raise InvalidInput("请求内容应为 JSON 或 YAML：{name, files: {路径: 内容}}") from error
    except ValidationError as error:
        raise InvalidInput("请求内容应含 name 与 files（路径 → 文本内容）") from error


@router.post("/packs", summary="应用策略包", openapi_extra=PACK_BODY)
async def apply_pack(pack: Annotated[PackIn, Depends(pack_in)], work: WorkDep, by: Owner, once: OnceDep) -> PackOut:
    """使策略包成为现行内容：新策略按包内设置启用，内容变化的产生新版本，相同内容不产生新版本，不再包含的停用。"""

    async def apply() -> PackOut:
        applied = await packs.apply_pack(work, by, pack.name, pack.files)
        results = [PolicyResult(id=policy_id, result=result) for policy_id, result in applied.results.items()]
        return PackOut(name=applied.pack.name, title=applied.pack.title, policies=results)

    return await once(PackOut, apply)


@router.get("/policies", summary="策略列表")
async def list_policies(session: ReadSession, by: Reader, cursor: Cursor = None, limit: Limit = 50) -> Page[PolicyOut]:
    """策略的当前版本，按编号排列。"""
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
