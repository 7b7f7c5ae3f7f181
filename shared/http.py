"""The edge of a service: transactions, idempotency, entity tags, problems, and the client for calling others."""

import hashlib
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Annotated, Any, TypeVar

import httpx
import orjson
from fastapi import Depends, Header, Path, Request, Response
from pydantic import BaseModel
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.auth import Caller, Principal
from shared.clock import Clock
from shared.errors import (
    BodyTooLarge,
    BodyTooLate,
    Conflict,
    InvalidInput,
    PreconditionFailed,
    PreconditionRequired,
    raises,
)
from shared.front_door import own_path
from shared.ids import new_id
from shared.messaging.work import Work
from shared.observability.tracing import continue_trace
from shared.privacy import Sealer

T = TypeVar("T", bound=BaseModel)


def transaction(request: Request) -> AbstractAsyncContextManager[Work]:
    """The transaction of a route that reads a large body by itself first; other routes take `WorkDep`."""
    work: AbstractAsyncContextManager[Work] = request.app.state.runtime.db.work(traceparent=request.state.traceparent)
    return work


@raises(BodyTooLate, BodyTooLarge)
async def _work(request: Request) -> Any:
    await request.body()  # at the client's pace: not while a connection to the database is held
    async with transaction(request) as work:
        yield work


@raises(BodyTooLate, BodyTooLarge)
async def _read(request: Request) -> Any:
    await request.body()
    async with request.app.state.runtime.db.read() as session:
        yield session


async def _clock(request: Request) -> Clock:
    return request.app.state.runtime.clock  # type: ignore[no-any-return]


async def _sealer(request: Request) -> Sealer:
    return request.app.state.runtime.sealer  # type: ignore[no-any-return]


# scope="function": the commit happens before the answer is sent, so a failed commit can't answer 2xx
WorkDep = Annotated[Work, Depends(_work, scope="function")]
ReadSession = Annotated[AsyncSession, Depends(_read, scope="function")]
ClockDep = Annotated[Clock, Depends(_clock)]
SealerDep = Annotated[Sealer, Depends(_sealer)]


MOST_VERSIONS = 2**31 - 1  # what the column holds
VersionPath = Annotated[int, Path(ge=1, le=MOST_VERSIONS, description="版本号")]


def etag(version: int) -> str:
    """The entity tag of a row's version (RFC 9110 §8.8.3)."""
    return f'"{version}"'


@raises(PreconditionRequired, PreconditionFailed)
async def if_match(
    _caller: Caller,  # anonymous callers get 401 before anything else is checked
    value: Annotated[str | None, Header(alias="If-Match", description="修改前读到的 ETag")] = None,
) -> int:
    """The version the caller has seen. Raises PreconditionRequired without the header."""
    if value is None:
        raise PreconditionRequired
    try:
        return int(value.strip().removeprefix("W/").strip('"'))
    except ValueError as error:
        raise InvalidInput("If-Match 不是本系统给出的 ETag") from error


IfMatch = Annotated[int, Depends(if_match)]


def require_version(seen: int, current: int) -> None:
    """Raises PreconditionFailed when somebody changed the row since the caller read it."""
    if seen != current:
        raise PreconditionFailed(f"您看到的是第 {seen} 版，现在已是第 {current} 版")


class Once:
    """Runs a creating POST once per `Idempotency-Key`; the stored answer is given again to a repeated request."""

    def __init__(self, request: Request, response: Response, work: Work, key: str | None) -> None:
        self.request = request
        self.response = response
        self.work = work
        self.key = key

    async def __call__(self, model: type[T], create: Callable[[], Awaitable[T]]) -> T:
        """The result of `create`, or the earlier one. Raises InvalidInput when the key came with another body."""
        if not self.key:
            return await create()
        sealer: Sealer = self.request.app.state.runtime.sealer
        stored = await self._claim()
        if stored is not None:
            self.response.headers["Idempotent-Replayed"] = "true"
            return model.model_validate_json(sealer.unseal_bytes(stored))
        result = await create()
        # sealed: an answer may hold a secret that is shown only once
        await self.work.session.execute(
            text("UPDATE idempotency_key SET body = :body WHERE principal = :p AND key = :k AND route = :r"),
            {**self._identity(), "body": sealer.seal_bytes(result.model_dump_json().encode())},
        )
        return result

    def _identity(self) -> dict[str, Any]:
        principal: Principal | None = getattr(self.request.state, "principal", None)
        return {"p": principal.id if principal else "", "k": self.key, "r": own_path(self.request.scope)}

    async def _claim(self) -> bytes | None:
        """Claim the key in this transaction (a concurrent twin waits); the stored body when it was used before."""
        identity = self._identity()
        fingerprint = hashlib.sha256(await self.request.body()).digest()
        claimed = await self.work.session.execute(
            text(
                "INSERT INTO idempotency_key (principal, key, route, fingerprint, created_at) "
                "VALUES (:p, :k, :r, :f, :at) ON CONFLICT DO NOTHING RETURNING key"
            ),
            {**identity, "f": fingerprint, "at": self.work.clock.machine()},
        )
        if claimed.scalar() is not None:
            return None
        row = (
            await self.work.session.execute(
                text("SELECT fingerprint, body FROM idempotency_key WHERE principal = :p AND key = :k AND route = :r"),
                identity,
            )
        ).one()
        if row.fingerprint != fingerprint:
            raise InvalidInput("同一个 Idempotency-Key 已用于另一个请求")
        if row.body is None:
            raise Conflict("同一请求正在处理")
        return bytes(row.body)


async def _once(
    request: Request,
    response: Response,
    work: WorkDep,
    key: Annotated[str | None, Header(alias="Idempotency-Key", max_length=200, description="幂等键")] = None,
) -> Once:
    return Once(request, response, work, key)


OnceDep = Annotated[Once, Depends(_once)]


async def audit(work: Work, principal: Principal, action: str, subject: str, **detail: Any) -> None:
    """Append to the audit log in the running transaction."""
    await work.session.execute(
        text(
            "INSERT INTO audit_log (id, at, principal, action, object, detail) "
            "VALUES (:id, :at, :principal, :action, :object, CAST(:detail AS jsonb))"
        ),
        {
            "id": new_id(),
            "at": work.now(),
            "principal": principal.id,
            "action": action,
            "object": subject,
            "detail": orjson.dumps(detail, default=str).decode(),
        },
    )


def http_client(timeout: float = 5.0, **options: Any) -> httpx.AsyncClient:
    """The client for calls out of the platform: bounded, no redirects, with our name and a trace."""

    async def add_trace(request: httpx.Request) -> None:
        request.headers.setdefault("traceparent", continue_trace(None))

    return httpx.AsyncClient(
        timeout=timeout,
        follow_redirects=False,
        headers={"User-Agent": "huifang"},
        event_hooks={"request": [add_trace]},
        **options,
    )
