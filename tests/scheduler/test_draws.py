"""Exact draws on real tables: nothing lost, nobody twice, whatever crashes and whoever else runs."""

import asyncio
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace
from sqlalchemy import text
from typer.testing import CliRunner, Result

from deploy.commands.draws import app
from services.scheduler.app import create_app
from services.scheduler.commands import draws as commands
from services.scheduler.domain.when.periods import period_of
from services.scheduler.domain.whom.draw_record import read_export, verify
from services.scheduler.settings import SchedulerSettings
from services.scheduler.store import draws as store
from shared.clock import ManualClock
from shared.messaging import Event
from shared.messaging.arrived import arrive
from shared.messaging.broker import Message
from shared.messaging.event import encode
from shared.messaging.memory import MemoryBroker
from shared.testing import Served, event, serve
from shared.testing.events import NOON, example, record
from shared.testing.figures import figure
from tests.scheduler.builders import at, contents
from tests.scheduler.conftest import apply
from tests.scheduler.test_handlers import outcomes, rows, sent

TWENTY = {
    "rate": {"exact": 20, "of": "day", "by": ["branch"], "reserve": 3},
    "delay": {"days": 1},
    "deadline": {"working_days": 3},
}
NIGHT = at("2026-03-03 00:10")
WINNERS = "SELECT customer_id FROM task ORDER BY 1"


def crowd(amount: int, start: int = 0, **more: Any) -> list[Event]:
    return [sent("repair.closed", f"C{number:04d}", id=f"e{number}", **more) for number in range(start, start + amount)]


async def draw_all(served: Served, clock: ManualClock, until: datetime = NIGHT) -> list[Event]:
    """Close what has ended by then, and deliver the occasions that come of it, and of those again."""
    clock.move_to(max(until, clock.now()))
    await served.run_job("draw")
    return await deliver_occasions(served)


async def deliver_occasions(served: Served) -> list[Event]:
    delivered: list[Event] = []
    while fresh := (await served.published("occasion.arrived"))[len(delivered) :]:
        await served.deliver(*fresh)
        delivered += fresh
    return delivered


async def test_exactly_twenty_percent_of_the_closed_day_are_planned(empty: Served, clock: ManualClock) -> None:
    await apply(empty, contents(TWENTY))
    await empty.deliver(*crowd(34))
    assert Counter((await outcomes(empty)).values()) == {"enrolled": 34}
    assert await draw_all(empty, clock, at("2026-03-03 00:09")) == []
    drawn, population = (
        figure("huifang_scheduler_drawn_total", reason="drawn"),
        figure("huifang_scheduler_draw_population_sum"),
    )
    called = await draw_all(empty, clock)
    assert len(called) == 7
    assert figure("huifang_scheduler_drawn_total", reason="drawn") == drawn + 7
    assert figure("huifang_scheduler_draw_population_sum") == population + 34
    assert {one.data["reason"] for one in called} == {"drawn"}
    assert {one.time for one in called} == {at("2026-03-03 00:00")}
    assert await rows(empty, "SELECT DISTINCT due_at, state FROM task") == [(at("2026-03-03 09:00"), "planned")]
    assert await rows(empty, "SELECT count(*), count(DISTINCT customer_id) FROM task") == [(7, 7)]
    assert await rows(empty, "SELECT event_type, outcome, count(*) FROM decision GROUP BY 1, 2 ORDER BY 1") == [
        ("occasion.arrived", "planned", 7),
        ("repair.closed", "enrolled", 34),
    ]
    assert await draw_all(empty, clock, at("2026-03-03 12:00")) == called


async def test_a_made_draw_is_on_record(empty: Served, clock: ManualClock) -> None:
    await apply(empty, contents(TWENTY))
    await empty.deliver(*crowd(12), *crowd(3, 12, org={"code": "ED"}))
    await draw_all(empty, clock)
    async with empty.runtime.db.read() as session:
        (draw,) = await store.list_draws(session, None, None, 10)
    assert (draw.policy_id, draw.policy_version, draw.state, draw.population) == ("p1", 1, "published", 15)
    assert [tuple(stratum) for stratum in draw.strata] == [('["CD"]', 12, 2, 3), ('["ED"]', 3, 1, 2)]
    assert (str(draw.period.first), str(draw.period.end)) == ("2026-03-02", "2026-03-03")
    assert (len(draw.fingerprint), draw.made_at) == (64, clock.now())


async def test_the_order_of_arrival_does_not_matter(empty: Served, clock: ManualClock, service_dsn: Any) -> None:
    await apply(empty, contents(TWENTY))
    await empty.deliver(*crowd(40))
    await draw_all(empty, clock)
    async with serve(create_app, SchedulerSettings, await service_dsn("scheduler"), clock=ManualClock(NOON)) as other:
        await apply(other, contents(TWENTY))
        for one in reversed(crowd(40)):
            await other.deliver(one)
        await draw_all(other, other.runtime.clock)  # type: ignore[arg-type]
        assert await rows(other, WINNERS) == await rows(empty, WINNERS)


async def test_who_comes_late_joins_the_open_period_and_is_drawn_there(empty: Served, clock: ManualClock) -> None:
    await apply(empty, contents({**TWENTY, "rate": {"exact": 100, "of": "day"}}))
    await empty.deliver(*crowd(2))
    await draw_all(empty, clock)
    await empty.deliver(sent("repair.closed", "late", id="late", at=timedelta(hours=3)))
    ((details,),) = await rows(empty, "SELECT details::text FROM decision WHERE event_id = 'late'")
    assert '"late": true' in details
    assert '"from": "2026-03-03"' in details
    assert await rows(empty, "SELECT period::text, count(*) FROM population GROUP BY 1 ORDER BY 1") == [
        ("2026-03-02", 2),
        ("2026-03-03", 1),
    ]
    await draw_all(empty, clock, at("2026-03-04 00:10"))
    # its deadline counts from the last day of the period it was drawn with
    assert await rows(empty, "SELECT due_at, deadline_at FROM task WHERE event_id = 'late'") == [
        (at("2026-03-04 09:00"), at("2026-03-06 18:00"))
    ]


async def test_a_batch_enters_periods_nobody_has_entered_yet_after_it_has_entered_another(empty: Served) -> None:
    """A case between two facts of a customer makes them two portions of one batch, a week apart."""
    await apply(empty, contents({**TWENTY, "rate": {"exact": 20, "of": "week"}}))
    await empty.deliver(
        sent("repair.closed", id="e1"),
        event("complaint.opened", example("complaint.opened")),
        sent("repair.closed", id="e2", at=timedelta(days=7)),
    )
    assert await rows(empty, "SELECT period::text FROM population ORDER BY 1") == [("2026-03-02",), ("2026-03-09",)]
    assert await rows(empty, "SELECT count(*) FROM decision WHERE event_id IN ('e1', 'e2')") == [(2,)]
    assert await empty.dead_letters() == []


async def hear(served: Served, sent: Event, at_: datetime) -> None:
    """Let the event be handled now that the broker took at that moment."""
    (runner,) = served.runtime.consumers
    taken = replace(record(sent), timestamp=int(at_.timestamp() * 1000))
    await runner.processor.process([arrive(taken)])


async def test_whether_a_fact_is_late_depends_on_when_it_was_heard_of_not_on_when_it_is_handled(
    empty: Served, clock: ManualClock
) -> None:
    await apply(empty, contents({**TWENTY, "rate": {"exact": 100, "of": "day"}}))
    broker = empty.runtime.broker = MemoryBroker(clock=clock)
    group = empty.runtime.consumers[0].group
    producer = await broker.producer()
    in_time, late = sent("repair.closed", "C1", id="in time"), sent("repair.closed", "C2", id="late")
    for one, moment in ((in_time, at("2026-03-03 00:09")), (late, NIGHT)):
        clock.move_to(moment)
        await producer.publish([Message("intake-v1", one.key, *encode(one))])
    clock.move_to(at("2026-03-03 07:00"))
    assert await draw_all(empty, clock) == []  # somebody who was heard of in time is still waiting
    await hear(empty, late, NIGHT)
    await hear(empty, in_time, at("2026-03-03 00:09"))
    broker.committed[group] = {where: 1 for where, log in broker.logs.items() if log}
    assert [one.key for one in await draw_all(empty, clock)] == ["C1"]
    assert await rows(empty, "SELECT customer_id, period::text FROM population ORDER BY 1") == [
        ("C1", "2026-03-02"),
        ("C2", "2026-03-03"),
    ]


async def test_a_fact_of_a_batch_that_waited_for_the_closing_is_late(empty: Served, clock: ManualClock) -> None:
    """Closing takes its lock while a batch wants to enter: the batch sees that the day is closed."""
    await apply(empty, contents(TWENTY))
    await empty.deliver(*crowd(1))
    clock.move_to(NIGHT)
    async with empty.runtime.db.work() as work:
        assert await store.close_until(work.session, NIGHT.date()) == 1
        entering = asyncio.create_task(empty.deliver(sent("repair.closed", "C9", id="e9")))
        await _somebody_waits(empty)
    await entering
    assert await rows(empty, "SELECT period::text FROM population ORDER BY 1") == [("2026-03-02",), ("2026-03-03",)]


async def test_closing_waits_for_a_batch_that_is_entering(empty: Served, clock: ManualClock) -> None:
    await apply(empty, contents(TWENTY))
    await empty.deliver(*crowd(1))
    clock.move_to(NIGHT)
    async with empty.runtime.db.work() as work:
        await store.share_closing(work.session)
        closing = asyncio.create_task(empty.run_job("draw"))
        await _somebody_waits(empty)
        assert await rows(empty, "SELECT state FROM draw") == [("open",)]
    await closing
    assert await rows(empty, "SELECT state FROM draw") == [("published",)]


async def _somebody_waits(served: Served) -> None:
    waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    while not (await rows(served, waiting))[0][0]:
        await served.runtime.clock.sleep(0)


async def test_two_replicas_draw_once(empty: Served, clock: ManualClock) -> None:
    await apply(empty, contents(TWENTY, {**TWENTY, "id": "p2", "merge": False}))
    await empty.deliver(*crowd(200))
    clock.move_to(NIGHT)
    async with serve(create_app, SchedulerSettings, empty.runtime.db.dsn, clock=clock, draw_batch=7) as replica:
        while any(await asyncio.gather(*(_portion(one) for one in (empty, replica, empty, replica)))):
            pass
    called = await deliver_occasions(empty)
    assert Counter(one.data["policy_id"] for one in called) == {"p1": 40, "p2": 40}
    assert len({(one.data["policy_id"], one.key) for one in called}) == 80
    # a customer's occasions come in the order of the draws
    assert [one.data["policy_id"] for one in called] == ["p1"] * 40 + ["p2"] * 40


async def test_who_makes_a_draw_is_alone_so_that_others_begin_none_and_tell_none_before_it(
    empty: Served, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many replicas look at the same moment, between one's beginning a draw and its making it."""
    await apply(empty, contents(TWENTY, {**TWENTY, "id": "p2", "merge": False}))
    await empty.deliver(*crowd(10))
    clock.move_to(NIGHT)
    real, first, going_on = store.claim_closed, store.draw_id("p1", 1, period_of("day", NOON.date())), asyncio.Event()

    async def held(session: Any, draw_id: UUID) -> Any:
        if draw_id == first:
            await going_on.wait()
        return await real(session, draw_id)

    monkeypatch.setattr(store, "claim_closed", held)
    async with serve(create_app, SchedulerSettings, empty.runtime.db.dsn, clock=clock) as replica:
        portions = [asyncio.create_task(_portion(one)) for one in (empty, replica, empty, replica)]
        await asyncio.wait(portions, return_when=asyncio.FIRST_COMPLETED)
        assert await empty.published("occasion.arrived") == []
        going_on.set()
        await asyncio.gather(*portions)
        while await _portion(empty):
            pass
    assert [one.data["policy_id"] for one in await empty.published("occasion.arrived")] == ["p1"] * 2 + ["p2"] * 2
    assert await rows(empty, "SELECT policy_id, attempts FROM draw ORDER BY 1") == [("p1", 1), ("p2", 1)]


async def _portion(served: Served) -> int:
    (job,) = [job for job in served.runtime.service.jobs if job.name == "draw"]
    return await job.run(served.runtime)


@pytest.mark.parametrize("where", ["save_picks", "save_made", "call_winners", "save_published"])
async def test_nothing_is_lost_or_doubled_when_a_step_fails(
    empty: Served, clock: ManualClock, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """Each step fails once when its writes are done; what it did not commit is done again, the same."""
    await apply(empty, contents(TWENTY))
    await empty.deliver(*crowd(60))
    clock.move_to(NIGHT)
    module: Any = commands.picks if where in ("save_picks", "call_winners") else commands.draws
    original = getattr(module, where)

    async def dies(*given: Any) -> Any:
        monkeypatch.setattr(module, where, original)
        await original(*given)
        raise ConnectionError("killed")

    monkeypatch.setattr(module, where, dies)
    with pytest.raises(ConnectionError):
        await empty.run_job("draw")
    called = await draw_all(empty, clock)
    assert len(called) == len({one.key for one in called}) == 12
    assert await rows(empty, "SELECT reserve, state, count(*) FROM pick GROUP BY 1, 2 ORDER BY 1") == [
        (False, "called", 12),
        (True, "waiting", 3),
    ]


async def test_who_cannot_be_reached_is_replaced_by_the_next_in_reserve(empty: Served, clock: ManualClock) -> None:
    await apply(empty, contents(TWENTY))
    await empty.deliver(*crowd(5))
    await draw_all(empty, clock)
    clock.move_to(at("2026-03-03 09:00"))
    reserves = figure("huifang_scheduler_drawn_total", reason="reserve")
    used_up = figure("huifang_scheduler_reserve_used_up_total", policy="p1")
    for number, amount in enumerate((2, 3, 4, 4), 3):
        await empty.run_job("release")
        ((task_id, customer),) = await rows(empty, "SELECT id, customer_id FROM task WHERE state = 'released'")
        await fail(empty, task_id, customer, clock.now() + timedelta(hours=1))
        await deliver_occasions(empty)
        assert await rows(empty, "SELECT count(*), count(DISTINCT customer_id) FROM task") == [(amount, amount)]
        clock.move_to(at(f"2026-03-0{number + 1} 10:00"))
    assert await rows(empty, "SELECT state, count(*) FROM pick GROUP BY 1") == [("lost", 4)]
    assert figure("huifang_scheduler_drawn_total", reason="reserve") == reserves + 3
    assert figure("huifang_scheduler_reserve_used_up_total", policy="p1") == used_up + 1
    assert await empty.dead_letters() == []


async def fail(served: Served, task_id: Any, customer: str, when: datetime, reason: str = "unreachable") -> None:
    data = example("visit.failed", reason=reason, task_id=str(task_id), customer={"id": customer})
    await served.deliver(event("visit.failed", data, key=customer, id=f"v-{task_id}", time=when))


async def test_who_was_reached_and_refused_is_not_replaced(empty: Served, clock: ManualClock) -> None:
    await apply(empty, contents(TWENTY))
    await empty.deliver(*crowd(5))
    await draw_all(empty, clock)
    clock.move_to(at("2026-03-03 09:00"))
    await empty.run_job("release")
    ((task_id, customer),) = await rows(empty, "SELECT id, customer_id FROM task")
    await fail(empty, task_id, customer, clock.now(), "refused")
    assert len(await deliver_occasions(empty)) == 1


async def test_another_policys_contact_does_not_call_the_reserve(empty: Served, clock: ManualClock) -> None:
    await apply(empty, contents(TWENTY, {"id": "other", "merge": False}))
    await empty.deliver(*crowd(5))
    await draw_all(empty, clock)
    clock.move_to(at("2026-03-03 09:00"))
    await empty.run_job("release")
    others = await rows(empty, "SELECT id, customer_id FROM task WHERE policy_id = 'other' AND state = 'released'")
    for task_id, customer in others:
        await fail(empty, task_id, customer, clock.now())
    assert len(others) == 5
    assert len(await deliver_occasions(empty)) == 1


async def test_a_reserve_that_another_contact_has_asked_is_not_asked_again(empty: Served, clock: ManualClock) -> None:
    await apply(empty, contents(TWENTY, {"id": "other", "priority": 1, "delay": {"days": 1}}))
    await empty.deliver(*crowd(5))
    (drawn,) = await draw_all(empty, clock)
    clock.move_to(at("2026-03-03 09:00"))
    await empty.run_job("release")
    ((task_id, customer),) = await rows(
        empty, "SELECT id, customer_id FROM task WHERE event_id = :id", id=drawn.data["fact"]["id"]
    )
    await fail(empty, task_id, customer, clock.now())
    (_, reserve) = await deliver_occasions(empty)
    assert reserve.data["reason"] == "reserve"
    assert await rows(empty, "SELECT count(*), count(DISTINCT customer_id) FROM task") == [(5, 5)]
    query = "SELECT outcome FROM decision WHERE event_type = 'occasion.arrived' AND customer_id = :id"
    assert await rows(empty, query, id=reserve.key) == [("merged",)]


async def test_two_that_fail_at_once_get_different_reserves(empty: Served, clock: ManualClock) -> None:
    await apply(empty, contents(TWENTY))
    await empty.deliver(*crowd(50))
    await draw_all(empty, clock)
    clock.move_to(at("2026-03-03 09:00"))
    await empty.run_job("release")
    tasks = await rows(empty, "SELECT id, customer_id FROM task ORDER BY id LIMIT 3")
    async with serve(create_app, SchedulerSettings, empty.runtime.db.dsn, clock=clock) as replica:
        await asyncio.gather(
            *(
                fail(served, task_id, customer, clock.now())
                for served, (task_id, customer) in zip((empty, replica, empty), tasks, strict=True)
            )
        )
    reserves = [one for one in await deliver_occasions(empty) if one.data["reason"] == "reserve"]
    assert len({one.key for one in reserves}) == 3


async def test_who_is_called_off_at_release_is_replaced(empty: Served, clock: ManualClock) -> None:
    await apply(empty, contents(TWENTY))
    await empty.deliver(*crowd(5))
    await draw_all(empty, clock)
    ((customer,),) = await rows(empty, "SELECT customer_id FROM task")
    refused = example("customer.updated", customer={"id": customer, "do_not_contact": True})
    await empty.deliver(event("customer.updated", refused, key=customer, time=at("2026-03-03 08:00")))
    clock.move_to(at("2026-03-03 09:00"))
    await empty.run_job("release")
    called = await deliver_occasions(empty)
    assert [one.data["reason"] for one in called] == ["drawn", "reserve"]
    assert await rows(empty, "SELECT state, reason FROM task ORDER BY due_at") == [
        ("cancelled", "do_not_contact"),
        ("planned", ""),
    ]


async def test_who_cannot_be_planned_is_replaced_at_once(empty: Served, clock: ManualClock) -> None:
    await apply(empty, contents(TWENTY, caps=[{"limit": 1, "per": "year"}]))
    await empty.deliver(*crowd(5))
    await draw_all(empty, clock)
    again = [sent("repair.closed", f"C{number:04d}", id=f"n{number}", at=timedelta(days=1)) for number in range(5)]
    await empty.deliver(*again)
    await draw_all(empty, clock, at("2026-03-04 00:10"))
    assert await rows(empty, "SELECT count(*), count(DISTINCT customer_id) FROM task") == [(2, 2)]


async def test_a_policy_that_is_changed_or_disabled_ends_what_it_began(empty: Served, clock: ManualClock) -> None:
    await apply(empty, contents(TWENTY))
    await empty.deliver(*crowd(5))
    await apply(empty, contents({**TWENTY, "rate": {"number": 2, "of": "week"}}))
    await empty.deliver(*crowd(5, 5))
    await apply(empty, contents({"id": "another", "events": ["gas.ignited"]}))
    await draw_all(empty, clock)
    assert await rows(empty, "SELECT policy_version FROM task") == [(1,)]
    await draw_all(empty, clock, at("2026-03-09 00:10"))
    assert await rows(empty, "SELECT policy_version FROM task ORDER BY 1") == [(1,), (2,), (2,)]
    assert await rows(empty, "SELECT DISTINCT due_at FROM task WHERE policy_version = 2") == [(at("2026-03-09 09:00"),)]


async def test_a_fact_that_is_tried_enters_nothing(empty: Served) -> None:
    await apply(empty, contents(TWENTY))
    async with empty.client("policy_owner") as client:
        tried = await client.post(
            "/api/v1/policies/try", json={"type": "repair.closed", "data": {"customer": {"id": "C1"}}}
        )
    assert tried.json()["outcome"] == "enrolled"
    assert await rows(empty, "SELECT count(*) FROM population") == [(0,)]


async def test_old_populations_and_picks_are_forgotten(empty: Served, clock: ManualClock) -> None:
    await apply(empty, contents(TWENTY))
    await empty.deliver(*crowd(5))
    await draw_all(empty, clock)
    clock.advance(timedelta(days=500))
    await empty.run_job("forget_decisions")
    for table in ("population", "pick"):
        assert await rows(empty, f"SELECT count(*) FROM {table}") == [(0,)]
    assert await rows(empty, "SELECT state, population FROM draw") == [("published", 5)]


async def test_a_population_is_kept_until_its_whole_period_is_long_past(empty: Served, clock: ManualClock) -> None:
    """Of a year that began more than `decision_days` ago the draw may be just made, and reserves are still called."""
    await apply(empty, contents({"id": "year", "rate": {"number": 2, "of": "year", "reserve": 2}}, TWENTY))
    await empty.deliver(*crowd(5))
    await draw_all(empty, clock, at("2027-01-01 00:10"))
    clock.move_to(at("2027-07-01 12:00"))
    await empty.run_job("forget_decisions")
    kept = "SELECT policy_id, count(*) FROM population GROUP BY 1"
    assert await rows(empty, kept) == [("year", 5)]
    clock.move_to(at("2028-02-07 12:00"))
    await empty.run_job("forget_decisions")
    assert await rows(empty, kept) == []


async def _export(served: Served) -> tuple[str, list[str]]:
    """The only draw's id and its exported lines."""
    async with served.client("auditor") as client:
        (draw,) = (await client.get("/api/v1/draws")).json()["items"]
        answer = await client.get(f"/api/v1/draws/{draw['id']}/population")
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    return draw["id"], answer.text.splitlines()


async def test_an_export_is_enough_to_compute_the_draw_again(
    empty: Served, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.scheduler.store.picks.PORTION", 7)
    monkeypatch.setattr("services.scheduler.store.draws.PORTION", 11)
    await apply(empty, contents(TWENTY))
    await empty.deliver(*crowd(40))
    await draw_all(empty, clock)
    _, lines = await _export(empty)
    draw, members = read_export(lines)
    assert len(members) == 40
    assert verify(draw, members) == []
    assert {one.customer_id for one in members if one.state == "called"} == {
        customer for (customer,) in await rows(empty, WINNERS)
    }


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("DELETE FROM population WHERE fact_key = (SELECT fact_key FROM pick LIMIT 1)", "实有 39"),
        ("UPDATE population SET stratum = '[\"ED\"]' WHERE customer_id = 'C0003'", "指纹不符"),
        ("UPDATE pick SET place = 9 WHERE place = 2", "重算为抽中第 2 位"),
        ("UPDATE draw SET seed = 'better'", "重算为"),
    ],
)
async def test_whatever_was_changed_afterwards_is_found(
    empty: Served, clock: ManualClock, change: str, says: str
) -> None:
    await apply(empty, contents(TWENTY))
    await empty.deliver(*crowd(40))
    await draw_all(empty, clock)
    async with empty.runtime.db.work() as work:
        await work.session.execute(text(change))
    assert any(says in problem for problem in verify(*read_export((await _export(empty))[1])))


async def test_draws_are_listed_and_shown(empty: Served, clock: ManualClock) -> None:
    await apply(empty, contents(TWENTY, {**TWENTY, "id": "p2"}))
    await empty.deliver(*crowd(12))
    async with empty.client("auditor") as client:
        open_ = (await client.get("/api/v1/draws", params={"policy_id": "p2"})).json()["items"]
        assert [(one["policy_id"], one["state"], one["population"]) for one in open_] == [("p2", "open", 0)]
        await draw_all(empty, clock)
        first = (await client.get("/api/v1/draws", params={"limit": 1})).json()
        second = (await client.get("/api/v1/draws", params={"limit": 1, "cursor": first["next_cursor"]})).json()
        assert {first["items"][0]["policy_id"], second["items"][0]["policy_id"]} == {"p1", "p2"}
        assert second["next_cursor"] is None
        shown = (await client.get(f"/api/v1/draws/{open_[0]['id']}")).json()
        nothing = await client.get("/api/v1/draws/00000000-0000-0000-0000-000000000000")
    assert shown["strata"] == [{"name": "CD", "population": 12, "drawn": 2, "reserve": 3}]
    assert (shown["whom"], shown["first"], shown["last"]) == ("每日总量的 20%", "2026-03-02", "2026-03-02")
    assert nothing.status_code == 404


async def test_the_decision_tells_what_the_draw_said(empty: Served, clock: ManualClock) -> None:
    await apply(empty, contents(TWENTY))
    await empty.deliver(*crowd(10))
    assert "期间结束后抽取" in (await _explained(empty, "e0"))[1]
    await draw_all(empty, clock)
    told = Counter([(await _explained(empty, f"e{number}"))[1].rpartition("，")[2] for number in range(10)])
    standings = Counter(words.partition("（")[0].strip("。") for words in told.elements())
    assert standings == {"已抽中": 2, "尚未递补": 3, "未抽中": 5}


async def _explained(served: Served, event_id: str) -> list[str]:
    async with served.client("auditor") as client:
        found = (await client.get("/api/v1/decisions", params={"event_id": event_id})).json()["items"]
    (fact,) = [one for one in found if one["event_type"] == "repair.closed"]
    explanation: list[str] = fact["explanation"]
    return explanation


async def test_the_command_verifies_with_and_without_the_platform(
    empty: Served, clock: ManualClock, platform: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await apply(empty, contents(TWENTY))
    await empty.deliver(*crowd(40))
    await draw_all(empty, clock)

    async def run(*words: str) -> Result:
        return await asyncio.to_thread(CliRunner().invoke, app, list(words))

    listed = (await run("list")).output
    draw_id = listed.partition("\t")[0]
    assert "总量 40，抽取 8" in listed
    assert "种子 test" in (await run("show", draw_id)).output
    assert (await run("verify", draw_id)).exit_code == 0
    exported = tmp_path / "draw.jsonl"
    assert (await run("export", draw_id, "--to", str(exported))).exit_code == 0
    monkeypatch.setenv("HUIFANG_VAR", str(tmp_path / "none"))
    offline = await run("verify", "--file", str(exported))
    assert (offline.exit_code, "一致" in offline.output) == (0, True)
    exported.write_text(exported.read_text().replace('"seed":"test"', '"seed":"tset"'))
    changed = await run("verify", "--file", str(exported))
    assert (changed.exit_code, "不一致" in changed.output) == (1, True)
    exported.write_text("什么也不是")
    assert "第 1 行" in (await run("verify", "--file", str(exported))).output
    assert (await run("verify")).exit_code == 1


async def test_the_story_of_who_was_not_drawn_says_so(empty: Served, clock: ManualClock) -> None:
    await apply(empty, contents({**TWENTY, "rate": {"number": 1, "of": "day"}}))
    await empty.deliver(*crowd(2))
    await draw_all(empty, clock)
    ((drawn,),) = await rows(empty, "SELECT event_id FROM task")
    other = "e0" if drawn == "e1" else "e1"
    async with empty.client("auditor") as client:
        told = (await client.get("/api/v1/explain", params={"event_id": other})).json()
    assert told["answer"] == "不回访：未被抽中。"


async def test_a_draw_that_processes_die_of_is_set_aside_and_the_others_go_on(
    empty: Served, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await apply(empty, contents(*(TWENTY | {"id": name, "priority": 1 + (name > "bad")} for name in ("bad", "good"))))
    await empty.deliver(*crowd(10))
    real = store.read_members

    def dying(session: Any, draw: Any) -> Any:
        if draw.policy_id == "bad":
            raise MemoryError
        return real(session, draw)

    monkeypatch.setattr(store, "read_members", dying)
    clock.move_to(NIGHT)
    for _ in range(3):
        with pytest.raises(MemoryError):
            await empty.run_job("draw")
    await empty.run_job("draw")
    assert {one.data["policy_id"] for one in await empty.published("occasion.arrived")} == {"good"}
    async with empty.client("auditor") as client:
        items = (await client.get("/api/v1/draws")).json()["items"]
    told = {item["policy_id"]: item for item in items}
    assert told["bad"]["set_aside"] == "处理中断 3 次，已搁置；排除原因后可重试"
    assert told["good"]["set_aside"] == ""
    monkeypatch.setattr(store, "read_members", real)
    async with empty.client("ops") as client:
        path = f"/api/v1/draws/{told['bad']['id']}/retry"
        assert (await client.post(path)).json()["set_aside"] == ""
        assert (await client.post(path)).status_code == 409
    await empty.run_job("draw")
    await empty.run_job("draw")
    assert {one.data["policy_id"] for one in await empty.published("occasion.arrived")} == {"good", "bad"}


async def test_a_database_that_goes_away_does_not_count_against_a_draw(
    empty: Served, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await apply(empty, contents(TWENTY))
    await empty.deliver(*crowd(10))
    real = store.read_members

    def lost(session: Any, draw: Any) -> Any:
        raise ConnectionResetError

    monkeypatch.setattr(store, "read_members", lost)
    clock.move_to(NIGHT)
    for _ in range(5):
        with pytest.raises(ConnectionResetError):
            await empty.run_job("draw")
    monkeypatch.setattr(store, "read_members", real)
    await empty.run_job("draw")
    assert await empty.published("occasion.arrived")
