"""One customer, two matters from two systems: one call, a result of each, and each goes back to the system it came from.

Gateway, scheduler, visits and analytics are the real services on their own databases, the systems' receivers really listen.
"""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from services.analytics.app import create_app as create_analytics
from services.analytics.settings import AnalyticsSettings
from services.gateway.app import create_app as create_gateway
from services.gateway.settings import GatewaySettings
from services.scheduler.app import create_app as create_scheduler
from services.scheduler.settings import SchedulerSettings
from shared.clock import ManualClock
from shared.testing import Served, serve
from shared.testing.events import NOON, example
from tests.gateway.test_api_writeback import Receiver, new_endpoint, receiver
from tests.scheduler.builders import contents
from tests.scheduler.conftest import apply
from tests.scheduler.test_handlers import rows
from tests.visits.conftest import Desk, open_desk
from tests.visits.test_several_matters import READING, REPAIR

__all__ = ["receiver"]  # a fixture
DAY = {"delay": {"days": 1}, "deadline": {"days": 5}, "window": {"days": "all", "frames": ["00:00-23:59"]}}
POLICIES: tuple[dict[str, Any], ...] = (
    {**DAY, "id": "repairs", "events": ["repair.closed"], "questionnaire": "repair"},
    {**DAY, "id": "cases", "events": ["hotline.case_closed"], "questionnaire": "reading"},
)
CARD = {"id": "C1", "name": "张三", "phone": "13800138000"}


@dataclass
class Services:
    gateway: Served
    scheduler: Served
    desk: Desk
    analytics: Served


@pytest.fixture
async def services(service_dsn: Callable[[str], Awaitable[str]], clock: ManualClock) -> AsyncIterator[Services]:
    clock.move_to(NOON)
    async with AsyncExitStack() as stack:

        async def opened(create: Any, settings: Any, name: str, **given: Any) -> Served:
            running = serve(create, settings, await service_dsn(name), clock=clock, **given)
            return await stack.enter_async_context(running)

        yield Services(
            await opened(create_gateway, GatewaySettings, "gateway", writeback_allow="127.0.0.1"),
            await opened(create_scheduler, SchedulerSettings, "scheduler"),
            await stack.enter_async_context(open_desk(await service_dsn("visits"), clock)),
            await opened(create_analytics, AnalyticsSettings, "analytics"),
        )


async def send(gateway: Served, source: str, name: str, **data: Any) -> None:
    fact = example(name, **data)
    fact["customer"] = {**fact["customer"], **CARD, "phones": []}
    body = {"specversion": "1.0", "id": f"{name}-1", "source": source, "type": name, "data": fact}
    async with gateway.client("integrator") as client:
        answer = await client.post("/api/v1/events", json=body)
    assert answer.json()["items"][0]["status"] == "accepted", answer.text


def answered(card: dict[str, Any]) -> dict[str, Any]:
    """The repair is good, the case was not; whichever of them is asked about first."""
    ids = {question["ask"]: question["id"] for question in card["script"]["questions"]}
    bad = ids["抄表服务打几分？"]
    (good,) = (name for words, name in ids.items() if words.endswith("打几分？") and name != bad)
    (fixed,) = (name for words, name in ids.items() if words.endswith("修好了吗？"))
    return {"who": "yes", fixed: "yes", good: 5, bad: 2, bad.replace("rate", "why"): "答复太晚"}


async def test_a_contact_about_two_matters_is_one_call_with_two_results_that_both_go_back(
    services: Services, clock: ManualClock, receiver: Receiver
) -> None:
    gateway, scheduler, desk, analytics = services.gateway, services.scheduler, services.desk, services.analytics
    await apply(scheduler, contents(*POLICIES))
    async with desk.served.client("policy_owner") as author:
        for definition in (REPAIR, READING):
            await author.post("/api/v1/questionnaires", json=definition)
    await new_endpoint(gateway, receiver.url, name="热线", sources="/12345/*")
    await new_endpoint(gateway, receiver.url.replace("/hook", "/erp"), name="工单系统", sources="/erp/*")
    first, second = ((NOON - timedelta(hours=hours)).isoformat() for hours in (3, 2))
    await send(gateway, "/erp/main", "repair.closed", work_order_no="WX-77", closed_at=first)
    await send(gateway, "/12345/city", "hotline.case_closed", case_no="5101", closed_at=second)
    await scheduler.deliver(*await gateway.published())
    clock.advance(timedelta(days=2))
    await scheduler.run_job("release")
    assert await rows(scheduler, "SELECT count(*) FROM task WHERE state = 'released'") == [(1,)]
    await desk.served.deliver(*await scheduler.published("followup.released"))

    async with desk.agent() as agent:
        [card] = (await agent.post("/api/v1/visits/claim", json={"limit": 5})).json()["items"]
        assert (await agent.post(f"/api/v1/visits/{card['id']}/dial")).status_code == 200
    done = await desk.attempt(card["id"], result="completed", answers=answered(card))
    assert done.status_code == 201, done.text

    said = await desk.served.published()
    assert [one.name for one in said].count("visit.attempted") == 1
    [completed] = [one for one in said if one.name == "visit.completed"]
    assert sorted((one["questionnaire"], one["rating"]) for one in completed.data["results"]) == [
        ("reading", 2),
        ("repair", 5),
    ]
    await gateway.deliver(*said)
    await gateway.run_job("write_back")
    went_back = [json.loads(body) for _, body in receiver.got]
    results = [one["data"] for one in went_back if one["type"] == "visit.completed"]
    assert sorted((one["case_no"], one["source"], one["redo_requested"], one["reasons"]) for one in results) == [
        ("5101", "/12345/city", True, ["答复太晚"]),
        ("WX-77", "/erp/main", False, []),
    ]
    await analytics.deliver(*await gateway.published(), *await scheduler.published(), *said)
    assert await gateway.dead_letters() == await scheduler.dead_letters() == await analytics.dead_letters() == []
