"""Login by API key: the key goes into a cookie that scripts can't read and other sites can't send."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from shared.auth import Principal, Role, known_principal
from shared.errors import Unauthorized
from shared.http import audit, transaction
from shared.texts import text_fault
from shared.web.render import render

COOKIE = "huifang_key"
SHIFT_SECONDS = 12 * 3600

NOBODY = Principal("", Role.AUDITOR)  # whose name is not known: a wrong key has none

router = APIRouter(include_in_schema=False)


@router.get("/login")
async def login_page(request: Request, target: Annotated[str, Query(alias="next")] = "/") -> Response:
    return render(request, "login.html", target=local(target), failed=False)


@router.post("/login")
async def login(
    request: Request,
    key: Annotated[str, Form(max_length=4096)],
    target: Annotated[str, Form(alias="next", max_length=2048)] = "/",
) -> Response:
    """Check the key, remember it for a shift, go where the user wanted to."""
    try:
        principal = await known_principal(request, key.strip())
    except Unauthorized:
        await _note(request, NOBODY, "login.failed")
        return render(request, "login.html", 401, target=local(target), failed=True)
    await _note(request, principal, "login")
    answer = RedirectResponse(local(target), 303)
    answer.set_cookie(
        COOKIE,
        key.strip(),
        max_age=SHIFT_SECONDS,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return answer


@router.post("/logout")
async def logout() -> Response:
    answer = RedirectResponse("/login", 303)
    answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return answer


async def _note(request: Request, principal: Principal, action: str) -> None:
    async with transaction(request) as work:
        await audit(work, principal, action, request.client.host if request.client else "")


def login_url(request: Request) -> str:
    """The login page, leading back to this request's address."""
    query = f"?{request.url.query}" if request.url.query else ""
    return "/login?" + urlencode({"next": request.url.path + query})


def local(target: str) -> str:
    """The target if it is an address of ours, else the start page: nobody is sent to another site after login."""
    ours = target.startswith("/") and not target.startswith("//") and "\\" not in target
    return target if ours and not text_fault(target) else "/"
