"""What happens to visits as time passes."""

from datetime import timedelta

from prometheus_client import REGISTRY

from shared.contracts.visits import VisitFailed
from tests.visits.conftest import Desk, cancelled, released


def gauges(name: str) -> dict[str, float]:
    """A gauge's values by its one label."""
    family = next(family for family in REGISTRY.collect() if family.name == name)
    return {next(iter(sample.labels.values())): sample.value for sample in family.samples}


async def test_a_claim_without_activity_is_returned_and_its_holder_told(desk: Desk) -> None:
    visit_id = await desk.claimed()
    desk.clock.advance(timedelta(minutes=14))
    assert await desk.served.run_job("return-leases") == 0
    desk.clock.advance(timedelta(minutes=1))
    assert await desk.served.run_job("return-leases") == 1
    assert (await desk.visit(visit_id))["state"] == "open"
    assert (await desk.attempt(visit_id, result="busy")).json()["title"] == "请先领取该单"
    async with desk.agent("1002") as other:
        await other.post("/api/v1/visits/claim", json={})
    assert (await desk.attempt(visit_id, result="busy")).json()["title"] == "该单已被他人领取"


async def test_activity_keeps_a_claim(desk: Desk) -> None:
    visit_id = await desk.claimed()
    desk.clock.advance(timedelta(minutes=10))
    async with desk.agent() as agent:
        answer = await agent.post(f"/api/v1/visits/{visit_id}/refresh-lease")
        assert answer.json()["lease_until"] == "2026-03-02T02:25:00Z"
        desk.clock.advance(timedelta(minutes=10))
        seen = await desk.seen(visit_id)
        saved = await agent.put(f"/api/v1/visits/{visit_id}/answers", json={"answers": {}}, headers=seen)
        assert saved.status_code == 200, saved.text
    desk.clock.advance(timedelta(minutes=10))
    assert await desk.served.run_job("return-leases") == 0


async def test_a_cancelled_visit_does_not_come_back_when_its_lease_ends(desk: Desk) -> None:
    visit_id = await desk.claimed()
    await desk.served.deliver(cancelled("T1"))
    desk.clock.advance(timedelta(minutes=15))
    await desk.served.run_job("return-leases")
    assert (await desk.visit(visit_id))["state"] == "cancelled"


async def test_a_retry_comes_back_when_its_time_has_come(desk: Desk) -> None:
    visit_id = await desk.claimed()
    await desk.attempt(visit_id, result="busy")
    assert await desk.served.run_job("bring-back") == 0
    desk.clock.advance(timedelta(minutes=30))
    assert await desk.served.run_job("bring-back") == 1
    assert (await desk.visit(visit_id))["state"] == "open"


async def test_a_callback_that_came_due_is_claimed_first(desk: Desk) -> None:
    visit_id = await desk.claimed("T1", priority=9)
    await desk.attempt(visit_id, result="callback_agreed", callback_at="2026-03-02T11:00:00+08:00")
    await desk.served.deliver(released("T2", customer="C2", priority=1))
    desk.clock.advance(timedelta(hours=1))
    await desk.served.run_job("bring-back")
    async with desk.agent() as agent:
        [card] = (await agent.post("/api/v1/visits/claim", json={})).json()["items"]
    assert card["task_id"] == "T1"


async def test_a_visit_nobody_did_expires_after_deadline_and_grace(desk: Desk) -> None:
    await desk.served.deliver(released("T1"), released("T2", customer="C2", deadline_at=None))
    held = await desk.claimed("T3", customer="C3", priority=1)
    async with desk.agent() as agent:
        for item in (await agent.get("/api/v1/visits", params={"state": "claimed"})).json()["items"]:
            if item["task_id"] != "T3":
                await agent.post(f"/api/v1/visits/{item['id']}/release")
    desk.clock.advance(timedelta(days=9) - timedelta(seconds=1))
    assert await desk.served.run_job("expire") == 0
    desk.clock.advance(timedelta(seconds=1))
    assert await desk.served.run_job("expire") == 1
    [told] = await desk.served.published("visit.failed")
    assert (told.read(VisitFailed).reason, told.read(VisitFailed).task_id) == ("expired", "T1")
    assert (told.key, told.lineage) == ("C1", "lineage-T1")
    assert (await desk.visit(held))["state"] == "claimed"


async def test_many_visits_expire_in_portions(desk: Desk) -> None:
    await desk.served.deliver(*(released(f"T{number}", customer=f"C{number}") for number in range(700)))
    desk.clock.advance(timedelta(days=10))
    assert await desk.served.run_job("expire") == 700
    assert len(await desk.served.published("visit.failed")) == 700


async def test_unfinished_visits_are_counted_for_the_metrics(desk: Desk) -> None:
    await desk.served.deliver(released("T1"), released("T2"))
    await desk.served.run_job("count-visits")
    async with desk.served.client(None) as anyone:
        page = (await anyone.get("/metrics")).text
    assert 'huifang_visits_visits{state="open"} 2.0' in page
    assert 'huifang_visits_visits{state="claimed"} 0.0' in page


async def test_the_gauges_tell_whose_queue_is_long_and_what_is_past_its_deadline(desk: Desk) -> None:
    held = await desk.claimed("T1", customer="C1")
    await desk.served.deliver(released("T2", customer="C2"))
    await desk.served.run_job("count-visits")
    queue, overdue = gauges("huifang_visits_queue"), gauges("huifang_visits_overdue")
    assert (sum(queue.values()), sum(overdue.values())) == (1, 0)
    desk.clock.advance(timedelta(days=8))
    await desk.served.run_job("return-leases")
    await desk.served.run_job("count-visits")
    visit = await desk.visit(held)
    assert gauges("huifang_visits_queue") == {visit["team"]: 2}
    assert gauges("huifang_visits_overdue") == {visit["branch"]: 2}


def counted(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


async def test_claims_and_those_nobody_worked_on_are_counted(desk: Desk) -> None:
    claims, lost = counted("huifang_visits_claims_total"), counted("huifang_visits_leases_lost_total")
    await desk.claimed()
    assert counted("huifang_visits_claims_total") == claims + 1
    await desk.served.run_job("return-leases")
    assert counted("huifang_visits_leases_lost_total") == lost
    desk.clock.advance(timedelta(minutes=15))
    await desk.served.run_job("return-leases")
    assert counted("huifang_visits_leases_lost_total") == lost + 1


async def test_a_callback_is_missed_once_it_would_not_count_as_kept_and_no_more_when_it_was_made(desk: Desk) -> None:
    outcomes = ("kept", "missed")

    async def missed() -> float:
        await desk.served.run_job("count-visits")
        return sum(gauges("huifang_visits_callbacks_overdue").values())

    before = {each: counted("huifang_visits_callbacks_total", outcome=each) for each in outcomes}
    visit_id = await desk.claimed()
    await desk.attempt(visit_id, result="callback_agreed", callback_at="2026-03-02T11:00:00+08:00")
    assert await missed() == 0
    desk.clock.advance(timedelta(hours=1))  # 11:00
    assert await missed() == 0
    desk.clock.advance(timedelta(hours=2))
    assert await missed() == 1
    await desk.served.run_job("bring-back")
    async with desk.agent() as agent:
        await agent.post("/api/v1/visits/claim", json={})
    await desk.attempt(visit_id, result="no_answer")
    assert await missed() == 0
    now = {each: counted("huifang_visits_callbacks_total", outcome=each) - before[each] for each in outcomes}
    assert now == {"kept": 0, "missed": 1}
