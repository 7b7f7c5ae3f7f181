import asyncio
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from services.scheduler.app import create_app
from services.scheduler.domain.customer import Customer
from services.scheduler.settings import SchedulerSettings
from services.scheduler.store import customers
from shared.clock import ManualClock
from shared.contracts.tasks import FollowupPlanned
from shared.messaging import Event
from shared.testing import Served, event, serve
from shared.testing.events import NOON, example
from tests.scheduler.builders import contents
from tests.scheduler.conftest import apply, pack_files

NEXT_DAY = {"delay": {"days": 1}, "deadline": {"working_days": 3}}
HOTLINE = {"is_confidential": False, "is_anonymous": False}


def sent(name: str, customer: str = "C1", id: str = "e1", at: timedelta = timedelta(), **data: Any) -> Event:  # noqa: A002
    """A golden example about `customer`."""
    full = example(name, customer={**example(name).get("customer", {}), "id": customer}, **data)
    return event(name, full, key=customer, id=id, time=NOON + at)


async def rows(served: Served, query: str, **values: Any) -> list[Any]:
    async with served.runtime.db.read() as session:
        return [tuple(row) for row in await session.execute(text(query), values)]


async def outcomes(served: Served) -> dict[str, str]:
    return dict(await rows(served, "SELECT event_id, outcome FROM decision"))


async def test_every_fact_gets_one_decision_and_every_hit_one_task(served: Served) -> None:
    await served.deliver(
        sent("repair.closed", id="e1"),
        sent("hotline.case_closed", "C2", id="e2"),
        event("cn.acme.unknown", {"a": 1}, key="C3", id="e3"),
        event("weather.rained", key="510108", id="e4"),
    )
    assert await outcomes(served) == {
        "e1": "planned",
        "e2": "planned",
        "e3": "no_policy_matches",
        "e4": "no_policy_matches",
    }
    planned = await served.published("followup.planned")
    assert {e.key for e in planned} == {"C1", "C2"}
    followup = planned[0].read(FollowupPlanned)
    assert followup.questionnaire == "gas-repair"
    assert (followup.policy_id, followup.policy_version) == ("r01.2-repair", 1)
    assert planned[0].lineage == "e1"
    assert planned[0].cause == "e1"


async def test_the_same_event_is_never_decided_twice(served: Served) -> None:
    again = sent("repair.closed", id="e1")
    await served.deliver(again, again)
    await served.deliver(again)
    assert await outcomes(served) == {"e1": "planned"}
    assert len(await served.published("followup.planned")) == 1


async def test_ids_of_different_sources_do_not_collide(served: Served) -> None:
    first = sent("repair.closed", "C1")
    await served.deliver(first, event("repair.closed", first.data, key="C1", id="e1", source="/other"))
    assert await rows(served, "SELECT count(*) FROM decision WHERE event_id = 'e1'") == [(2,)]


async def test_matters_of_one_batch_are_combined(served: Served) -> None:
    await served.deliver(
        sent("repair.closed", id="e1"), sent("hotline.case_closed", id="e2"), sent("repair.closed", id="e3")
    )
    assert await outcomes(served) == {"e1": "planned", "e2": "planned", "e3": "merged"}
    assert await rows(served, "SELECT state, reason, policy_id FROM task ORDER BY state") == [
        ("cancelled", "merged", "r01.2-repair"),
        ("planned", "", "r01.2-hotline-case"),
    ]
    assert await rows(served, "SELECT count(*) FROM due") == [(1,)]
    assert await rows(served, "SELECT state, count(*) FROM contact_ledger GROUP BY 1 ORDER BY 1") == [
        ("released", 1),
        ("reserved", 1),
    ]
    assert [e.name for e in await served.published()] == ["followup.planned", "followup.cancelled", "followup.planned"]


async def test_matters_of_later_batches_are_combined_the_same_way(served: Served) -> None:
    for number, name in enumerate(("repair.closed", "hotline.case_closed", "repair.closed")):
        await served.deliver(sent(name, id=f"e{number + 1}"))
    assert await outcomes(served) == {"e1": "planned", "e2": "planned", "e3": "merged"}
    ((body,),) = await rows(served, "SELECT body FROM task WHERE state = 'planned'")
    assert [matter["event_id"] for matter in _json(body)["matters"]] == ["e2", "e1", "e3"]


def _json(value: Any) -> Any:
    import orjson

    return orjson.loads(value) if isinstance(value, str) else value


async def test_caps_hold_inside_a_batch_and_across_batches(empty: Served) -> None:
    await apply(empty, contents({**NEXT_DAY, "merge": False}, caps=[{"limit": 2, "per": "quarter"}]))
    await empty.deliver(*(sent("repair.closed", id=f"e{number}") for number in range(3)))
    await empty.deliver(sent("repair.closed", id="e3"), sent("repair.closed", "C2", id="e4"))
    assert list((await outcomes(empty)).values()) == ["planned", "planned", "capped", "capped", "planned"]


async def test_a_batch_and_single_events_give_the_same_plan(
    empty: Served, service_dsn: Any, clock: ManualClock
) -> None:
    files = contents(
        {"id": "a", "events": ["repair.closed", "inspection.done"], "rate": 60, **NEXT_DAY},
        {"id": "b", "events": ["repair.closed"], "rate": 30, "priority": 2, **NEXT_DAY},
        caps=[{"limit": 2, "per": "month"}],
    )
    names = ("repair.closed", "inspection.done")
    events = [sent(names[n % 2], f"C{n % 3}", id=f"e{n}", at=timedelta(hours=n * 7)) for n in range(30)]
    query = "SELECT id, policy_id, due_at, deadline_at, state FROM task ORDER BY id"
    await apply(empty, files)
    await empty.deliver(*events)
    async with serve(create_app, SchedulerSettings, await service_dsn("scheduler"), clock=clock) as other:
        await apply(other, files)
        clock.advance(timedelta(hours=5))
        for one in events:
            await other.deliver(one)
        assert await rows(other, query) == await rows(empty, query)
        assert await outcomes(other) == await outcomes(empty)


async def test_every_resolved_complaint_is_asked_about_exactly_once(served: Served) -> None:
    resolved = sent("complaint.resolved", id="r1")
    await served.deliver(resolved)
    await served.deliver(resolved, sent("complaint.resolved", id="r2"))
    planned = [e.read(FollowupPlanned) for e in await served.published("followup.planned")]
    assert [(task.round, task.case_id) for task in planned] == [(2, resolved.data["case_id"])] * 2
    assert len({task.task_id for task in planned}) == 2
    assert await outcomes(served) == {"r1": "planned", "r2": "planned"}


async def test_a_reopened_complaint_cancels_the_second_follow_up_of_its_earlier_resolution(
    served: Served, clock: ManualClock
) -> None:
    await served.deliver(sent("complaint.opened", id="o1"), sent("complaint.resolved", id="r1"))
    await served.deliver(sent("complaint.reopened", id="o2", at=timedelta(minutes=1)))
    await served.deliver(sent("complaint.resolved", id="r2", at=timedelta(minutes=2)))
    clock.advance(timedelta(hours=1))
    assert await served.run_job("release") == 2
    assert await rows(served, "SELECT event_id, state, reason FROM task ORDER BY event_id") == [
        ("r1", "cancelled", "case_reopened"),
        ("r2", "released", ""),
    ]


async def test_sampled_follow_ups_wait_for_nobody_whose_complaint_is_open(empty: Served, clock: ManualClock) -> None:
    await apply(empty, contents({**NEXT_DAY, "guards": ["case_open"]}))
    await empty.deliver(sent("repair.closed"), sent("complaint.opened", id="o1"))
    clock.advance(timedelta(days=1))
    await empty.run_job("release")
    assert await rows(empty, "SELECT state, reason FROM task") == [("cancelled", "case_open")]


async def test_a_completed_visit_ends_the_task_and_commits_the_contact(served: Served, clock: ManualClock) -> None:
    task_id = await _released(served, clock)
    await served.deliver(event("visit.completed", example("visit.completed", task_id=task_id), key="C1"))
    assert await rows(served, "SELECT state FROM task") == [("done",)]
    assert await rows(served, "SELECT state FROM contact_ledger") == [("committed",)]


async def test_a_contact_counts_on_the_day_it_took_place(served: Served, clock: ManualClock) -> None:
    task_id = await _released(served, clock)
    late = event("visit.completed", example("visit.completed", task_id=task_id), key="C1", time=NOON.replace(month=4))
    await served.deliver(late)
    assert await rows(served, "SELECT state, day FROM contact_ledger") == [("committed", date(2026, 4, 2))]


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("notification.delivered", "committed"),
        ("notification.failed", "released"),
        ("notification.suppressed", "released"),
    ],
)
async def test_a_message_is_a_contact_when_it_was_delivered(
    empty: Served, clock: ManualClock, name: str, state: str
) -> None:
    await apply(empty, contents({**NEXT_DAY, "channel": "sms"}))
    task_id = await _released(empty, clock)
    await empty.deliver(event(name, example(name, customer_id="C1", cause_id=task_id), key="C1", time=clock.now()))
    await empty.deliver(
        event(name, example(name, customer_id="C1", cause_id="2026-03-02/birthday"), key="C1", id="other")
    )
    assert await rows(empty, "SELECT state, day FROM contact_ledger") == [(state, date(2026, 3, 3))]
    assert await empty.dead_letters() == []


async def test_who_could_not_be_reached_was_not_contacted(served: Served, clock: ManualClock) -> None:
    task_id = await _released(served, clock)
    await served.deliver(event("visit.failed", example("visit.failed", task_id=task_id), key="C1"))
    assert await rows(served, "SELECT state, reason FROM task") == [("failed", "unreachable")]
    assert await rows(served, "SELECT state FROM contact_ledger") == [("released",)]


async def test_an_agreed_callback_is_a_contact_even_if_nobody_is_reached_later(
    served: Served, clock: ManualClock
) -> None:
    task_id = await _released(served, clock)
    await served.deliver(event("visit.callback_agreed", example("visit.callback_agreed", task_id=task_id), key="C1"))
    assert await rows(served, "SELECT state FROM contact_ledger") == [("committed",)]
    await served.deliver(event("visit.failed", example("visit.failed", task_id=task_id), key="C1"))
    assert await rows(served, "SELECT state FROM contact_ledger") == [("committed",)]


async def test_who_refused_is_not_contacted_that_way_again(served: Served, clock: ManualClock) -> None:
    task_id = await _released(served, clock)
    data = example("visit.failed", task_id=task_id, reason="refused", customer={"id": "C1"})
    await served.deliver(event("visit.failed", data, key="C1", time=clock.now()))
    assert await rows(served, "SELECT state FROM contact_ledger") == [("committed",)]
    await served.deliver(sent("repair.closed", id="later", at=timedelta(days=2)))
    clock.advance(timedelta(days=3))
    await served.run_job("release")
    (cancelled,) = await served.published("followup.cancelled")
    assert (cancelled.data["reason"], cancelled.data["lawful"]) == ("customer_refused", True)


async def test_opt_outs_hold_for_their_channel_and_purpose(empty: Served) -> None:
    text = {"events": ["meter.read"], "channel": "sms", "cap": "exempt"}
    greeting = {**text, "id": "greet", "events": ["gas.ignited"], "purpose": "greeting"}
    await apply(empty, contents({"id": "call"}, {**text, "id": "ask"}, greeting))
    at = (NOON - timedelta(hours=1)).isoformat()
    for customer, purpose in (("C1", "*"), ("C2", "all")):
        told = example("notification.opted_out", customer_id=customer, opted_out_at=at, purpose=purpose)
        await empty.deliver(event("notification.opted_out", told, key=customer, id=f"o-{customer}"))
        for name in ("repair.closed", "meter.read", "gas.ignited"):
            await empty.deliver(sent(name, customer, id=f"{customer}-{name}"))
    assert {name for name, outcome in (await outcomes(empty)).items() if outcome == "refused"} == {
        "C1-gas.ignited",
        "C2-meter.read",
        "C2-gas.ignited",
    }


async def test_an_opt_out_holds_until_it_is_revoked(empty: Served) -> None:
    text = {"events": ["meter.read"], "channel": "sms", "cap": "exempt"}
    await apply(empty, contents({**text, "id": "ask"}))

    def told(name: str, hours: int, **changes: Any) -> Event:
        at = {"opted_out": "opted_out_at", "opt_out_revoked": "revoked_at"}[name]
        moment = NOON - timedelta(hours=hours)
        data = {"customer_id": "C1", "purpose": "all", at: moment.isoformat()} | changes
        full = f"notification.{name}"
        return event(full, example(full, **data), key="C1", id=f"{name}-{hours}", time=moment)

    await empty.deliver(told("opted_out", 9))
    await empty.deliver(sent("meter.read", id="refused"))
    await empty.deliver(told("opt_out_revoked", 8, purpose="*"), told("opt_out_revoked", 10))
    await empty.deliver(sent("meter.read", id="refused-still"))
    await empty.deliver(told("opt_out_revoked", 7))
    await empty.deliver(sent("meter.read", id="asked"))
    await empty.deliver(told("opted_out", 6), told("opt_out_revoked", 5), told("opted_out", 4))
    await empty.deliver(sent("meter.read", id="refused-again"))
    await empty.deliver(event("notification.opted_out", example("notification.opted_out", customer_id=""), key="x"))
    assert await rows(empty, "SELECT count(*) FROM customer WHERE id = ''") == [(0,)]
    assert {name: outcome for name, outcome in (await outcomes(empty)).items() if name != "asked"} == {
        "refused": "refused",
        "refused-still": "refused",
        "refused-again": "refused",
    }
    assert (await outcomes(empty))["asked"] == "planned"


async def test_do_not_contact_is_learnt_from_customer_updates(empty: Served) -> None:
    await apply(empty, contents({}))
    update = sent("customer.updated", id="u1")
    update.data["customer"]["do_not_contact"] = True
    await empty.deliver(update, sent("repair.closed", id="e1", at=timedelta(hours=1)))
    assert await outcomes(empty) == {"u1": "no_policy_matches", "e1": "refused"}


async def test_a_refusal_older_than_the_newest_fact_calls_off_what_is_planned(
    empty: Served, clock: ManualClock
) -> None:
    await apply(empty, contents({"delay": {"days": 1}}))
    refusal = sent("customer.updated", id="u1", at=-timedelta(hours=1))
    refusal.data["customer"]["do_not_contact"] = True
    await empty.deliver(sent("repair.closed", id="e1"))
    await empty.deliver(refusal)
    clock.advance(timedelta(days=1))
    await empty.run_job("release")
    assert [told.data["reason"] for told in await empty.published("followup.cancelled")] == ["do_not_contact"]


async def test_a_refusal_taken_back_before_its_fact_was_heard_holds_nobody_up(
    empty: Served, clock: ManualClock
) -> None:
    await apply(empty, contents({"delay": {"days": 1}}))
    taken_back = sent("customer.updated", id="u1", at=timedelta(hours=1))
    taken_back.data["customer"]["do_not_contact"] = False
    late = sent("repair.closed", id="e1")
    late.data["customer"]["do_not_contact"] = True
    await empty.deliver(taken_back, late)
    clock.advance(timedelta(days=1))
    await empty.run_job("release")
    assert [told.data["task_id"] for told in await empty.published("followup.released")]
    assert await empty.published("followup.cancelled") == []


async def test_a_task_carries_all_numbers_of_its_customer(empty: Served) -> None:
    await apply(empty, contents({}))
    told = sent("repair.closed", id="e1")
    told.data["customer"] |= {"phone": "sealed:v1:a", "phones": ["sealed:v1:b", None, 7]}
    await empty.deliver(told)
    assert await rows(empty, "SELECT body->'card'->'phone', body->'card'->'phones' FROM task") == [
        ("sealed:v1:a", ["sealed:v1:b"])
    ]


async def test_profiles_are_addressable_and_facts_of_one_batch_see_what_came_before(empty: Served) -> None:
    await apply(empty, contents({"condition": {"field": "customer.tier", "op": "eq", "value": "key"}}))
    await empty.deliver(
        sent("repair.closed", id="e1"),
        sent("customer.updated", id="u1", at=timedelta(minutes=1), tier="key"),
        sent("repair.closed", id="e2", at=timedelta(minutes=2)),
    )
    assert await outcomes(empty) == {"e1": "no_policy_matches", "u1": "no_policy_matches", "e2": "planned"}


async def test_the_platforms_own_events_are_decided_only_when_a_policy_names_them(empty: Served) -> None:
    await apply(empty, contents({"events": ["visit.completed"]}, {"id": "p2", "events": ["*"], "rate": 50}))
    await empty.deliver(event("visit.completed", id="v1"), event("visit.failed", id="v2"))
    await empty.deliver(event("complaint.opened", id="o1"), event("notification.sent", id="n1"))
    assert set(await outcomes(empty)) == {"v1"}


async def test_other_replicas_see_new_policies_with_their_next_batch(empty: Served, clock: ManualClock) -> None:
    settings = {"clock": clock}
    async with serve(create_app, SchedulerSettings, empty.runtime.db.dsn, **settings) as replica:  # type: ignore[arg-type]
        await replica.deliver(sent("repair.closed", id="e1"))
        await apply(empty, contents({}))
        await replica.deliver(sent("repair.closed", id="e2"))
    assert await outcomes(empty) == {"e1": "no_policy_matches", "e2": "planned"}


async def test_a_poison_fact_is_buried_alone(served: Served) -> None:
    poison = sent("repair.closed", id="bad")
    poison.data["measures"] = "\x00"
    await served.deliver(sent("repair.closed", id="e1"), poison, sent("repair.closed", "C2", id="e2"))
    assert set(await outcomes(served)) == {"e1", "e2"}
    assert len(await served.dead_letters()) == 1


async def test_confidential_and_anonymous_hotline_cases_are_never_called(served: Served) -> None:
    await served.deliver(
        sent("hotline.case_closed", "C1", id="e1", **HOTLINE | {"is_confidential": True}),
        sent("hotline.case_closed", "C2", id="e2", **HOTLINE | {"is_anonymous": True}),
        sent("hotline.case_closed", "C3", id="e3", **HOTLINE),
    )
    assert await outcomes(served) == {"e1": "no_policy_matches", "e2": "no_policy_matches", "e3": "planned"}


async def test_two_replicas_deciding_about_one_customer_take_turns(empty: Served, clock: ManualClock) -> None:
    """Facts and complaints come from different topics, which may be different replicas' at the same time."""
    await apply(
        empty,
        contents(
            {**NEXT_DAY, "merge": False, "events": ["repair.closed", "complaint.resolved"]},
            caps=[{"limit": 1, "per": "year"}],
        ),
    )
    known, new = ([f"{letter}{number}" for number in range(10)] for letter in "KN")
    await empty.deliver(*(sent("customer.updated", one, id=f"u-{one}") for one in known))
    both = [*known, *new]
    async with serve(create_app, SchedulerSettings, empty.runtime.db.dsn, clock=clock) as replica:
        await asyncio.gather(
            empty.deliver(*(sent("repair.closed", one, id=f"e-{one}", at=timedelta(1)) for one in both)),
            replica.deliver(*(sent("complaint.resolved", one, id=f"r-{one}", at=timedelta(1)) for one in both)),
        )
    found = await outcomes(empty)
    for customer in both:
        assert sorted((found[f"e-{customer}"], found[f"r-{customer}"])) == ["capped", "planned"]


async def test_of_a_customer_new_to_two_replicas_the_second_hears_what_the_first_has_learnt(empty: Served) -> None:
    """A row that is not there yet cannot be locked: who writes it second waits, and looks again."""
    database = empty.runtime.db
    first, second = Customer("C1", {"level": "A"}, NOON), Customer("C1", {"area": "510108"}, NOON)
    async with database.work() as other:
        assert await customers.lock_customers(other.session, ["C1"]) == {}
        async with database.work() as one:
            assert await customers.add_customers(one.session, [first]) == set()
            waiting = asyncio.create_task(customers.add_customers(other.session, [second]))
            await asyncio.wait([waiting], timeout=0.2)
            assert not waiting.done()
        assert await waiting == {"C1"}
        assert (await customers.lock_customers(other.session, ["C1"]))["C1"].profile == {"level": "A"}


async def _released(served: Served, clock: ManualClock) -> str:
    await served.deliver(sent("repair.closed"))
    clock.advance(timedelta(days=1))
    assert await served.run_job("release") == 1
    return (await served.published("followup.released"))[0].data["task_id"]


def test_the_pack_of_the_demo_is_without_mistakes() -> None:
    from services.scheduler.domain.packs.pack import read_pack

    clauses = {clause for draft in read_pack(pack_files(), "r01-gas").drafts for clause in draft.content["clauses"]}
    assert clauses >= {"R01.1", "R01.2", "R01.3", "R01.4", "R01.6"}


def occasion(of: Event, **told: Any) -> Event:
    """The moment has come for r01.2-repair to plan a contact about a fact."""
    kept = {"id": of.id, "source": of.source, "type": of.type, "time": of.time.isoformat(), "data": of.data}
    data = {
        "policy_id": "r01.2-repair",
        "policy_version": 1,
        "reason": "drawn",
        "at": of.time.isoformat(),
        "customer_id": of.key,
        "fact": {**kept, "lineage": of.lineage},
        **told,
    }
    return event("occasion.arrived", data, key=of.key, id=f"o-{of.id}", time=NOON + timedelta(hours=16))


async def test_an_occasion_told_before_occasions_had_a_topic_of_their_own_is_planned_once(served: Served) -> None:
    fact = event("repair.closed", example("repair.closed", result="cancelled"), key="C0001017", id="w1", time=NOON)
    await served.deliver(fact)
    await served.deliver(occasion(fact), topic="tasks-v1")
    await served.deliver(occasion(fact))
    assert await rows(served, "SELECT policy_id, event_id FROM task") == [("r01.2-repair", "w1")]


async def test_an_occasion_plans_its_policy_for_the_fact_and_leaves_a_record_of_its_own(served: Served) -> None:
    fact = event("repair.closed", example("repair.closed", result="cancelled"), key="C0001017", id="w1", time=NOON)
    await served.deliver(fact)
    assert await rows(served, "SELECT count(*) FROM task") == [(0,)]
    await served.deliver(occasion(fact))
    await served.deliver(occasion(fact))
    (task,) = await rows(served, "SELECT policy_id, event_id, due_at FROM task")
    assert task[:2] == ("r01.2-repair", "w1")
    assert task[2] >= NOON + timedelta(hours=16)
    decisions = await rows(served, "SELECT event_type, outcome FROM decision WHERE event_id = 'w1' ORDER BY at")
    assert decisions == [("repair.closed", "no_policy_matches"), ("occasion.arrived", "planned")]
