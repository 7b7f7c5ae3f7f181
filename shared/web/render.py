"""Templates to answers; every page carries the same security headers."""

from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined

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


def render(request: Request, template: str, status: int = 200, **context: Any) -> HTMLResponse:
    """The page; templates also see `request` and `principal` (None before login)."""
    templates: Environment = request.app.state.pages
    principal = getattr(request.state, "principal", None)
    body = templates.get_template(template).render(request=request, principal=principal, **context)
    return HTMLResponse(body, status, headers=HEADERS)
