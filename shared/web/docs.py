"""The description of a service's API, for programs and, as a page, for people."""

import asyncio
import json

from fastapi import FastAPI, Request
from fastapi.responses import Response

from shared.auth import caller_of
from shared.front_door import own_address
from shared.runtime import Service
from shared.web.assets import SWAGGER
from shared.web.render import render


def install_docs(app: FastAPI, service: Service) -> None:
    """Add `/openapi.json`, and `/docs` where the page assets are installed."""
    assets = service.settings.page_assets

    @app.get("/openapi.json", include_in_schema=False)
    async def openapi(request: Request) -> Response:
        await _known_caller(request)
        prefix = own_address(request, "")
        described = await asyncio.to_thread(app.openapi)  # the first time it takes a quarter of a second
        described = described | ({"servers": [{"url": prefix}]} if prefix else {})
        return Response(json.dumps(described, ensure_ascii=False), media_type="application/json")

    if assets is None or not (assets / SWAGGER).exists():
        return

    @app.get("/docs", include_in_schema=False)
    async def docs(request: Request) -> Response:
        await _known_caller(request)
        return render(request, "docs.html", title=app.title)


async def _known_caller(request: Request) -> None:
    """The API description is for callers with a key, and for who signed in."""
    header = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
    await caller_of(request, header or request.headers.get("x-api-key"))
