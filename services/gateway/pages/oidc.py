"""Signing in at an organisation's identity provider (OpenID Connect), and out there again.

What a sign-in was begun with goes through the browser in a sealed cookie, which the way back must bring along: who holds
the answer to a sign-in that another browser began has nothing. The session then is this platform's own.
"""

import base64
import binascii
import hmac
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from services.gateway.adapters.identity_provider import Begun, Client, IdentityProvider, begin
from services.gateway.commands import providing
from services.gateway.domain.people import OIDC
from services.gateway.domain.provided import SignInRefused, missing_claims
from services.gateway.procedures.accounts import principal_of
from services.gateway.settings import GatewaySettings
from services.gateway.store.people import get_person
from shared.errors import HuifangError, NotFound, TooManyFailures
from shared.http import audit, transaction
from shared.runtime import Runtime
from shared.sessions import Session, open_session
from shared.web import render
from shared.web.login import NOBODY, address_of, local, login_form, set_session, wait_form

router = APIRouter(prefix="/login/oidc", include_in_schema=False)
BEGIN, BACK, OUT = "/login/oidc", "/login/oidc/back", "/login/oidc/out"
COOKIE = "huifang_begun"
LASTS = timedelta(minutes=10)
LONGEST_TARGET = 1024  # characters: with the rest it must fit into a cookie
Line = Annotated[str, Query(max_length=4096)]


def provider_for(settings: GatewaySettings, now: Callable[[], datetime]) -> IdentityProvider | None:
    """None where people sign in with passwords only."""
    if not settings.oidc_issuer:
        return None
    secret = settings.oidc_client_secret.get_secret_value()
    return IdentityProvider(Client(settings.oidc_issuer, settings.oidc_client_id, secret, settings.oidc_scopes), now)


def _provider(request: Request) -> IdentityProvider:
    provider: IdentityProvider | None = request.app.state.runtime.state["identity_provider"]
    if provider is None:
        raise NotFound("本部署没有启用统一身份认证登录")
    return provider


@router.get("")
async def begin_sign_in(
    request: Request, target: Annotated[str, Query(alias="next", max_length=2048)] = "/"
) -> Response:
    """Send the browser to the provider."""
    provider = _provider(request)
    wanted = local(target)
    begun = begin(_ours(request, BACK), wanted if len(wanted) <= LONGEST_TARGET else "/")
    try:
        address = await provider.address(begun)
    except HuifangError as error:
        return _refusal(request, begun.target, error)
    answer = RedirectResponse(address, 303, headers={"Cache-Control": "no-store"})
    ends = request.app.state.runtime.clock.machine() + LASTS
    kept = orjson.dumps({"for": BEGIN, "ends": ends.timestamp(), **asdict(begun)})
    sealed = base64.urlsafe_b64encode(request.app.state.runtime.sealer.seal_bytes(kept)).decode()
    # lax: it must come along when the provider sends the browser back
    answer.set_cookie(
        COOKIE,
        sealed,
        max_age=int(LASTS.total_seconds()),
        path=BEGIN,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
    return answer


@router.get("/back")
async def come_back(
    request: Request,
    state: Line = "",
    code: Line = "",
    error: Line = "",
    issuer: Annotated[Line, Query(alias="iss")] = "",
) -> Response:
    """Take the provider's answer, and go on to where the sign-in began, as a page of ours does.

    A redirect would still be the provider's doing for the browser, which then keeps the session's cookie to itself.
    """
    provider = _provider(request)
    begun = _begun(request)
    target = begun.target if begun else "/"
    try:
        session = await _session(request, provider, begun, state, code, error, issuer)
    except TooManyFailures as waits:
        return wait_form(request, target, waits)  # the same answer is taken later
    except HuifangError as refused:
        answer = await _refuse(request, target, refused)
    else:
        answer = render(request, "onward.html", target=target, told="已登录", leaves=False)
        set_session(request, answer, session)
    answer.delete_cookie(COOKIE, path=BEGIN)
    return answer


async def _session(
    request: Request, provider: IdentityProvider, begun: Begun | None, state: str, code: str, error: str, issuer: str
) -> Session:
    """Of whom the provider lets in. Raises SignInRefused, ProviderDown, TooManyFailures."""
    runtime: Runtime = request.app.state.runtime
    fits = begun is not None and hmac.compare_digest(state.encode(), begun.state.encode())
    async with transaction(request) as work:
        first = await providing.take_back(work, state if fits else "", address_of(request))
    if begun is None or not fits:
        raise SignInRefused("state", "登录已超时，或不是从本浏览器开始的，请重新登录")
    if not first:
        raise SignInRefused("used", "这次登录已经完成或取消，请重新登录")
    await provider.require_issuer(issuer)
    if error == "access_denied":
        raise SignInRefused("denied", "您已在统一身份认证处取消登录，或没有被允许使用本系统")
    if error or not code:
        raise SignInRefused("error", "统一身份认证没有完成登录，请重新登录；若仍不行请联系系统管理员")
    claims, access = await provider.redeem(code, begun)
    known = runtime.settings_as(GatewaySettings).claim_map
    if missing_claims(known, claims):
        claims = await provider.more_claims(access, claims)
    person, at = await providing.admit(runtime.db, known, claims, address_of(request))
    runtime.ended_sessions.forget()
    return open_session(principal_of(person), "", at)


@router.get("/out")
async def sign_out_there(request: Request) -> Response:
    """After signing out here: to where one signs out at the provider, if it has such a place."""
    address = await _provider(request).sign_out_address(_ours(request, "/login"))
    if not address:
        return RedirectResponse("/login", 303)
    return render(request, "onward.html", target=address, told="已退出回访平台", leaves=True)


async def after_sign_out(runtime: Runtime, session: Session) -> str:
    """Where somebody goes who has signed out here."""
    if runtime.state["identity_provider"] is None:
        return "/login"
    async with runtime.db.read() as database:
        person = await get_person(database, session.principal.id)
    return OUT if person is not None and person.source == OIDC else "/login"


async def _refuse(request: Request, target: str, error: HuifangError) -> Response:
    reason = error.reason if isinstance(error, SignInRefused) else error.code
    async with transaction(request) as work:
        await audit(work, NOBODY, "login.failed", address_of(request), by="oidc", reason=reason)
    return _refusal(request, target, error)


def _refusal(request: Request, target: str, error: HuifangError) -> Response:
    return login_form(request, target, error.status, f"{error.detail or error.title}。")


def _begun(request: Request) -> Begun | None:
    """What this browser's sign-in was begun with; None when it began none, or too long ago."""
    runtime: Runtime = request.app.state.runtime
    try:
        sealed = base64.urlsafe_b64decode(request.cookies.get(COOKIE, ""))
        kept: dict[str, Any] = orjson.loads(runtime.sealer.unseal_bytes(sealed))
        if kept.pop("for") != BEGIN or kept.pop("ends") <= runtime.clock.machine().timestamp():
            return None
        return Begun(**kept)
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error):
        return None


def _ours(request: Request, path: str) -> str:
    """A full address of ours as this browser knows it; which names we are called by says HUIFANG_HOSTS."""
    return f"{request.url.scheme}://{request.headers['host']}{path}"
