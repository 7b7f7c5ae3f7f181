"""A fact that is withdrawn: what it planned is called off, whichever of the two is heard first."""

from datetime import timedelta
from typing import Any

from services.scheduler.commands.withdraw import note
from services.scheduler.domain.withdrawal import FACT_WITHDRAWN
from shared.clock import ManualClock
from shared.messaging import Event
from shared.testing import Served, event
from shared.testing.events import NOON
from tests.scheduler.builders import contents
from tests.scheduler.conftest import apply
from tests.scheduler.test_draws import NIGHT, TWENTY, crowd, deliver_occasions, draw_all
from tests.scheduler.test_handlers import outcomes, rows, sent

LATER = {"delay": {"days": 1}, "deadline": {"working_days": 5}}


def taken_back(of: Event, at: timedelta = timedelta(minutes=5), reason: str = "cancelled") -> Event:
    data = {"event_id": of.id, "event_source": of.source, "event_type": of.name, "number": "WX-1", "customer_id": of.key,
            "reason": reason, "withdrawn_at": NOON + at}  # fmt: skip
    return event("fact.withdrawn", data, key=of.key, id=f"{of.id}/withdrawn", source=of.source, time=NOON + at)


async def states(served: Served) -> list[tuple[str, str, int]]:
    query = "SELECT state, reason, jsonb_array_length(body -> 'matters') FROM task ORDER BY planned_at, id"
    return [tuple(row) for row in await rows(served, query)]


async def test_a_planned_task_is_called_off_and_a_record_says_why(empty: Served) -> None:
    await apply(empty, contents({**LATER}))
    one = sent("repair.closed", id="e1")
    await empty.deliver(one)
    await empty.deliver(taken_back(one))
    assert await states(empty) == [("cancelled", FACT_WITHDRAWN, 1)]
    (cancelled,) = await empty.published("followup.cancelled")
    assert (cancelled.data["reason"], cancelled.data["lawful"], cancelled.cause) == (
        FACT_WITHDRAWN,
        True,
        "e1/withdrawn",
    )
    query = "SELECT event_id, event_type, outcome, details FROM decision WHERE event_type = 'fact.withdrawn'"
    ((event_id, _, outcome, details),) = await rows(empty, query)
    assert (event_id, outcome, details[0]["reason"], len(details[0]["cancelled"])) == (
        "e1",
        "withdrawn",
        "cancelled",
        1,
    )
    assert await rows(empty, "SELECT * FROM due") == []
    assert await rows(empty, "SELECT state FROM contact_ledger WHERE state <> 'released'") == []


async def test_heard_in_one_batch_with_its_fact_nothing_is_planned(empty: Served) -> None:
    await apply(empty, contents({**LATER}))
    one = sent("repair.closed", id="e1")
    await empty.deliver(one, taken_back(one))
    assert await states(empty) == []
    assert sorted(await rows(empty, "SELECT event_type, outcome FROM decision")) == [
        ("fact.withdrawn", "withdrawn"), ("repair.closed", "withdrawn"),
    ]  # fmt: skip


async def test_heard_first_it_comes_to_the_same(empty: Served) -> None:
    await apply(empty, contents({**LATER}))
    one = sent("repair.closed", id="e1")
    await empty.deliver(taken_back(one))
    await empty.deliver(one, sent("repair.closed", id="e2", at=timedelta(minutes=1)))
    assert [state for state, _, _ in await states(empty)] == ["planned"]
    assert await rows(empty, "SELECT event_id, outcome FROM decision WHERE event_type <> 'fact.withdrawn' ORDER BY 1") == [
        ("e1", "withdrawn"), ("e2", "planned"),
    ]  # fmt: skip


async def test_the_same_id_of_another_source_stands(empty: Served) -> None:
    await apply(empty, contents({**LATER, "merge": False}))
    one = sent("repair.closed", id="e1")
    other = event("repair.closed", one.data, key="C1", id="e1", source="/elsewhere", time=NOON)
    await empty.deliver(one, other)
    await empty.deliver(taken_back(other))
    found = await rows(empty, "SELECT body ->> 'event_source', state FROM task ORDER BY 1")
    assert dict(found) == {one.source: "planned", "/elsewhere": "cancelled"}


async def test_a_merged_task_keeps_the_other_matter(empty: Served) -> None:
    await apply(empty, contents({**LATER}))
    one, two = sent("repair.closed", id="e1"), sent("repair.closed", id="e2", at=timedelta(minutes=1))
    await empty.deliver(one, two)
    assert await states(empty) == [("planned", "", 2)]
    await empty.deliver(taken_back(one))
    assert await states(empty) == [("planned", "", 1)]
    await empty.deliver(taken_back(two, timedelta(minutes=6)))
    assert await states(empty) == [("cancelled", FACT_WITHDRAWN, 1)]


async def test_a_released_task_is_called_off_too(empty: Served, clock: ManualClock) -> None:
    await apply(empty, contents({**LATER}))
    one = sent("repair.closed", id="e1")
    await empty.deliver(one)
    clock.advance(timedelta(days=2))
    await empty.run_job("release")
    assert [state for state, _, _ in await states(empty)] == ["released"]
    await empty.deliver(taken_back(one, timedelta(days=2)))
    assert await states(empty) == [("cancelled", FACT_WITHDRAWN, 1)]
    assert len(await empty.published("followup.cancelled")) == 1


async def test_a_waiting_run_ends(empty: Served) -> None:
    again = {"field": "result", "op": "eq", "value": "unreachable"}
    steps = [{"id": "first", **LATER}, {"id": "again", "if": again, **LATER}]
    policy: dict[str, Any] = {"id": "p1", "steps": steps}
    result = await apply(empty, contents(policy))
    assert result == {"p1": "created"}
    one = sent("repair.closed", id="e1")
    await empty.deliver(one)
    assert len(await rows(empty, "SELECT 1 FROM waiting_step")) == 1
    await empty.deliver(taken_back(one))
    assert await rows(empty, "SELECT 1 FROM waiting_step") == []
    assert [state for state, _, _ in await states(empty)] == ["cancelled"]


async def test_a_withdrawn_fact_leaves_an_open_population(empty: Served) -> None:
    await apply(empty, contents({**LATER, "rate": {"exact": 50, "of": "day"}}))
    one, two = sent("repair.closed", id="e1"), sent("repair.closed", "C2", id="e2")
    await empty.deliver(one, two)
    assert (await outcomes(empty)) == {"e1": "enrolled", "e2": "enrolled"}
    await empty.deliver(taken_back(one))
    assert await rows(empty, "SELECT customer_id FROM population") == [("C2",)]


async def test_an_explanation_tells_of_it(empty: Served) -> None:
    await apply(empty, contents({**LATER}))
    one = sent("repair.closed", id="e1")
    await empty.deliver(one)
    await empty.deliver(taken_back(one, reason="reopened"))
    async with empty.client("auditor") as client:
        told = await client.get("/api/v1/explain", params={"event_id": "e1"})
    assert told.status_code == 200, told.text
    assert "事实已撤回：单据已重新打开，取消 1 个任务" in told.text


async def test_a_withdrawn_winner_is_replaced_by_the_next_in_reserve(empty: Served, clock: ManualClock) -> None:
    await apply(empty, contents(TWENTY))
    facts = {one.id: one for one in crowd(5)}
    await empty.deliver(*facts.values())
    (drawn,) = await draw_all(empty, clock)
    await empty.deliver(taken_back(facts[drawn.data["fact"]["id"]], timedelta(days=1)))
    called = await deliver_occasions(empty)
    assert [one.data["reason"] for one in called] == ["drawn", "reserve"]
    assert called[0].key != called[1].key
    assert await rows(empty, "SELECT state, reason FROM task ORDER BY planned_at, state") == [
        ("cancelled", FACT_WITHDRAWN),
        ("planned", ""),
    ]


async def test_the_occasion_of_a_withdrawn_fact_plans_nothing_and_calls_the_reserve(
    empty: Served, clock: ManualClock
) -> None:
    await apply(empty, contents(TWENTY))
    facts = {one.id: one for one in crowd(5)}
    await empty.deliver(*facts.values())
    clock.move_to(NIGHT)
    await empty.run_job("draw")
    (drawn,) = await empty.published("occasion.arrived")  # told, and not heard yet
    await empty.deliver(taken_back(facts[drawn.data["fact"]["id"]], timedelta(hours=1)))
    assert [one.data["reason"] for one in await deliver_occasions(empty)] == ["drawn", "reserve"]
    query = "SELECT outcome FROM decision WHERE event_type = 'occasion.arrived' AND customer_id = :id"
    assert await rows(empty, query, id=drawn.key) == [("withdrawn",)]
    assert await rows(empty, "SELECT count(*) FROM task WHERE customer_id = :id", id=drawn.key) == [(0,)]


async def test_a_due_task_of_a_withdrawn_fact_is_called_off_at_release(empty: Served, clock: ManualClock) -> None:
    """The withdrawal is on record, but its tasks have not been reached yet."""
    await apply(empty, contents({**LATER}))
    one = sent("repair.closed", id="e1")
    await empty.deliver(one)
    async with empty.runtime.db.work() as work:
        await note(work, [taken_back(one)])
    clock.advance(timedelta(days=2))
    await empty.run_job("release")
    assert [(state, reason) for state, reason, _ in await states(empty)] == [("cancelled", FACT_WITHDRAWN)]
