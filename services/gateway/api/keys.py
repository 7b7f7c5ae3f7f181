"""API keys of machines: issued, listed, rotated, given another end, revoked."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.gateway.access import Admin, KeyReader
from services.gateway.commands import keys as commands
from services.gateway.domain.keys import MachineKey
from services.gateway.schemas.keys import KeyEnd, KeyIn, KeyIssuedOut, KeyOut, KeyRevocation, KeyRotation
from services.gateway.store import keys
from shared.clock import Clock
from shared.errors import Conflict, raises
from shared.http import ClockDep, IfMatch, OnceDep, ReadSession, WorkDep, etag
from shared.pagination import Cursor, Limit, Page, paged, time_and_id

router = APIRouter(prefix="/api/v1/keys", tags=["访问密钥"])


@router.get("", summary="密钥列表", description="新的在前；只有签发时能看到密钥本身。密钥文件中的不在此列。")
async def list_keys(
    session: ReadSession,
    clock: ClockDep,
    _: KeyReader,
    owner: Annotated[str, Query(max_length=100, description="使用者")] = "",
    live: Annotated[bool, Query(description="只看有效的")] = False,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[KeyOut]:
    now = clock.machine()
    rows = await keys.list_keys(session, owner, now if live else None, time_and_id(cursor), limit + 1)
    items, following = paged(rows, limit, lambda key: (key.created_at, key.id))
    return Page(items=[KeyOut.of(key, now) for key in items], next_cursor=following)


@router.get("/{key_id}", summary="密钥详情")
async def get_key(key_id: UUID, response: Response, work: WorkDep, _: KeyReader) -> KeyOut:
    return _shown(await commands.find_key(work, key_id), work.clock, response)


@router.post(
    "",
    status_code=201,
    summary="签发密钥",
    description="应答中的密钥只出现一次。几秒后各服务都接受它。可带 Idempotency-Key，重复提交只签发一个。",
)
async def issue_key(body: KeyIn, response: Response, work: WorkDep, principal: Admin, once: OnceDep) -> KeyIssuedOut:
    async def create() -> KeyIssuedOut:
        return _issued(*await commands.issue_key(work, principal, body.model_dump()), work.clock, response)

    return await once(KeyIssuedOut, create)


@router.post(
    "/{key_id}/rotate",
    summary="轮换密钥",
    description="签发权限相同的新密钥；旧的在 grace_hours 内继续有效。须带 If-Match。",
)
@raises(Conflict)
async def rotate_key(
    key_id: UUID, seen: IfMatch, response: Response, work: WorkDep, principal: Admin, body: KeyRotation | None = None
) -> KeyIssuedOut:
    asked = body or KeyRotation()
    grace = timedelta(hours=asked.grace_hours)
    issued = await commands.rotate_key(work, principal, key_id, seen, grace, asked.ends_at)
    return _issued(*issued, work.clock, response)


@router.post("/{key_id}/expire", summary="设置到期时间", description="只能改有效的密钥；须带 If-Match。")
@raises(Conflict)
async def set_end(
    key_id: UUID, body: KeyEnd, seen: IfMatch, response: Response, work: WorkDep, principal: Admin
) -> KeyOut:
    return _shown(await commands.set_end(work, principal, key_id, seen, body.ends_at), work.clock, response)


@router.post(
    "/{key_id}/revoke",
    summary="撤销密钥",
    description="几秒内各服务都不再接受它，用它登录的会话随即失效；不能恢复。须带 If-Match。",
)
@raises(Conflict)
async def revoke_key(
    key_id: UUID, seen: IfMatch, response: Response, work: WorkDep, principal: Admin, body: KeyRevocation | None = None
) -> KeyOut:
    reason = (body or KeyRevocation()).reason
    return _shown(await commands.revoke_key(work, principal, key_id, seen, reason), work.clock, response)


def _shown(key: MachineKey, clock: Clock, response: Response) -> KeyOut:
    response.headers["ETag"] = etag(key.version)
    return KeyOut.of(key, clock.machine())


def _issued(key: MachineKey, secret: str, clock: Clock, response: Response) -> KeyIssuedOut:
    return KeyIssuedOut(**_shown(key, clock, response).model_dump(), key=secret)
