"""Signing in and out at a page. The cookie holds a session's token, never what was typed.

People sign in with name and password at the service that keeps them; an API key or token opens a session at any service.
"""

import hmac
import secrets
from datetime import datetime
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from shared.auth import Principal, any_session, hash_key, known_principal, token_ends
from shared.errors import TooManyFailures, Unauthorized
from shared.front_door import is_behind
from shared.http import audit, transaction
from shared.same_origin import require_same_origin
from shared.sessions import COOKIE, Session, cookie_of, end_session, open_session
from shared.texts import text_fault
from shared.web.addresses import FIRST, site_of, start_of
from shared.web.render import render

FORM_COOKIE = "huifang_form"  # proves that the form was filled in where it was shown
FORM_SECONDS = 3600
NOBODY = Principal("", ())  # whose name is not known: a wrong key or password has none
WRONG_KEY = "密钥不存在、已停用或已过期，请核对后重新输入。"

router = APIRouter(include_in_schema=False)


@router.get("/login")
async def login_page(request: Request, target: Annotated[str, Query(alias="next")] = "/") -> Response:
    if is_behind(request.scope) and request.app.state.service.name != FIRST:
        return RedirectResponse("/login?" + urlencode({"next": local(target)}), 303)  # people sign in at one place
    return login_form(request, target)


@router.post("/login")
async def login(
    request: Request,
    name: Annotated[str, Form(alias="login", max_length=200)] = "",
    password: Annotated[str, Form(max_length=1024)] = "",
    key: Annotated[str, Form(max_length=4096)] = "",
    form: Annotated[str, Form(max_length=200)] = "",
    target: Annotated[str, Form(alias="next", max_length=2048)] = "/",
) -> Response:
    """Check name and password, or the key, open a session, go where the user wanted to."""
    require_same_origin(request)
    shown = request.cookies.get(FORM_COOKIE, "")
    if not shown or not hmac.compare_digest(shown.encode(), form.encode()):
        return login_form(request, target, 403, "页面已过期，请重新输入。", name)
    by_password = request.app.state.service.sign_in is not None and not key.strip()
    try:
        session = await (_by_password(request, name, password) if by_password else _by_key(request, key.strip()))
    except Unauthorized as error:
        await _note(request, NOBODY, "login.failed")
        return login_form(request, target, 401, error.detail if by_password else WRONG_KEY, name)
    except TooManyFailures as error:
        if not by_password:
            raise
        return wait_form(request, target, error, name)
    await _note(request, session.principal, "login")
    answer = RedirectResponse(password_url(request, target) if session.must_change_password else local(target), 303)
    set_session(request, answer, session)
    answer.delete_cookie(FORM_COOKIE)
    return answer


async def _by_password(request: Request, name: str, password: str) -> Session:
    runtime = request.app.state.runtime
    session: Session = await runtime.service.sign_in(runtime, name, password, address_of(request))
    return session


async def _by_key(request: Request, credential: str) -> Session:
    principal = await known_principal(request, credential)
    ends: datetime | None = token_ends(credential)
    proof = "" if ends else hash_key(credential)
    return open_session(principal, proof, request.app.state.runtime.clock.machine(), ends)


def set_session(request: Request, answer: Response, session: Session) -> None:
    """Let the answer carry the session's cookie."""
    token = request.app.state.runtime.signer.sign(session)
    answer.headers.append("Set-Cookie", cookie_of(token, _is_secure(request)))


def login_form(request: Request, target: str, status: int = 200, trouble: str = "", name: str = "") -> Response:
    """The page to sign in at, which leads on to `target`; `trouble` is what went wrong, in Chinese."""
    token = secrets.token_urlsafe(24)
    by_password = request.app.state.service.sign_in is not None
    page = render(
        request,
        "login.html",
        status,
        target=local(target),
        trouble=trouble,
        form=token,
        by_password=by_password,
        name=name[:64],
        elsewhere="" if by_password else site_of(request, FIRST),
        provider=request.app.state.service.sign_in_elsewhere,
    )
    page.set_cookie(
        FORM_COOKIE, token, max_age=FORM_SECONDS, httponly=True, samesite="strict", secure=_is_secure(request)
    )
    return page


def wait_form(request: Request, target: str, error: TooManyFailures, name: str = "") -> Response:
    """The page to sign in at, later (RFC 9110 §10.2.3)."""
    page = login_form(request, target, error.status, f"{error.title}（{error.detail}）。", name)
    page.headers["Retry-After"] = str(error.extra["retry_after"])
    return page


def _is_secure(request: Request) -> bool:
    return request.url.scheme == "https"


@router.post("/logout")
async def logout(request: Request) -> Response:
    """End the session everywhere."""
    require_same_origin(request)
    try:
        session = await any_session(request, request.cookies.get(COOKIE, ""))
    except Unauthorized:
        session = None
    onward = "/login"
    if session is not None:
        async with transaction(request) as work:
            await end_session(work, session)
            await audit(work, session.principal, "logout", address_of(request))
        request.app.state.runtime.ended_sessions.forget()
        request.state.session_cookie = None
        if elsewhere := request.app.state.service.sign_in_elsewhere:
            onward = await elsewhere.after_sign_out(request.app.state.runtime, session)
    answer = RedirectResponse(onward, 303)
    answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return answer


async def _note(request: Request, principal: Principal, action: str) -> None:
    async with transaction(request) as work:
        await audit(work, principal, action, address_of(request))


def address_of(request: Request) -> str:
    """Where the request came from."""
    return request.client.host if request.client else ""


def password_url(request: Request, target: str) -> str:
    """Where somebody chooses a password of their own; it leads on to `target`."""
    return f"{start_of(request)}login/password?" + urlencode({"next": local(target)})


def local(target: str) -> str:
    """The target if it is an address of ours, else the start page: nobody is sent to another site after login."""
    ours = target.startswith("/") and not target.startswith("//") and "\\" not in target
    return target if ours and not text_fault(target) else "/"
