"""Signing in at a page with an API key or token, and out. The cookie holds a session's token, never what was typed."""

import hmac
import secrets
from datetime import datetime
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from shared.auth import Principal, any_session, hash_key, known_principal, token_ends
from shared.errors import Unauthorized
from shared.http import audit, transaction
from shared.same_origin import require_same_origin
from shared.sessions import COOKIE, cookie_of, end_session, open_session
from shared.texts import text_fault
from shared.web.render import render

FORM_COOKIE = "huifang_form"  # proves that the form was filled in where it was shown
FORM_SECONDS = 3600
NOBODY = Principal("", ())  # whose name is not known: a wrong key has none

router = APIRouter(include_in_schema=False)


@router.get("/login")
async def login_page(request: Request, target: Annotated[str, Query(alias="next")] = "/") -> Response:
    return _form(request, target)


@router.post("/login")
async def login(
    request: Request,
    key: Annotated[str, Form(max_length=4096)],
    form: Annotated[str, Form(max_length=200)] = "",
    target: Annotated[str, Form(alias="next", max_length=2048)] = "/",
) -> Response:
    """Check the key, open a session, go where the user wanted to."""
    require_same_origin(request)
    shown = request.cookies.get(FORM_COOKIE, "")
    if not shown or not hmac.compare_digest(shown.encode(), form.encode()):
        return _form(request, target, 403, "页面已过期，请重新输入。")
    credential = key.strip()
    try:
        principal = await known_principal(request, credential)
    except Unauthorized:
        await _note(request, NOBODY, "login.failed")
        return _form(request, target, 401, "密钥不存在、已停用或已过期，请核对后重新输入。")
    await _note(request, principal, "login")
    answer = RedirectResponse(local(target), 303)
    answer.headers.append("Set-Cookie", cookie_of(_token(request, principal, credential), _is_secure(request)))
    answer.delete_cookie(FORM_COOKIE)
    return answer


def _token(request: Request, principal: Principal, credential: str) -> str:
    runtime = request.app.state.runtime
    ends: datetime | None = token_ends(credential)
    proof = "" if ends else hash_key(credential)
    token: str = runtime.signer.sign(open_session(principal, proof, runtime.clock.machine(), ends))
    return token


def _form(request: Request, target: str, status: int = 200, trouble: str = "") -> Response:
    token = secrets.token_urlsafe(24)
    page = render(request, "login.html", status, target=local(target), trouble=trouble, form=token)
    page.set_cookie(
        FORM_COOKIE, token, max_age=FORM_SECONDS, httponly=True, samesite="strict", secure=_is_secure(request)
    )
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
    if session is not None:
        async with transaction(request) as work:
            await end_session(work, session)
            await audit(work, session.principal, "logout", _address(request))
        request.app.state.runtime.ended_sessions.forget()
        request.state.session_cookie = None
    answer = RedirectResponse("/login", 303)
    answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return answer


async def _note(request: Request, principal: Principal, action: str) -> None:
    async with transaction(request) as work:
        await audit(work, principal, action, _address(request))


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def login_url(request: Request) -> str:
    """The login page, leading back to this request's address."""
    query = f"?{request.url.query}" if request.url.query else ""
    return "/login?" + urlencode({"next": request.url.path + query})


def local(target: str) -> str:
    """The target if it is an address of ours, else the start page: nobody is sent to another site after login."""
    ours = target.startswith("/") and not target.startswith("//") and "\\" not in target
    return target if ours and not text_fault(target) else "/"
