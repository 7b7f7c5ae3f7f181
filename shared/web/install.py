"""What an app needs to serve pages."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse, Response
from starlette.exceptions import HTTPException as StarletteHTTPException

from shared.errors import PasswordChangeRequired
from shared.settings import ServiceSettings
from shared.web import audit_page, erasure_progress, login, ops_page
from shared.web.assets import Assets, mount_assets
from shared.web.render import HERE, environment, render

PROBLEM = "application/problem+json"
KEPT_HEADERS = ("Allow", "Retry-After")


def install_pages(app: FastAPI, settings: ServiceSettings, own: Path | None = None) -> None:
    """Mount assets and login; `own` is a service's folder with `templates/` and `static/`.

    Assets and the login page show no data, so they ask for no key.
    """
    app.state.pages = environment(own)
    app.state.assets = Assets(own, settings.page_assets or HERE / "node_modules")
    mount_assets(app, app.state.assets, own)
    app.include_router(login.router)
    app.include_router(audit_page.router)
    app.include_router(ops_page.router)
    app.include_router(erasure_progress.router)
    for kind, for_programs in list(app.exception_handlers.items()):
        app.exception_handlers[kind] = _as_page(for_programs)


def _as_page(
    for_programs: Callable[[Request, Any], Response | Awaitable[Response]],
) -> Callable[[Request, Exception], Awaitable[Response]]:
    """A browser gets the login page or a readable error where a program gets problem+json."""

    async def answered(request: Request, error: Exception) -> Response:
        given = for_programs(request, error)
        answer = given if isinstance(given, Response) else await given
        if answer.media_type != PROBLEM or not is_browser(request):
            return answer
        if answer.status_code == 401:
            return RedirectResponse(_sign_in_and_back(request), 303)
        if isinstance(error, PasswordChangeRequired):
            return RedirectResponse(login.password_url(request, _page_to_come_back_to(request)), 303)
        body = json.loads(bytes(answer.body)) | _of_the_framework(request, error)
        page = render(
            request,
            "problem.html",
            answer.status_code,
            code=answer.status_code,
            title=body["title"],
            detail=body["detail"],
            errors=body.get("errors", ()),
            back=_page_before(request),
        )
        page.headers.update({name: answer.headers[name] for name in KEPT_HEADERS if name in answer.headers})
        return page

    return answered


def is_browser(request: Request) -> bool:
    """Whether a page is shown to the answer: a browser says that it wants HTML, a program or a script on a page does not."""
    return "text/html" in request.headers.get("accept", "")


def _of_the_framework(request: Request, error: Exception) -> dict[str, str]:
    """What is shown instead of the English words of the framework's own errors."""
    if type(error) is not StarletteHTTPException:
        return {}
    if error.status_code == 404:
        return {"title": "没有这个页面", "detail": f"此处没有 {request.url.path}。"}
    return {"detail": ""}


def _sign_in_and_back(request: Request) -> str:
    """The sign-in page, leading to this page, or, after a form was sent, to the page with the form."""
    return "/login?" + urlencode({"next": _page_to_come_back_to(request)})


def _page_to_come_back_to(request: Request) -> str:
    if request.method != "GET":
        return _page_before(request) or "/"
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def _page_before(request: Request) -> str:
    """The page of ours that led here, "" when it was none."""
    before = urlsplit(request.headers.get("referer", ""))
    ours = before.netloc and before.netloc == request.headers.get("host")
    return login.local(before.path + (f"?{before.query}" if before.query else "")) if ours else ""
