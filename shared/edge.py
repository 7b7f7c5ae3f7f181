"""What every service's HTTP edge has: trace, metrics, body limit, problems, health, OpenAPI, dead-letter routes."""

import asyncio
import re
import time
from collections.abc import Mapping
from typing import Any

import structlog
from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared import audit_api, dlq_api, invalid
from shared.bodies import Body
from shared.erasure import api as erasures
from shared.errors import BadRequest, BodyTooLarge, BodyTooLate, ForeignHost, HuifangError, InvalidInput, Unavailable
from shared.front_door import QUIET, FrontDoor, is_behind, own_path
from shared.messaging.transient import is_transient
from shared.observability import logs
from shared.observability.measures import measure
from shared.observability.metrics import HTTP_SECONDS
from shared.observability.tracing import continue_trace, current_trace
from shared.privacy import mask_tree
from shared.readiness import not_ready
from shared.runtime import Runtime, Service
from shared.server import AT_STOP
from shared.sessions import cookie_of
from shared.unstorable import why_unparseable
from shared.web.docs import install_docs

log = structlog.get_logger(__name__)
SLOWEST = 16 << 10  # bytes a second
HOW_TO_CALL = "请用本服务的地址访问；运维可在 HUIFANG_HOSTS 中加入这个主机名"
PORT = re.compile(r":\d{1,5}$", re.ASCII)
UNPARSEABLE = "There was an error parsing the body"  # what FastAPI says
MALFORMED = "表单不完整，或格式有误"  # what else a framework can't read is a form
UNSTORABLE = "22"  # SQLSTATE class "data exception": a NUL in a text, a number out of range
MOST_SHOWN = 50  # things wrong with a body
MOST_VALUES = 50_000  # separated by commas, of a body that FastAPI reads
TITLES = {
    401: "需要有效的访问密钥", 403: "没有权限", 404: "没有找到", 405: "不支持这种请求方法",
    408: "请求超时", 413: "请求内容过大", 415: "不支持的内容类型", 422: "提交的内容有误",
    503: "服务暂不可用，请稍后重试",
}  # fmt: skip


class Edge:
    """Trace context, request metrics and the body limit, as one ASGI middleware."""

    def __init__(self, app: ASGIApp, service: str, max_body: int, body_seconds: float, hosts: str = "*") -> None:
        self.app = app
        self.service = service
        self.max_body = max_body
        self.body_seconds = body_seconds
        self.hosts = frozenset(name.strip().lower() for name in hosts.split(","))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        traceparent = current_trace() or continue_trace(headers.get(b"traceparent", b"").decode("latin-1"))
        scope.setdefault("state", {})["traceparent"] = traceparent
        token = logs.trace.set(traceparent)
        started = time.perf_counter()
        status, noted = 500, False

        async def send_noting(message: Message) -> None:
            nonlocal status, noted
            if message["type"] == "http.response.start":
                status = message["status"]
                if AT_STOP in scope["state"]:  # a stream is answered when it begins
                    noted = True
                    self._note(scope, status, time.perf_counter() - started)
                message["headers"] = [*message["headers"], (b"traceparent", traceparent.encode()), *renewed(scope)]
            await send(message)

        try:
            if self._is_foreign(scope, headers):
                refused = problem(ForeignHost.status, ForeignHost.title, ForeignHost.code, HOW_TO_CALL)
                await refused(scope, receive, send_noting)
                return
            await self.app(scope, self._limited(scope, receive), send_noting)
        finally:
            if not noted:
                self._note(scope, status, time.perf_counter() - started)
            logs.trace.reset(token)

    def _is_foreign(self, scope: Scope, headers: Mapping[bytes, bytes]) -> bool:
        """Whether it was called by a name that is not ours (RFC 9110 §7.4); probes call it by its address."""
        if "*" in self.hosts or own_path(scope) in QUIET:
            return False
        name = PORT.sub("", headers.get(b"host", b"").decode("latin-1").lower())
        return name not in self.hosts

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "unknown")
        HTTP_SECONDS.labels(self.service, scope["method"], route, str(status)).observe(seconds)
        if route not in QUIET:
            log.info(
                "request",
                method=scope["method"],
                route=route,
                status=status,
                ms=round(seconds * 1000, 1),
                caller=getattr(scope["state"].get("principal"), "id", ""),
                address=(scope.get("client") or ("",))[0],
            )

    def _limited(self, scope: Scope, receive: Receive) -> Receive:
        """Count the body as it arrives, chunked or not. A route that reads it by itself may allow more through
        `scope["max_body"]`, another one through the model of its body (`Body.most_bytes`).

        It has `body_seconds`, and a second more for every `SLOWEST` bytes that have come.
        """
        received, values, arrived = 0, 0, False
        started = time.monotonic()

        async def receive_counting() -> Message:
            nonlocal received, values, arrived
            if arrived:  # what comes now is the end of the connection
                return await receive()
            left = self.body_seconds + received / SLOWEST - (time.monotonic() - started)
            try:
                async with asyncio.timeout(max(0.0, left)):
                    message = await receive()
            except TimeoutError as error:
                raise HTTPException(
                    BodyTooLate.status, "请求内容没有在规定时间内到达", {"Connection": "close"}
                ) from error
            received += len(message.get("body", b""))
            arrived = not message.get("more_body", False)
            values += message.get("body", b"").count(b",")
            # FastAPI makes a 400 of any other exception while it reads a body
            if received > (most := scope.get("max_body") or self._most(scope)):
                raise HTTPException(BodyTooLarge.status, f"请求内容超过 {most} 字节")
            if values > MOST_VALUES and _body_of(scope) is not None:
                raise HTTPException(BodyTooLarge.status, f"请求内容超过 {MOST_VALUES} 个值")
            return message

        return receive_counting

    def _most(self, scope: Scope) -> int:
        body = _body_of(scope)
        return self.max_body if body is None else min(self.max_body, getattr(body, "most_bytes", Body.most_bytes))


def _body_of(scope: Scope) -> Any:
    """The model that FastAPI reads the body into; None where the route reads it itself, or there is no route."""
    field = getattr(scope.get("route"), "body_field", None)
    return field and field.field_info.annotation


def renewed(scope: Scope) -> list[tuple[bytes, bytes]]:
    """The cookie of a session that is in use, set anew."""
    token = scope["state"].get("session_cookie")
    return [(b"set-cookie", cookie_of(token, scope["scheme"] == "https").encode())] if token else []


def problem(status: int, title: str, code: str, detail: str = "", **extra: Any) -> JSONResponse:
    """A problem document (RFC 9457) with a Chinese title."""
    body = {
        "type": f"urn:huifang:problem:{code}",
        "title": title,
        "status": status,
        "detail": detail,
        **extra,
    }
    return JSONResponse(mask_tree(body), status, media_type="application/problem+json")


def install(app: FastAPI, service: Service) -> None:
    """Give the app its common edge."""
    app.add_middleware(
        Edge,
        service=service.name,
        max_body=service.settings.max_body_bytes,
        body_seconds=service.settings.body_seconds,
        hosts=service.settings.hosts,
    )
    app.add_middleware(FrontDoor, service=service.name, key=service.settings.front_door_key.get_secret_value())
    _install_problems(app)
    _install_health(app, service)
    install_docs(app, service)
    app.include_router(dlq_api.router)
    app.include_router(audit_api.router)
    app.include_router(erasures.router)


def _install_problems(app: FastAPI) -> None:
    @app.exception_handler(HuifangError)
    async def known(_request: Request, error: HuifangError) -> Response:
        answer = problem(error.status, error.title, error.code, error.detail, **error.extra)
        if error.status == 401:
            answer.headers["WWW-Authenticate"] = "Bearer"
        if "retry_after" in error.extra:
            answer.headers["Retry-After"] = str(error.extra["retry_after"])
        return answer

    @app.exception_handler(RequestValidationError)
    async def unfit(_request: Request, error: RequestValidationError) -> Response:
        found = error.errors()
        errors = [{"field": invalid.place(item), "message": invalid.in_words(item)} for item in found[:MOST_SHOWN]]
        fields = "、".join(item["field"] for item in errors[:5])
        more = f"，共 {len(found)} 处" if len(found) > MOST_SHOWN else ""
        return problem(422, "提交的内容有误", "invalid-input", f"请检查：{fields}{more}", errors=errors)

    app.add_exception_handler(DBAPIError, _database_said)  # type: ignore[arg-type]

    @app.exception_handler(StarletteHTTPException)
    async def http(request: Request, error: StarletteHTTPException) -> Response:
        if error.status_code == BadRequest.status:
            detail = why_unparseable(request) if error.detail == UNPARSEABLE else MALFORMED
            return problem(BadRequest.status, BadRequest.title, BadRequest.code, detail)
        title = TITLES.get(error.status_code, "请求失败")
        answer = problem(error.status_code, title, f"http-{error.status_code}", str(error.detail or ""))
        answer.headers.update(error.headers or {})  # `Allow` of a 405 (RFC 9110 §15.5.6)
        return answer

    @app.exception_handler(ClientDisconnect)
    async def left(_request: Request, _error: ClientDisconnect) -> Response:
        """Nobody reads this answer; that a client leaves in the middle of its body is no fault of ours."""
        return problem(BadRequest.status, BadRequest.title, BadRequest.code)

    @app.exception_handler(Exception)
    async def unexpected(request: Request, error: Exception) -> Response:
        """Runs outside of `Edge`, so the trace is set once more for the log line."""
        token = logs.trace.set(request.state.traceparent)
        known = _explained(error)
        if known is None:
            log.exception("request_failed", error=repr(error))
        else:
            log.warning("request_failed", error=repr(error), status=known.status)
        logs.trace.reset(token)
        return problem((known or HuifangError).status, (known or HuifangError).title, (known or HuifangError).code)


async def _database_said(_request: Request, error: DBAPIError) -> Response:
    """What the database said of the caller's data is no fault of ours: no traceback, and the connection lives on."""
    known = _explained(error)
    if known is None:
        raise error
    log.warning("request_failed", error=repr(error.orig), status=known.status)
    return problem(known.status, known.title, known.code)


def _explained(error: Exception) -> type[HuifangError] | None:
    """What a database error means to the caller: try again, or mend what was sent; None for a fault of ours."""
    if is_transient(error):
        return Unavailable
    state = str(getattr(error.orig, "sqlstate", "") or "") if isinstance(error, DBAPIError) else ""
    return InvalidInput if state.startswith(UNSTORABLE) else None


def _install_health(app: FastAPI, service: Service) -> None:
    @app.get("/livez", include_in_schema=False)
    async def livez(request: Request) -> Response:
        """Alive means: the event loop answers, and what this process is to do is being done. It never touches a dependency."""
        lost = request.app.state.runtime.lost_loops
        return JSONResponse({"status": "a loop has ended" if lost else "ok"}, 503 if lost else 200)

    @app.get("/readyz", include_in_schema=False)
    async def readyz(request: Request) -> Response:
        runtime: Runtime = request.app.state.runtime
        reasons = await not_ready(runtime)
        state: dict[str, Any] = {"status": "ready" if not reasons else "not ready"}
        if not is_behind(request.scope):  # the door is open to the world, which need not know why
            state |= {"reasons": reasons, "warnings": list(runtime.settings.warnings())}
        return JSONResponse(state, 503 if reasons else 200)

    @app.get("/metrics", include_in_schema=False)
    async def metrics(request: Request) -> Response:
        await measure(request.app.state.runtime)
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
