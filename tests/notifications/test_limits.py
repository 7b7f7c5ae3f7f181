"""From a policy that has reached its limit to the mailbox of those who answer for it."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from services.scheduler.app import create_app
from services.scheduler.settings import SchedulerSettings
from shared.testing import Served, event, example, serve
from tests.notifications.conftest import NewWorld, World

PACK = Path(__file__).parents[2] / "deploy" / "packs" / "r12-agents"
PER_DAY = 50


async def load(world: World) -> None:
    async with world.served.client("policy_owner") as client:
        answer = await client.post("/api/v1/templates", content=(PACK / "templates/limit_reached.yaml").read_bytes())
    assert answer.status_code == 200, answer.text


async def order(scheduler: Served, first: int, last: int) -> None:
    """Completed orders of that many customers, of one day."""
    await scheduler.deliver(
        *(
            event(
                "order.completed",
                example("order.completed", order_no=f"SO{n}", customer={"id": f"C{n}"}),
                key=f"C{n}",
                id=f"o{n}",
                time=scheduler.runtime.clock.now(),
            )
            for n in range(first, last)
        )
    )


async def test_the_first_order_that_finds_no_room_is_told_by_one_email(
    new_world: NewWorld, service_dsn: Callable[[str], Awaitable[str]]
) -> None:
    world = await new_world()
    await load(world)
    dsn = await service_dsn("scheduler")
    async with serve(create_app, SchedulerSettings, dsn, clock=world.clock) as scheduler:
        files = {path.relative_to(PACK).as_posix(): path.read_text() for path in PACK.rglob("*.yaml")}
        async with scheduler.client("policy_owner") as client:
            answer = await client.post("/api/v1/packs", json={"name": "r12-agents", "files": files})
        assert answer.status_code == 200, answer.text
        await order(scheduler, 0, PER_DAY)
        assert await scheduler.published("policy.limit_reached") == []
        await order(scheduler, PER_DAY, PER_DAY + 3)
        await order(scheduler, PER_DAY + 3, PER_DAY + 5)
        told = await scheduler.published("policy.limit_reached")
    await world.served.deliver(*told)
    await world.send_out()
    (name,) = world.mailbox.names()
    received = world.mailbox.shown(name)
    assert received["to"] == "duty@example.com, head@example.com"
    assert received["subject"] == "【每日上限已满】订单回访，每日不超过一名回访员的工作量"
    assert f"上限：{PER_DAY}" in received["text"]


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"manager_emails": "head@example.com"}, "head@example.com"),
        ({"manager_emails": ""}, "cd@example.com, both@example.com"),
    ],
)
async def test_the_managers_else_all_supervisors_are_told_that_a_policy_has_reached_its_limit(
    new_world: NewWorld, settings: dict[str, str], told: str
) -> None:
    supervisors = {"CD": "cd@example.com, both@example.com", "CX": "both@example.com"}
    world = await new_world(supervisor_emails=supervisors, **settings)
    await load(world)
    await world.served.deliver(event("policy.limit_reached", key="orders-daily"))
    await world.send_out()
    (name,) = world.mailbox.names()
    received = world.mailbox.shown(name)
    assert received["to"] == told
    assert ("每日上限已满" in received["subject"], "已计划：50" in received["text"]) == (True, True)
    (send,) = await world.sends()
    assert (send["state"], send["purpose"], send["customer_id"]) == ("accepted", "limit_reached", "")
