"""Templates to answers; every page carries the same security headers."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined

from shared.safety import is_local

FIRST = "gateway"  # whose `/` is the start page of the platform
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
    return Environment(
        loader=ChoiceLoader([FileSystemLoader(folder) for folder in folders]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def beside(request: Request, address: str) -> str:
    """The address of another service for this browser, without a slash at its end; "" stays "".

    On one machine the host stays the one that the browser came by: a sign-in at `localhost` is none at `127.0.0.1`.
    """
    host = request.url.hostname or ""
    if address and is_local(address) and is_local(f"//{host}"):
        parts = urlsplit(address)
        address = f"{parts.scheme}://{f'[{host}]' if ':' in host else host}:{parts.port}"
    return address.rstrip("/")


def render(request: Request, template: str, status: int = 200, **context: Any) -> HTMLResponse:
    """The page; templates also see `request` and `principal` (None before login)."""
    templates: Environment = request.app.state.pages
    principal = getattr(request.state, "principal", None)
    start = beside(request, request.app.state.service.settings.sites.get(FIRST, "")) + "/"
    body = templates.get_template(template).render(request=request, principal=principal, start=start, **context)
    return HTMLResponse(body, status, headers=HEADERS)
