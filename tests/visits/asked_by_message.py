"""Customers who are asked by a message: their visits, their codes, and how they fill in the page."""

import re
from typing import Any
from uuid import UUID

import httpx

from shared.contracts.visits import VisitInvited
from shared.privacy import Sealer
from shared.privacy.codes import show_codes
from shared.testing.served import DATA_KEY
from tests.visits.conftest import HAPPY, Desk, released

SEALER = Sealer.from_text(DATA_KEY)


async def invited(desk: Desk, task_id: str = "T1", **changes: Any) -> tuple[UUID, str]:
    """A visit by message, and the code that was told for it."""
    await desk.served.deliver(released(task_id, channel="sms", **changes))
    await desk.served.run_job("invite")
    told = [sent.read(VisitInvited) for sent in await desk.served.published("visit.invited")]
    found = next(one for one in reversed(told) if one.task_id == task_id)
    return UUID(found.visit_id), show_codes(SEALER, found.code)


def form(code: str, answers: dict[str, Any] = HAPPY, shown: list[str] | None = None) -> dict[str, Any]:
    """What the page sends: the answers, and which questions it showed."""
    fields = {f"q.{name}": value for name, value in answers.items()}
    return {"code": code, "shown": shown if shown is not None else ALL, **fields}


ALL = ["conduct", "attitude", "guidance", "convenience", "hazard", "satisfaction", "suggestion"]


async def post(desk: Desk, data: dict[str, Any], address: str = "203.0.113.7", **headers: str) -> httpx.Response:
    """As a customer's browser sends it from that address."""
    transport = httpx.ASGITransport(app=desk.served.app, raise_app_exceptions=False, client=(address, 40_000))
    async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers) as client:
        return await client.post("/q", data=data)


def fields_of(page: str) -> list[str]:
    """The questions that the page shows, in order."""
    return re.findall(r'name="shown" value="([^"]+)"', page)
