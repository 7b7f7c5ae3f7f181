"""Two sources may use the same event id: what is planned, drawn and told of the one leaves the other alone."""

from typing import Any

from msgspec.structs import replace

from shared.clock import ManualClock
from shared.messaging import Event
from shared.testing import Served
from tests.scheduler.builders import at, contents
from tests.scheduler.conftest import apply
from tests.scheduler.test_api import get
from tests.scheduler.test_draws import deliver_occasions, draw_all, fail
from tests.scheduler.test_explain import ask
from tests.scheduler.test_handlers import NEXT_DAY, rows, sent


def of(source: str, name: str = "repair.closed", customer: str = "C1", **data: Any) -> Event:
    """An event with the same id as all others."""
    return replace(sent(name, customer, "e1", **data), source=source)


async def test_decisions_on_both_are_found_and_told_apart(empty: Served) -> None:
    await apply(empty, contents({"id": "a", **NEXT_DAY}))
    await empty.deliver(of("/erp"), of("/crm", customer="C2"))
    both = await get(empty, "/api/v1/decisions", event_id="e1")
    assert {(one["source"], one["customer_id"]) for one in both["items"]} == {("/erp", "C1"), ("/crm", "C2")}
    (one,) = (await get(empty, "/api/v1/decisions", event_id="e1", source="/crm"))["items"]
    assert one["customer_id"] == "C2"


async def test_an_explanation_tells_of_the_source_asked_for_alone(empty: Served) -> None:
    await apply(empty, contents({"id": "a", "merge": False, **NEXT_DAY}))
    await empty.deliver(of("/erp"), of("/crm"))
    parts = [part["about"] for part in (await ask(empty, event_id="e1", source="/erp"))["parts"]]
    assert sum("（/erp）" in about for about in parts) == 1
    assert not [about for about in parts if "（/crm）" in about]
    assert sum(about.startswith("任务") for about in parts) == 1
    every = [part["about"] for part in (await ask(empty, event_id="e1"))["parts"]]
    assert sum("（/erp）" in about or "（/crm）" in about for about in every) == 2


async def test_only_the_reserve_of_the_contact_that_failed_is_called(empty: Served, clock: ManualClock) -> None:
    rate = {"exact": 50, "of": "day", "by": ["branch"], "reserve": 1}
    await apply(empty, contents({"id": "a", "rate": rate, "merge": False, **NEXT_DAY}))
    await empty.deliver(
        *(of(source, org={"code": branch, "name": branch}) for source, branch in
          (("/a", "CD"), ("/b", "CD"), ("/c", "MY"), ("/d", "MY")))
    )  # fmt: skip
    assert len(await draw_all(empty, clock)) == 2
    clock.move_to(at("2026-03-03 09:00"))
    await empty.run_job("release")
    (task_id, _), (_, _) = await rows(empty, "SELECT id, state FROM task WHERE state = 'released' ORDER BY id")
    await fail(empty, task_id, "C1", clock.now())
    assert [one.data["reason"] for one in await deliver_occasions(empty)] == ["drawn", "drawn", "reserve"]
    assert await rows(empty, "SELECT state, count(*) FROM pick GROUP BY 1 ORDER BY 1") == [
        ("called", 2),
        ("lost", 1),
        ("waiting", 1),
    ]


async def test_a_contact_about_anothers_fact_does_not_stand_in_for_what_was_drawn(
    empty: Served, clock: ManualClock
) -> None:
    drawn = {"id": "a", "rate": {"exact": 100, "of": "day"}, **NEXT_DAY}
    await apply(empty, contents(drawn, {"id": "b", "events": ["inspection.done"], "delay": {"hours": 1}}))
    await empty.deliver(of("/erp"), of("/crm", "inspection.done"))
    clock.move_to(at("2026-03-02 17:00"))
    await empty.run_job("release")
    assert await rows(empty, "SELECT policy_id FROM task WHERE state = 'released'") == [("b",)]
    await draw_all(empty, clock)
    query = "SELECT source, outcome FROM decision WHERE event_type = 'occasion.arrived'"
    assert await rows(empty, query) == [("/erp", "planned")]
