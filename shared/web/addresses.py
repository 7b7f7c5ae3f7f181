"""Where things are for the browser that asks: behind the front door below `/<service>`, else on each service's own port."""

from urllib.parse import urlencode, urlsplit

from fastapi import Request

from shared.front_door import is_behind
from shared.safety import is_local
from shared.web.navigation import SITES

FIRST = "gateway"  # whose `/` is the start page of the platform
DOOR = "front"  # the front door's name among the sites


def beside(request: Request, address: str) -> str:
    """The address of another service for this browser, without a slash at its end; "" stays "".

    On one machine the host stays the one that the browser came by: a sign-in at `localhost` is none at `127.0.0.1`.
    """
    host = request.url.hostname or ""
    if address and is_local(address) and is_local(f"//{host}"):
        parts = urlsplit(address)
        address = f"{parts.scheme}://{f'[{host}]' if ':' in host else host}:{parts.port}"
    return address.rstrip("/")


def site_of(request: Request, name: str) -> str | None:
    """Where a service or stand-in begins, without a slash at its end: "" is this very service, None that nobody said."""
    service = request.app.state.service
    if is_behind(request.scope) and SITES[name].is_service:
        return f"/{name}"
    if service.settings.sites.get(name):
        return beside(request, service.settings.sites[name])
    return "" if name == service.name else None


def sites_of(request: Request) -> dict[str, str]:
    """Every service and stand-in that can be reached, with its address."""
    found = {name: site_of(request, name) for name in SITES}
    return {name: address for name, address in found.items() if address is not None}


def panel_of(request: Request, name: str, path: str, **query: object) -> str:
    """The address of another service's fragment; "" for one at another origin, which pages can't ask."""
    site = site_of(request, name)
    asked = f"?{urlencode(query)}" if query else ""
    return "" if site is None or site.startswith("http") else f"{site}{path}{asked}"


def panels_of(request: Request) -> list[tuple[str, str]]:
    """(title, where its fragments are) of the services that a page about all of them shows: the browser's own origin alone."""
    own = request.app.state.service
    if own.name == FIRST:
        found = [(SITES[name].title, address) for name, address in sites_of(request).items() if SITES[name].is_service]
        if panels := [(title, address) for title, address in found if not address.startswith("http")]:
            return panels
    return [(SITES[own.name].title, site_of(request, own.name) or "")] if own.name in SITES else [(own.title, "")]


def start_of(request: Request) -> str:
    """The start page of the platform, as far as this service knows one."""
    if is_behind(request.scope):
        return "/"
    door = beside(request, request.app.state.service.settings.sites.get(DOOR, ""))
    return f"{door or site_of(request, FIRST) or ''}/"
