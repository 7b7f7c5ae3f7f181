"""Templates to answers; every page has the same frame and the same security headers."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined

from shared.front_door import own_address, own_path
from shared.practice import is_practice
from shared.principal import ROLE_NAMES
from shared.web.addresses import site_of, sites_of, start_of
from shared.web.navigation import SITES, pages_of
from shared.zone import ORG_ZONE

HERE = Path(__file__).parent
# style-src-attr: ECharts places its tooltips with style attributes
POLICY = "; ".join((
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "style-src-attr 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
))  # fmt: skip
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def environment(own: Path | None) -> Environment:
    """Jinja with escaping on; a service's templates go before the shared ones."""
    folders = [HERE / "templates"] if own is None else [own / "templates", HERE / "templates"]
    made = Environment(
        loader=ChoiceLoader([FileSystemLoader(folder) for folder in folders]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.tests["practice"] = is_practice
    return made


def render(request: Request, template: str, status: int = 200, **context: Any) -> HTMLResponse:
    """The page. Besides `context`, every template sees what `_frame` gives."""
    templates: Environment = request.app.state.pages
    body = templates.get_template(template).render(_frame(request) | context)
    return HTMLResponse(body, status, headers=HEADERS)


def _frame(request: Request) -> dict[str, Any]:
    """What the header is made of, and how templates find addresses.

    `base` is put before the service's own paths (`{{ base }}/kpi`), `asset("own/kpi.css")` finds what a page loads,
    `site("visits")` another service (None where nobody said); `principal` is None before sign-in.
    """
    principal = getattr(request.state, "principal", None)
    return {
        "request": request,
        "principal": principal,
        "roles": "、".join(ROLE_NAMES[role] for role in principal.roles) if principal else "",
        "start": start_of(request),
        "base": own_address(request, ""),
        "asset": lambda name: request.app.state.assets.address(request, name),
        "site": lambda name: site_of(request, name),
        "navigation": _navigation(request),
        "watched": _watched(request) if principal else {},
        "clock": _clock(request),
    }


def _navigation(request: Request) -> list[tuple[str, str, bool]]:
    """(title, address, whether it is this page) of the pages that the caller's roles open and that can be reached."""
    service, path = request.app.state.service.name, own_path(request.scope)
    found = [(page, site_of(request, page.service)) for page in pages_of(getattr(request.state, "principal", None))]
    return [
        (page.title, address + page.path, (page.service, page.path) == (service, path))
        for page, address in found
        if address is not None
    ]


def _watched(request: Request) -> dict[str, str]:
    """Addresses by title that the status mark asks: those of the browser's own origin, as the page's policy allows."""
    return {
        SITES[name].title: f"{address}/readyz"
        for name, address in sites_of(request).items()
        if SITES[name].is_service and not address.startswith("http")
    }


def _clock(request: Request) -> dict[str, Any]:
    """Business time now, and how many of its seconds pass in one, so that the page's clock goes on by itself."""
    clock = request.app.state.runtime.clock
    machine = clock.machine()
    now, later = clock.business(machine), clock.business(machine + timedelta(seconds=1))
    return {"now": now.astimezone(ORG_ZONE), "rate": (later - now).total_seconds()}
