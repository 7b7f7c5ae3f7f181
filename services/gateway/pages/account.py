"""Signing in with name and password, and choosing a password of one's own."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from services.gateway.adapters.passwords import Passwords, passwords_of
from services.gateway.commands import people, signing_in
from services.gateway.domain.people import OIDC, SHORTEST
from services.gateway.procedures.accounts import principal_of
from services.gateway.store.people import get_person
from shared.auth import any_session
from shared.errors import Forbidden, InvalidInput, TooManyFailures, Unauthorized
from shared.http import transaction
from shared.runtime import Runtime
from shared.same_origin import require_same_origin
from shared.sessions import COOKIE, Session, open_session
from shared.web import render
from shared.web.login import address_of, local, set_session

router = APIRouter(include_in_schema=False)


async def sign_in(runtime: Runtime, login: str, password: str, address: str) -> Session:
    """A session of somebody whose password it is. Raises Unauthorized, TooManyFailures."""
    person, at = await signing_in.sign_in(runtime.db, runtime.state["passwords"], login, password, address)
    who = principal_of(person)
    return open_session(who, "", at, must_change_password=person.must_change_password)


async def own_session(request: Request) -> Session:
    """Who is signed in, also if for nothing but this. Raises Unauthorized, ForeignOrigin, Forbidden."""
    session = await any_session(request, request.cookies.get(COOKIE, ""))
    require_same_origin(request)
    if session.proof:
        raise Forbidden("您是用访问密钥登录的，没有密码可改")
    async with request.app.state.runtime.db.read() as database:
        person = await get_person(database, session.principal.id)
    if person is not None and person.source == OIDC:
        raise people.NoPasswordHere("请在统一身份认证中修改密码")
    request.state.principal = session.principal
    return session


Own = Annotated[Session, Depends(own_session)]


@router.get("/login/password")
async def password_page(
    request: Request, session: Own, target: Annotated[str, Query(alias="next", max_length=2048)] = "/"
) -> Response:
    return _page(request, session, target)


@router.post("/login/password")
async def choose_password(
    request: Request,
    session: Own,
    passwords: Annotated[Passwords, Depends(passwords_of)],
    password: Annotated[str, Form(max_length=1024)] = "",
    again: Annotated[str, Form(max_length=1024)] = "",
    current: Annotated[str, Form(max_length=1024)] = "",
    target: Annotated[str, Form(alias="next", max_length=2048)] = "/",
) -> Response:
    """Take the new password, end all sessions of its person, and go on in a new one."""
    login = session.principal.id
    if password != again:
        return _page(request, session, target, 422, "两次输入的新密码不同。")
    try:
        if not session.must_change_password:
            await _prove(request, login, current)
        async with transaction(request) as work:
            person, at = await people.choose_password(work, passwords, login, password)
    except (InvalidInput, TooManyFailures) as error:
        reason = error.extra["errors"][0]["message"] if "errors" in error.extra else error.detail
        return _page(request, session, target, error.status, f"{reason}。")
    request.app.state.runtime.ended_sessions.forget()
    request.state.session_cookie = None
    answer = RedirectResponse(local(target), 303)
    set_session(request, answer, open_session(principal_of(person), "", at))
    return answer


async def _prove(request: Request, login: str, current: str) -> None:
    """Whoever sits at a page somebody left open doesn't know the password. Raises InvalidInput, TooManyFailures."""
    try:
        await sign_in(request.app.state.runtime, login, current, address_of(request))
    except Unauthorized as error:
        raise InvalidInput("现在的密码不对") from error


def _page(request: Request, session: Session, target: str, status: int = 200, trouble: str = "") -> Response:
    return render(
        request,
        "password.html",
        status,
        login=session.principal.id,
        first=session.must_change_password,
        target=local(target),
        trouble=trouble,
        shortest=SHORTEST,
    )
