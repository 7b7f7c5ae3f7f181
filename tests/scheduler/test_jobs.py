import asyncio
from datetime import timedelta
from typing import Any

from services.scheduler.app import create_app
from services.scheduler.settings import SchedulerSettings
from services.scheduler.store import customers
from shared.clock import ManualClock
from shared.contracts.tasks import FollowupExpired, FollowupReleased
from shared.testing import Served, event, serve
from shared.testing.events import NOON, example
from shared.testing.figures import figure
from tests.scheduler.builders import at, contents
from tests.scheduler.conftest import apply
from tests.scheduler.test_handlers import rows, sent


async def test_nothing_is_released_before_its_time(served: Served, clock: ManualClock) -> None:
    await served.deliver(sent("repair.closed"))
    assert await served.run_job("release") == 0
    clock.move_to(NOON.replace(day=3, hour=9) - timedelta(seconds=1))
    assert await served.run_job("release") == 0
    clock.advance(timedelta(seconds=1))
    assert await served.run_job("release") == 1
    assert await served.run_job("release") == 0


async def test_a_released_task_carries_all_its_matters_and_a_masked_phone(served: Served, clock: ManualClock) -> None:
    phone = served.runtime.sealer.seal_phone("13800138000")
    first = sent("repair.closed", id="e1")
    first.data["customer"]["phone"] = phone
    await served.deliver(first, sent("repair.closed", id="e2"))
    clock.advance(timedelta(days=1))
    await served.run_job("release")
    (released,) = await served.published("followup.released")
    task = released.read(FollowupReleased)
    assert [matter.event_id for matter in task.matters] == ["e1", "e2"]
    assert (task.customer.phone, task.customer.phone_masked) == (phone, "138****8000")
    assert task.released_at == clock.now()
    assert (released.key, released.lineage) == ("C1", "e1")


async def test_nobody_is_given_a_number_that_was_learned_to_be_wrong(served: Served, clock: ManualClock) -> None:
    wrong, right = (served.runtime.sealer.seal_phone(number) for number in ("13800138000", "13700137021"))
    first, later = sent("repair.closed", id="e1"), sent("repair.closed", id="e2")
    first.data["customer"]["phone"] = wrong
    await served.deliver(first)
    told = example("customer.number_corrected", wrong=wrong, phone=right)
    told["customer"]["id"] = "C1"
    await served.deliver(event("customer.number_corrected", told, key="C1"))
    later.data["customer"]["phone"] = wrong  # the source does not know yet
    await served.deliver(later)
    clock.advance(timedelta(days=1))
    await served.run_job("release")
    cards = [one.read(FollowupReleased).customer for one in await served.published("followup.released")]
    assert cards
    assert {(card.phone, card.phone_masked) for card in cards} == {(right, "137****7021")}


async def test_a_number_sealed_elsewhere_does_not_hold_up_the_release(served: Served, clock: ManualClock) -> None:
    first = sent("repair.closed")
    first.data["customer"]["phone"] = "sealed:v1:AAAA"
    await served.deliver(first)
    clock.advance(timedelta(days=1))
    assert await served.run_job("release") == 1


async def test_what_missed_its_deadline_expires(served: Served, clock: ManualClock) -> None:
    await served.deliver(sent("repair.closed"))
    clock.advance(timedelta(days=10))
    await served.run_job("release")
    (expired,) = await served.published("followup.expired")
    assert expired.read(FollowupExpired).expired_at == clock.now()
    assert await rows(served, "SELECT state, reason FROM task") == [("expired", "deadline_passed")]
    assert await rows(served, "SELECT state FROM contact_ledger") == [("released",)]


async def test_a_fact_heard_late_is_released_when_its_window_opens_again(served: Served, clock: ManualClock) -> None:
    clock.move_to(at("2026-03-03 19:30"))
    await served.deliver(sent("repair.closed"))  # of the day before, so that its contact was due at nine
    due = at("2026-03-03 09:00")
    held = figure("huifang_scheduler_held_total")
    assert [await served.run_job("release"), await served.run_job("release")] == [1, 0]
    assert await rows(served, "SELECT state, reason, due_at FROM task") == [("planned", "", due)]
    assert await rows(served, "SELECT due_at FROM due") == [(at("2026-03-04 09:00"),)]
    assert figure("huifang_scheduler_held_total") == held + 1
    async with served.client("auditor") as client:
        told = (await client.get("/api/v1/explain", params={"event_id": "e1"})).json()
    assert "2026-03-03 19:30 (周二) 不在联系时段内，2026-03-04 09:00 (周三) 再看能否下达。" in str(told)
    clock.move_to(at("2026-03-04 09:00"))
    assert await served.run_job("release") == 1
    assert await rows(served, "SELECT state, due_at FROM task") == [("released", due)]
    assert await rows(served, "SELECT count(*) FROM due") == [(0,)]


async def test_what_is_held_beyond_its_deadline_expires(served: Served, clock: ManualClock) -> None:
    await served.deliver(sent("repair.closed"))  # due on Tuesday, until Thursday evening
    clock.move_to(at("2026-03-05 18:00") - timedelta(seconds=1))
    await served.deliver(sent("repair.closed", "C2", id="e2"))
    clock.move_to(at("2026-03-05 18:00"))
    assert await served.run_job("release") == 2
    assert await rows(served, "SELECT DISTINCT state, reason FROM task") == [("expired", "deadline_passed")]


async def test_who_refused_since_the_plan_is_not_contacted(served: Served, clock: ManualClock) -> None:
    await served.deliver(sent("repair.closed"))
    refused = example("visit.failed", reason="refused", customer={"id": "C1"})
    await served.deliver(event("visit.failed", refused, key="C1", time=NOON + timedelta(hours=1)))
    clock.advance(timedelta(days=1))
    await served.run_job("release")
    (cancelled,) = await served.published("followup.cancelled")
    assert (cancelled.data["reason"], cancelled.data["lawful"]) == ("customer_refused", True)


async def test_a_task_held_back_waits_and_goes_out_when_it_may(empty: Served, clock: ManualClock) -> None:
    await apply(empty, contents({"delay": {"days": 1}, "deadline": {"days": 9}, "guards": [{"case_open": "defer"}]}))
    await empty.deliver(sent("repair.closed"), sent("complaint.opened", id="o1"))
    clock.advance(timedelta(days=1))
    before = figure("huifang_scheduler_deferrals_total", reason="case_open")
    assert await empty.run_job("release") == 1
    assert figure("huifang_scheduler_deferrals_total", reason="case_open") == before + 1
    state = "SELECT state, reason, due_at, body->'deferred' FROM task"
    tomorrow = (NOON + timedelta(days=2)).replace(hour=9)
    assert await rows(empty, state) == [("planned", "case_open", tomorrow, 1)]
    assert await rows(empty, "SELECT state, day FROM contact_ledger") == [("reserved", tomorrow.date())]
    assert await empty.run_job("release") == 0
    await empty.deliver(sent("complaint.closed", id="o2", at=timedelta(days=1)))
    clock.move_to(tomorrow)
    assert await empty.run_job("release") == 1
    assert await rows(empty, state) == [("released", "", tomorrow, 1)]
    assert [e.name for e in await empty.published()] == ["followup.planned", "followup.released"]


async def test_of_two_contacts_that_are_one_too_many_the_later_is_held_back(empty: Served, clock: ManualClock) -> None:
    """Whatever the replicas: only one of them looks at a customer's ledger at a time."""
    policy = {"merge": False, "delay": {"days": 1}, "guards": ["cap_reached"]}
    other = {"id": "p2", "events": ["meter.read"]}
    urgent = {"id": "p3", "events": ["inspection.done"], "cap": "unblocked", "guards": ["case_open"]}
    await apply(empty, contents(policy, policy | other, policy | urgent, caps=[{"limit": 2, "per": "quarter"}]))
    names = ("repair.closed", "meter.read", "inspection.done")
    everybody = [f"C{number}" for number in range(12)]
    await empty.deliver(*(sent(name, one, id=f"{name}-{one}") for one in everybody for name in names))
    clock.advance(timedelta(days=1))
    async with serve(create_app, SchedulerSettings, empty.runtime.db.dsn, clock=clock, release_batch=5) as replica:
        while await rows(empty, "SELECT task_id FROM due"):
            await asyncio.gather(_release(empty), _release(replica))
    ended = (
        "SELECT customer_id, count(*) FILTER (WHERE state = 'released'), count(*) FILTER (WHERE reason = 'cap_reached')"
    )
    assert {tuple(row[1:]) for row in await rows(empty, f"{ended} FROM task GROUP BY 1")} == {(2, 1)}


async def test_whoever_is_being_decided_about_is_left_for_the_next_time(empty: Served, clock: ManualClock) -> None:
    await apply(empty, contents({"delay": {"days": 1}, "guards": ["cap_reached"]}, caps=[{"limit": 1, "per": "week"}]))
    await empty.deliver(sent("repair.closed"))
    clock.advance(timedelta(days=1))
    async with empty.runtime.db.work() as deciding:
        await customers.lock_customers(deciding.session, ["C1"])
        assert await empty.run_job("release") == 0
    assert await empty.run_job("release") == 1


async def test_greetings_and_other_channels_go_out_the_same_way(empty: Served, clock: ManualClock) -> None:
    await apply(empty, contents({"channel": "sms", "purpose": "greeting", "window": {"days": "all"}}))
    await empty.deliver(sent("repair.closed"))
    await empty.run_job("release")
    (released,) = await empty.published("followup.released")
    assert (released.data["channel"], released.data["purpose"]) == ("sms", "greeting")


async def test_two_replicas_release_every_task_once(empty: Served, clock: ManualClock) -> None:
    await apply(empty, contents({"merge": False}))
    await empty.deliver(*(sent("repair.closed", f"C{number % 7}", id=f"e{number}") for number in range(60)))
    async with serve(create_app, SchedulerSettings, empty.runtime.db.dsn, clock=clock, release_batch=7) as replica:
        counts = await asyncio.gather(*(_release(one) for one in (empty, replica, empty, replica)))
    assert sum(counts) == 60
    released = [e.data["task_id"] for e in await empty.published("followup.released")]
    assert len(released) == len(set(released)) == 60


async def test_a_matter_added_while_tasks_are_released_is_never_lost(empty: Served, clock: ManualClock) -> None:
    policy = {"events": ["repair.closed", "inspection.done"], "delay": {"days": 1}}
    await apply(empty, contents(policy))
    await empty.deliver(*(sent("repair.closed", f"C{n}", id=f"a{n}") for n in range(30)))
    clock.advance(timedelta(days=1))
    more = [sent("inspection.done", f"C{n}", id=f"b{n}", at=timedelta(hours=1)) for n in range(30)]
    await asyncio.gather(empty.deliver(*more), _release(empty))
    clock.advance(timedelta(days=7))
    await empty.run_job("release")
    told = [m["event_id"] for e in await empty.published("followup.released") for m in e.data["matters"]]
    assert sorted(told) == sorted([f"a{n}" for n in range(30)] + [f"b{n}" for n in range(30)])


async def test_old_decisions_are_forgotten_a_day_at_a_time(served: Served, clock: ManualClock) -> None:
    await served.deliver(sent("repair.closed", id="old"), sent("repair.closed", id="new", at=timedelta(days=300)))
    clock.advance(timedelta(days=450))
    assert await served.run_job("forget_decisions") == 0
    assert await rows(served, "SELECT event_id FROM decision") == [("new",)]


async def _release(served: Served) -> int:
    done: Any = await served.run_job("release")
    return int(done)
