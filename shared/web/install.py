"""What an app needs to serve pages."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException as StarletteHTTPException

from shared.errors import HuifangError, NotFound, Unauthorized
from shared.settings import ServiceSettings
from shared.web import login
from shared.web.render import HERE, environment, render

# what pages may load of others; nothing else of node_modules is reachable
VENDOR = {
    "htmx.js": "htmx.org/dist/htmx.min.js",
    "alpine.js": "@alpinejs/csp/dist/cdn.min.js",
    "echarts.js": "echarts/dist/echarts.min.js",
}


def install_pages(app: FastAPI, settings: ServiceSettings, own: Path | None = None) -> None:
    """Mount assets and login; `own` is a service's folder with `templates/` and `static/`.

    Assets and the login page show no data, so they ask for no key.
    """
    app.state.pages = environment(own)
    vendor = settings.page_assets or HERE / "node_modules"

    @app.get("/static/vendor/{name}", include_in_schema=False)
    async def asset(name: str) -> FileResponse:
        path = vendor / VENDOR.get(name, name)
        if name not in VENDOR or not path.is_file():
            raise NotFound("页面组件未安装，请运行 make setup")
        return FileResponse(path, media_type="text/javascript", headers={"Cache-Control": "max-age=86400"})

    if own is not None:
        app.mount("/static/own", StaticFiles(directory=own / "static"), name="own-static")
    app.mount("/static", StaticFiles(directory=HERE / "static"), name="static")
    app.include_router(login.router)
    _show_problems_as_pages(app)


def _show_problems_as_pages(app: FastAPI) -> None:
    """A browser gets the login page or a readable error where a program gets problem+json."""
    for_programs: Callable[[Request, Any], Awaitable[Response]] = app.exception_handlers[HuifangError]  # type: ignore[assignment]

    async def known(request: Request, error: Exception) -> Response:
        assert isinstance(error, HuifangError)
        if not _is_browser(request):
            return await for_programs(request, error)
        if isinstance(error, Unauthorized):
            return RedirectResponse(login.login_url(request), 303)
        return render(request, "problem.html", error.status, title=error.title, detail=error.detail)

    app.exception_handlers[HuifangError] = known
    answered: Callable[[Request, Any], Awaitable[Response]] = app.exception_handlers[StarletteHTTPException]  # type: ignore[assignment]

    async def nowhere(request: Request, error: Exception) -> Response:
        assert isinstance(error, StarletteHTTPException)
        if error.status_code != 404 or not _is_browser(request):
            return await answered(request, error)
        return render(request, "problem.html", 404, title="没有这个页面", detail=f"此处没有 {request.url.path}。")

    app.exception_handlers[StarletteHTTPException] = nowhere


def _is_browser(request: Request) -> bool:
    return request.method == "GET" and "text/html" in request.headers.get("accept", "")
