"""Practice goes the way of the real thing and leaves by no door: each is tried with a real customer first, then with practice.

A door that does not ask `shared.practice` any more lets the second of each pair through, and its test fails.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from shared.clock import ManualClock
from shared.messaging import Event
from shared.practice import practice_id
from shared.testing import Served, event, example
from tests.analytics.builders import Followup, day
from tests.gateway.test_api_writeback import Receiver, new_endpoint
from tests.notifications.conftest import World, customer
from tests.scheduler.builders import at, contents
from tests.scheduler.conftest import apply
from tests.scheduler.test_handlers import outcomes, rows, sent
from tests.visits.conftest import Desk, released

REAL, PRACTICE = "C1", practice_id("C1")
TWENTY = {"id": "drawn", "rate": {"exact": 20, "of": "day", "by": ["branch"]}, "delay": {"days": 1}}
LIMITED = {"id": "limited", "events": ["gas.ignited"], "delay": {"days": 1}, "quota": {"limit": 1, "per": "day"}}
CEILING = {"id": "ceiling", "events": ["meter.read"], "delay": {"days": 1}, "ceiling": {"per_day": 1}, "merge": False}
TUESDAYS = {"id": "tuesdays", "trigger": {"every": "week", "on": "tue"}, "merge": False}


async def grows(of: Callable[[], Awaitable[Any]], by: Callable[[], Awaitable[Any]]) -> bool:
    before = await of()
    await by()
    return bool(await of() != before)


async def test_no_result_is_written_back(gateway: Served, receiver: Receiver) -> None:
    await new_endpoint(gateway, receiver.url)

    async def finished(customer_id: str, practice: bool) -> None:
        case = example("hotline.case_closed", case_no="5101", closed_at="2026-03-01T10:00:00+08:00")
        body = {"specversion": "1.0", "id": "case-5101", "source": "/12345/city", "type": "hotline.case_closed"}
        async with gateway.client("integrator") as client:
            told = await client.post("/api/v1/events", json=body | {"data": case, "practice": practice})
        [receipt] = told.json()["items"]
        matter = {"event_id": receipt["event_id"], "event_source": receipt["source"], "event_type": "hotline.case_closed",
                  "at": "2026-03-01T10:00:00+08:00"}  # fmt: skip
        data = example("visit.completed", matters=[matter], customer={"id": customer_id})
        await gateway.deliver(event("visit.completed", data, key=customer_id, lineage=receipt["lineage"]))
        await gateway.run_job("write_back")

    async def got() -> int:
        return len(receiver.got)

    assert await grows(got, lambda: finished(REAL, False))
    # also to an endpoint that asks for the results of the source of practice
    await new_endpoint(gateway, receiver.url, name="试", sources="/practice/*")
    assert not await grows(got, lambda: finished(PRACTICE, True))
    assert await gateway.dead_letters() == []


async def test_no_message_is_sent_to_the_customer_or_to_our_own_people(world: World) -> None:
    await world.load_pack()

    async def told(customer_id: str) -> None:
        block = customer(customer_id)
        order = event("order.completed", example("order.completed", customer=block), key=customer_id)
        case = example("complaint.opened", customer=block, grade="major", case_id=f"case-{customer_id}")
        await world.served.deliver(order, event("complaint.opened", case, key=customer_id))
        await world.send_out()

    async def gone() -> tuple[int, int]:
        return len(world.simulator.messages.latest(99)), len(world.mailbox.names())

    before = await gone()
    await told(REAL)
    sms, mails = await gone()
    assert (sms > before[0], mails > before[1]) == (True, True)
    assert not await grows(gone, lambda: told(PRACTICE))
    mine = await world.sends(customer_id=PRACTICE)
    assert mine
    assert {(one["state"], one["reason"], one["practice"]) for one in mine} == {("suppressed", "practice", True)}


async def test_no_figure_changes(analytics: Served) -> None:
    def whole(customer_id: str) -> list[Event]:
        one = Followup(f"of {customer_id}", customer_id, day(0))
        fact = example(
            "repair.closed", customer={"id": customer_id}, org={"code": "B1", "name": f"分公司 {customer_id}"}
        )
        return [event("repair.closed", fact, key=customer_id), one.planned(), one.task("released"), one.attempted(),
                one.outcome(rating=2), one.outcome("dissatisfied", rating=2)]  # fmt: skip

    async def figures() -> list[Any]:
        tables = ("rollup", "head_count", "agent_day", "followup_fact", "rating_fact", "branch_name")
        return [await rows(analytics, f"SELECT * FROM {table} ORDER BY 1, 2") for table in tables]

    assert await grows(figures, lambda: analytics.deliver(*whole(REAL)))
    assert not await grows(figures, lambda: analytics.deliver(*whole(PRACTICE)))
    assert await analytics.dead_letters() == []


async def test_no_population_quota_ceiling_or_walk_knows_of_it(empty: Served, clock: ManualClock) -> None:
    await apply(empty, contents(TWENTY, LIMITED, CEILING, TUESDAYS))
    await empty.run_job("walk")

    async def happened(customer_id: str) -> None:
        kinds = ("repair.closed", "gas.ignited", "meter.read")
        await empty.deliver(*(sent(kind, customer_id, f"{kind} {customer_id}") for kind in kinds))

    async def shared() -> list[Any]:
        return [
            await rows(empty, "SELECT count(*) FROM population"),
            await rows(empty, "SELECT policy_id, sum(taken), sum(lacking) FROM place_taken GROUP BY 1 ORDER BY 1"),
        ]

    assert not await grows(shared, lambda: happened(PRACTICE))
    assert await grows(shared, lambda: happened(REAL))
    found = await outcomes(empty)
    assert found[f"repair.closed {REAL}"] == "enrolled"
    assert {found[f"{kind} {PRACTICE}"] for kind in ("repair.closed", "gas.ignited", "meter.read")} == {"planned"}
    clock.move_to(at("2026-03-03 09:00"))
    await empty.run_job("walk")
    assert {one.key for one in await empty.published("occasion.arrived")} == {REAL}
    async with empty.client("supervisor") as client:
        tasks = (await client.get("/api/v1/tasks", params={"customer_id": PRACTICE})).json()["items"]
        decisions = (await client.get("/api/v1/decisions", params={"customer_id": PRACTICE})).json()["items"]
    assert {one["practice"] for one in (*tasks, *decisions)} == {True}


async def test_nobody_is_handed_it_and_nobody_is_called(desk: Desk) -> None:
    await desk.served.deliver(released("real", customer=REAL), released("tried", customer=PRACTICE))
    async with desk.agent() as agent:
        claimed = (await agent.post("/api/v1/visits/claim", json={"limit": 20})).json()["items"]
        assert [one["task_id"] for one in claimed] == ["real"]
        [real] = claimed
        assert (await agent.post(f"/api/v1/visits/{real['id']}/dial")).json()["numbers"] != []
        listed = (await agent.get("/api/v1/visits", params={"customer_id": PRACTICE})).json()["items"]
        [tried] = listed
        assert tried["practice"] is True
        assert (await agent.post(f"/api/v1/visits/{tried['id']}/claim", json={})).status_code == 200
        assert (await agent.post(f"/api/v1/visits/{tried['id']}/dial")).json()["numbers"] == []


async def test_a_practice_call_is_told_to_nobody(desk: Desk) -> None:
    async with desk.agent() as agent:
        practice = (await agent.post("/api/v1/practice")).json()
        body = {"result": "completed", "answers": {"fixed": "yes", "satisfaction": "satisfied"}}
        assert (await agent.post(f"/api/v1/visits/{practice['id']}/attempts", json=body)).status_code == 201
    assert await desk.served.published() == []
    await desk.served.deliver(released("real", customer=REAL))
    desk.clock.advance(timedelta(minutes=1))
    async with desk.agent() as agent:
        [real] = (await agent.post("/api/v1/visits/claim", json={"limit": 1})).json()["items"]
        await agent.post(f"/api/v1/visits/{real['id']}/attempts", json={"result": "no_answer"})
    assert [one.name for one in await desk.served.published()] == ["visit.attempted"]
