"""Tasks become visits, once; cancelled tasks take them away."""

from sqlalchemy import text

from tests.visits.conftest import HAPPY, Desk, cancelled, released


async def count(desk: Desk, where: str = "true") -> int:
    async with desk.served.runtime.db.read() as session:
        return int((await session.execute(text(f"SELECT count(*) FROM visit WHERE {where}"))).scalar_one())


async def test_a_released_task_becomes_a_visit_with_its_lineage(desk: Desk) -> None:
    await desk.served.deliver(released("T1"))
    assert await count(desk, "state = 'open' AND lineage = 'lineage-T1' AND customer_id = 'C1' AND priority = 5") == 1


async def test_a_task_released_twice_has_one_visit(desk: Desk) -> None:
    once = released("T1")
    await desk.served.deliver(once, released("T1"))
    await desk.served.deliver(once)
    await desk.served.deliver(released("T1"), released("T1", due_at="2026-03-02T11:00:00+08:00"))
    assert await count(desk) == 1


async def test_a_task_released_again_leaves_the_work_done_alone(desk: Desk) -> None:
    visit_id = await desk.claimed("T1")
    await desk.served.deliver(released("T1"))
    assert (await desk.visit(visit_id))["state"] == "claimed"


async def test_greetings_and_messages_that_ask_nothing_are_not_agents_work(desk: Desk) -> None:
    await desk.served.deliver(
        released("T1", purpose="greeting", channel="sms"), released("T2", channel="email", questionnaire="")
    )
    assert await count(desk) == 0
    assert await desk.served.dead_letters() == []


async def test_a_cancelled_task_takes_its_visit_away(desk: Desk) -> None:
    await desk.served.deliver(released("T1"), cancelled("T1"), released("T2"))
    assert await count(desk, "state = 'cancelled' AND ended = 'customer_refused' AND task_id = 'T1'") == 1
    assert await count(desk, "state = 'open'") == 1
    assert await desk.served.published() == []


async def test_a_claimed_visit_of_a_cancelled_task_ends_when_it_is_given_back(desk: Desk) -> None:
    visit_id = await desk.claimed("T1")
    await desk.served.deliver(cancelled("T1"))
    assert (await desk.visit(visit_id))["state"] == "claimed"
    async with desk.agent() as agent:
        assert (await agent.post(f"/api/v1/visits/{visit_id}/release")).json()["state"] == "cancelled"


async def test_a_finished_visit_is_not_cancelled(desk: Desk) -> None:
    visit_id = await desk.claimed("T1")
    await desk.attempt(visit_id, result="completed", answers=HAPPY)
    await desk.served.deliver(cancelled("T1"), cancelled("unknown"))
    assert (await desk.visit(visit_id))["state"] == "completed"


async def test_a_malformed_task_is_a_dead_letter_and_its_neighbours_go_on(desk: Desk) -> None:
    await desk.served.deliver(released("T1"), released("T2", priority="urgent"), released("T3"))
    assert await count(desk) == 2
    assert len(await desk.served.dead_letters()) == 1


async def test_an_on_site_visit_tells_who_may_not_make_it_alone(desk: Desk) -> None:
    await desk.served.deliver(released("T1", channel="on_site", never_alone=["sales"]), released("T2"))
    async with desk.agent() as agent:
        body = {"team": "hotline", "limit": 2, "companion": "1002"}
        held = (await agent.post("/api/v1/visits/claim", json=body)).json()["items"]
    assert {visit["task_id"]: visit["never_alone"] for visit in held} == {"T1": ["sales"], "T2": []}


async def test_a_task_released_again_with_fewer_matters_is_about_those(desk: Desk) -> None:
    facts = [{"event_id": name, "event_source": "/erp", "event_type": "repair.closed", "at": "2026-03-02T08:00:00+08:00"}
             for name in ("e1", "e2")]  # fmt: skip
    await desk.served.deliver(released("T1", matters=facts))
    await desk.served.deliver(released("T1", matters=facts[1:]))
    assert (
        await count(desk, "jsonb_array_length(matters) = 1 AND matters -> 0 ->> 'event_id' = 'e2' AND version = 2") == 1
    )
    await desk.served.deliver(released("T1", matters=facts[:1]))
    assert await count(desk, "matters -> 0 ->> 'event_id' = 'e2'") == 1


async def test_of_a_task_released_twice_in_one_batch_what_was_told_last_holds(desk: Desk) -> None:
    facts = [{"event_id": name, "event_source": "/erp", "event_type": "repair.closed", "at": "2026-03-02T08:00:00+08:00"}
             for name in ("e1", "e2", "e3")]  # fmt: skip
    await desk.served.deliver(released("T1", matters=facts), released("T1", matters=facts[1:]))
    assert await count(desk, "jsonb_array_length(matters) = 2") == 1
    await desk.served.deliver(released("T1", matters=facts[1:]), released("T1", matters=facts[2:]))
    assert await count(desk, "jsonb_array_length(matters) = 1 AND matters -> 0 ->> 'event_id' = 'e3'") == 1
