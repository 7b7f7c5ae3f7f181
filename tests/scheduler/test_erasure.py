"""After an erasure nothing is planned for the customer or left out there, and what the scheduler keeps says codes alone."""

from datetime import timedelta
from typing import Any

from shared.clock import ManualClock
from shared.erasure.job import erase_due
from shared.testing import Served, event
from shared.testing.events import example
from tests.architecture.test_personal_data import everything_in
from tests.scheduler.builders import contents
from tests.scheduler.conftest import apply
from tests.scheduler.test_corrected import STEPS, completed, corrected
from tests.scheduler.test_handlers import rows
from tests.scheduler.test_recall import NEXT_DAY, STATE, later, released

NEEDLES = ("周子衿", "zhou@example.com", "锦园路6号", "漏水的那根管子")
CARD = {"name": "周子衿", "email": "zhou@example.com", "birthday": "1980-05-05"}


async def erase(served: Served, customer: str = "C1") -> None:
    asked = {"customer_id": customer, "asked_at": served.runtime.clock.now().isoformat(), "asked_by": "zhao.min"}
    await served.deliver(event("customer.erased", asked, key=customer))
    assert await erase_due(served.runtime) == 1


async def found(served: Served) -> list[tuple[str, str]]:
    tables = await everything_in(served)
    return [
        (table, needle)
        for table, content in sorted(tables.items())
        for needle in NEEDLES
        if needle in content or needle.encode().hex() in content
    ]


def named(event_id: str = "e1", **changes: Any) -> Any:
    customer = example("repair.closed")["customer"] | CARD | {"id": "C1"}
    told = {"customer": customer, "measures": NEEDLES[3], "service_address": NEEDLES[2]}
    return event("repair.closed", example("repair.closed", **(told | changes)), key="C1", id=event_id)


async def test_what_is_out_is_taken_back_and_nobody_hears_whose_it_was(empty: Served, clock: ManualClock) -> None:
    await released(empty, clock)
    await empty.deliver(later("customer.updated", clock, card=CARD), named("e2"))
    assert {"customer", "task", "outbox"} <= {table for table, _ in await found(empty)}
    await erase(empty)
    assert await found(empty) == []
    assert set(await rows(empty, STATE)) == {("cancelled", "do_not_contact"), ("planned", "")}
    (told,) = await empty.published("followup.cancelled")
    assert (told.data["reason"], told.data["customer"]["id"], told.data["customer"]["name"]) == (
        "do_not_contact",
        "C1",
        "",
    )
    query = "SELECT event_type, details -> 0 ->> 'reason' FROM decision WHERE outcome = 'taken_back'"
    assert await rows(empty, query) == [("customer.erased", "do_not_contact")]


async def test_what_is_planned_is_not_released_and_what_is_told_later_plans_nothing(
    empty: Served, clock: ManualClock
) -> None:
    await apply(empty, contents(NEXT_DAY))
    await empty.deliver(named())
    await erase(empty)
    clock.advance(timedelta(days=1))
    await empty.run_job("release")
    assert await empty.published("followup.released") == []
    clock.advance(timedelta(days=40))
    back = later("customer.updated", clock, card={"do_not_contact": False})
    await empty.deliver(back, named("e9"))
    clock.advance(timedelta(days=2))
    await empty.run_job("release")
    assert await empty.published("followup.released") == []


async def test_who_was_not_known_is_refused_as_well(empty: Served, clock: ManualClock) -> None:
    await apply(empty, contents(NEXT_DAY))
    await erase(empty)
    await empty.deliver(named())
    clock.advance(timedelta(days=1))
    await empty.run_job("release")
    assert await empty.published("followup.released") == []
    assert await erase_due(empty.runtime) == 1, "what came late is gone over again"
    assert await found(empty) == []


async def test_others_are_left_alone_and_a_second_pass_changes_nothing_more(empty: Served, clock: ManualClock) -> None:
    await released(empty, clock)
    await empty.deliver(named("e2"))
    await erase(empty, "C9")
    assert await found(empty) != []
    await erase(empty)
    first = await everything_in(empty)
    clock.advance(timedelta(minutes=2))
    assert await erase_due(empty.runtime) >= 1
    second = await everything_in(empty)
    own = ("customer", "task", "decision", "heard_fact", "population", "waiting_step", "outbox", "contact_ledger")
    assert {table: second[table] for table in own} == {table: first[table] for table in own}


async def test_a_result_that_led_a_run_on_may_still_be_corrected_and_says_codes_alone(
    empty: Served, clock: ManualClock
) -> None:
    all_day = {"days": "all", "frames": ["00:00-23:59"]}
    await apply(empty, contents({"window": all_day, "steps": list(STEPS)}))
    await empty.deliver(named())
    await empty.run_job("release")
    clock.advance(timedelta(hours=1))
    ((task_id,),) = await rows(empty, "SELECT id::text FROM task WHERE state = 'released'")
    await empty.deliver(completed(clock, task_id, rating=1))
    assert "led_step" in {table for table, _ in await found(empty)}
    await erase(empty)
    assert await found(empty) == []
    await empty.deliver(corrected(clock, task_id, rating=5))
    assert await empty.dead_letters() == []
    assert await found(empty) == []
