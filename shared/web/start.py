"""What an address opened in a browser leads to: the page where somebody's role begins, or the overview of all there is.

Programs that ask for `/` get the problem they always got. The pages show no data, so they ask for no key.
"""

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, RedirectResponse, Response
from sqlalchemy.exc import SQLAlchemyError

from shared.auth import Principal, live_session
from shared.errors import NotFound, Unauthorized
from shared.runtime import Service
from shared.sessions import COOKIE
from shared.web.addresses import FIRST, site_of, sites_of
from shared.web.assets import SWAGGER
from shared.web.install import is_browser
from shared.web.navigation import SITES, home_of, pages_of
from shared.web.render import HERE, render

FAVICON = HERE / "static" / "favicon.svg"


def install_start(app: FastAPI, service: Service) -> None:
    """Add `/` and, at the gateway, `/overview` for browsers, and their icon. Needs the pages installed."""
    install_favicon(app)

    @app.get("/", include_in_schema=False)
    async def start(request: Request) -> Response:
        if not is_browser(request):
            raise NotFound(f"此处没有接口；{service.title}服务的接口说明在 /docs")
        request.state.principal = await _signed_in(request)
        if service.name != FIRST:
            return render(request, "service.html", service=service, about=SITES, docs=_has_docs(service))
        home = _home(request)
        return RedirectResponse(home, 303) if home else _overview(request, service)

    if service.name == FIRST:

        @app.get("/overview", include_in_schema=False)
        async def overview(request: Request) -> Response:
            request.state.principal = await _signed_in(request)
            return _overview(request, service)


def _home(request: Request) -> str:
    """Where the person who signed in begins; "" for the overview."""
    page = home_of(request.state.principal) if request.state.principal else None
    address = site_of(request, page.service) if page else None
    return f"{address}{page.path}" if page and address is not None else ""


def _overview(request: Request, service: Service) -> Response:
    sites = sites_of(request)
    pages = [(page, sites[page.service]) for page in pages_of(request.state.principal) if page.service in sites]
    return render(
        request, "start.html", service=service, sites=sites, pages=pages, about=SITES, docs=_has_docs(service)
    )


def install_favicon(app: FastAPI) -> None:
    """Browsers ask for `/favicon.ico` wherever a page names none: at API answers, at the description of the API."""

    @app.get("/favicon.ico", include_in_schema=False)
    async def favicon() -> FileResponse:
        return FileResponse(FAVICON, media_type="image/svg+xml", headers={"Cache-Control": "max-age=86400"})


async def _signed_in(request: Request) -> Principal | None:
    """The page shows no data, so it opens without a database too, and then for nobody in particular."""
    if not (token := request.cookies.get(COOKIE)):
        return None
    try:
        return (await live_session(request, token)).principal
    except (Unauthorized, OSError, SQLAlchemyError):
        return None


def _has_docs(service: Service) -> bool:
    assets = service.settings.page_assets
    return assets is not None and (assets / SWAGGER).exists()
