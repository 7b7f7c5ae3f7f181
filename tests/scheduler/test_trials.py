"""Trial runs in the service: a draft on recorded or uploaded facts, in a process of its own, without effect."""

import json
from datetime import timedelta
from typing import Any

import pytest

from services.scheduler.adapters import trial_process
from services.scheduler.commands import trials as commands
from shared.clock import ManualClock
from shared.contracts.base import INTAKE, PEOPLE
from shared.contracts.registry import short_name
from shared.messaging.broker import Broker, Message
from shared.messaging.event import Event, encode
from shared.messaging.memory import MemoryBroker
from shared.practice import practice_id
from shared.testing import Served, event
from shared.testing.events import example
from tests.scheduler.builders import contents
from tests.scheduler.conftest import apply
from tests.scheduler.test_api import get
from tests.scheduler.test_handlers import NEXT_DAY, rows, sent
from tests.scheduler.test_policy_life import draft, post

OTHER = {"pack.yaml": "format: 1\nname: other\ntitle: 另一个\n", "policies/b.yaml": (
    "id: b\ntitle: 乙\ntrigger: {events: [gas.ignited]}\nrate: all\n"
)}  # fmt: skip


async def record(
    served: Served, clock: ManualClock, *events: Event, into: Broker | None = None, topic: str = INTAKE
) -> None:
    broker = served.runtime.broker = into or MemoryBroker(clock=clock)
    producer = await broker.producer()
    await producer.publish([Message(topic, one.key, *encode(one)) for one in events])


def facts(clock: ManualClock) -> list[Event]:
    return [sent("repair.closed", f"C{number % 4}", f"e{number}", -timedelta(hours=40 - number)) for number in range(6)]


async def finished(served: Served, trial: dict[str, Any]) -> dict[str, Any]:
    assert await served.run_job("try_packs") == 1
    told: dict[str, Any] = await get(served, f"/api/v1/trials/{trial['id']}")
    return told


async def test_a_draft_is_tried_on_recorded_facts_without_effect(empty: Served, clock: ManualClock) -> None:
    await apply(empty, contents({"id": "a", "merge": False, "team": "hotline", **NEXT_DAY}))
    await apply(empty, OTHER, "other")
    await record(empty, clock, *facts(clock), sent("gas.ignited", "C9", "g1", -timedelta(hours=1)))
    changed = contents(
        {"id": "a", "merge": False, "team": "hotline", "delay": {"days": 3}, "deadline": {"hours": 1}},
        {"id": "c", "team": "branch", "channel": "phone", "merge": False, **NEXT_DAY},
        caps=[{"limit": 2, "per": "quarter"}],
    )
    draft_id = await draft(empty, changed)
    trial = await post(empty, "/api/v1/trials", {"draft_id": draft_id, "days": 7, "agents": {"branch": 0}}, 202)
    assert trial["state"] == "queued"
    told = await finished(empty, trial)
    assert (told["state"], told["error"], told["done"] <= told["total"]) == ("done", "", True)
    result = told["result"]
    assert (result["facts"], result["difference"]["published_tasks"]) == (7, 7)
    assert {one["policy"]: one["count"] for one in result["difference"]["only_draft"]["policies"]} == {"c": 4}
    assert result["difference"]["moved"]["count"] == 4
    assert result["difference"]["only_published"]["count"] == 2  # what the draft's cap leaves out
    assert {one["policy"] for one in result["capped"]} == {"a", "c"}
    assert result["late"]["count"] == 4
    assert any(one["team"] == "branch" and one["over"] for one in result["loads"])
    assert await rows(empty, "SELECT count(*) FROM task") == [(0,)]
    assert await rows(empty, "SELECT count(*) FROM decision") == [(0,)]
    assert await rows(empty, "SELECT action FROM audit_log WHERE action LIKE 'trial%'") == [("trial.added",)]


async def test_practice_is_none_of_the_recorded_facts(empty: Served, clock: ManualClock) -> None:
    await apply(empty, contents({"id": "a", "merge": False, **NEXT_DAY}))
    tried = sent("repair.closed", practice_id("C1"), "p1", -timedelta(hours=1))
    await record(empty, clock, *facts(clock)[:2], tried)
    trial = await post(
        empty, "/api/v1/trials", {"draft_id": await draft(empty, contents({"id": "b", **NEXT_DAY})), "days": 7}, 202
    )
    told = await finished(empty, trial)
    assert (told["state"], told["result"]["facts"], told["result"]["difference"]["published_tasks"]) == ("done", 2, 2)
    async with empty.client("policy_owner") as client:
        exported = (await client.get("/api/v1/facts")).text
    assert exported.count("\n") == 2
    assert "practice" not in exported


async def test_of_what_is_told_of_people_only_erasures_are_exported(empty: Served, clock: ManualClock) -> None:
    asked = {"customer_id": "C1", "asked_at": clock.now().isoformat(), "asked_by": "zhao.min"}
    told = [event(name, example(name), time=clock.now()) for name in ("person.changed", "session.ended", "key.changed")]
    await record(empty, clock, *told, event("customer.erased", asked, time=clock.now()), topic=PEOPLE)
    clock.advance(timedelta(seconds=1))
    async with empty.client("policy_owner") as client:
        exported = (await client.get("/api/v1/facts")).text.splitlines()
    assert [short_name(json.loads(line)["type"]) for line in exported] == ["customer.erased"]


async def test_a_cap_of_a_year_knows_of_the_facts_since_it_began(empty: Served, clock: ManualClock) -> None:
    await record(empty, clock, sent("repair.closed", "C1", "e1"))
    log = empty.runtime.broker
    clock.advance(timedelta(days=45))
    await record(empty, clock, sent("repair.closed", "C1", "e2", timedelta(days=44)), into=log)
    draft_id = await draft(empty, contents({"id": "a", **NEXT_DAY}, caps=[{"limit": 1, "per": "year"}]))
    trial = await post(empty, "/api/v1/trials", {"draft_id": draft_id, "days": 2}, 202)
    result = (await finished(empty, trial))["result"]
    assert [(one["policy"], one["count"]) for one in result["capped"]] == [("a", 1)]


async def test_an_uploaded_file_of_facts_is_tried_and_forgotten(
    empty: Served, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "PART_BYTES", 300)
    draft_id = await draft(empty, contents({"id": "a", **NEXT_DAY}))
    lines = [
        json.dumps(
            {"id": one.id, "source": one.source, "type": one.type, "time": one.time.isoformat(), "data": one.data}
        )
        for one in facts(clock)
    ]
    async with empty.client("policy_owner") as client:
        answer = await client.post(
            "/api/v1/trials/upload", params={"draft_id": draft_id, "agents": "hotline=2"}, content="\n".join(lines)
        )
        nothing = await client.post("/api/v1/trials/upload", params={"draft_id": draft_id}, content=b"")
        wrong = await client.post("/api/v1/trials/upload", params={"draft_id": draft_id, "agents": "x"}, content=b"{")
    assert (answer.status_code, nothing.status_code, wrong.status_code) == (202, 422, 422)
    assert (await rows(empty, "SELECT count(*) FROM trial_facts"))[0][0] > 1
    told = await finished(empty, answer.json())
    assert (told["state"], told["days"], told["result"]["facts"]) == ("done", 0, 6)
    assert await rows(empty, "SELECT count(*) FROM trial_facts") == [(0,)]


async def test_a_line_that_is_no_fact_ends_the_trial_with_its_number(empty: Served) -> None:
    draft_id = await draft(empty, contents({"id": "a"}))
    async with empty.client("policy_owner") as client:
        answer = await client.post("/api/v1/trials/upload", params={"draft_id": draft_id}, content=b"\n{}\n")
    told = await finished(empty, answer.json())
    assert (told["state"], told["result"]) == ("failed", None)
    assert told["error"] == "第 2 行应是 CloudEvents，有 id、source、type、time 和 data"


async def test_a_trial_whose_process_dies_is_told_as_failed(empty: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial_process, "CHILD", "services.scheduler.nowhere")
    trial = await post(empty, "/api/v1/trials", {"pack": {"name": "test", "files": contents({"id": "a"})}}, 202)
    told = await finished(empty, trial)
    assert told["state"] == "failed"
    assert told["error"].startswith("试算中断：")


WEEKLY = {"id": "a", "events": None, "trigger": {"every": "week", "on": "tue"}, "purpose": "notice", "merge": False}


async def upload(served: Served, pack: dict[str, str], *lines: str, **params: str) -> dict[str, Any]:
    """How a trial of these lines ended."""
    draft_id = await draft(served, pack)
    async with served.client("policy_owner") as client:
        answer = await client.post(
            "/api/v1/trials/upload", params={"draft_id": draft_id, **params}, content="\n".join(lines)
        )
    assert answer.status_code == 202, answer.text
    return await finished(served, answer.json())


def line(time: str, **data: Any) -> str:
    about = {"work_order_no": "W1", "customer": {"id": "C1"}, **data}
    return json.dumps({"id": "E1", "source": "/s", "type": "repair.closed", "time": time, "data": about})


NOON = "2026-03-03T12:00:00+08:00"
CENTURIES = line(NOON) + "\n" + line("2190-03-03T12:00:00+08:00")


async def test_time_goes_on_after_the_last_fact_to_now_or_to_what_is_asked_for(
    empty: Served, clock: ManualClock
) -> None:
    await record(empty, clock, sent("repair.closed", "C1", "e1"))
    clock.advance(timedelta(days=20))
    trial = await post(empty, "/api/v1/trials", {"pack": {"name": "test", "files": contents(WEEKLY)}, "days": 21}, 202)
    assert (await finished(empty, trial))["result"]["tasks"] == 3  # on the Tuesdays 3, 10 and 17 March
    told = await upload(empty, contents(WEEKLY), line("2026-03-03T10:00:00+08:00"), to="2026-03-25T00:00:00+08:00")
    assert told["result"]["tasks"] == 3  # on the 10th, 17th and 24th
    told = await upload(empty, contents(WEEKLY), line("2026-03-26T10:00:00+08:00"), to="2026-03-25T00:00:00+08:00")
    assert (told["state"], told["result"]["facts"]) == ("done", 0)


@pytest.mark.parametrize(
    ("limits", "lines", "says"),
    [
        ({"trial_memory_mb": 256}, [line(NOON, note="x" * 500_000 + "😀")] * 150, "内存超过上限（256 MB）"),
        (
            {"trial_cpu_seconds": 2},
            [CENTURIES.replace("C1", f"C{number}") for number in range(40)],
            "计算时间超过上限（2 秒）",
        ),
        ({}, [line(NOON, note="x" * (1 << 20))], "第 1 行超过 1 MB"),
        ({}, [line("9999-12-31T23:59:59+08:00")], "第 1 行的 time 有误：时间应在 1900 年到 2199 年之间"),
    ],
)
async def test_no_file_of_facts_takes_more_than_the_limits(
    empty: Served, limits: dict[str, int], lines: list[str], says: str
) -> None:
    empty.runtime.service.settings.__dict__.update(limits)
    told = await upload(empty, contents(WEEKLY), *lines)
    assert (told["state"], told["result"]) == ("failed", None)
    assert says in told["error"]


async def test_too_many_facts_are_refused(empty: Served, clock: ManualClock) -> None:
    await record(empty, clock, *facts(clock))
    empty.runtime.service.settings.__dict__["trial_facts"] = 3
    trial = await post(empty, "/api/v1/trials", {"pack": {"name": "test", "files": contents({"id": "a"})}}, 202)
    assert (await finished(empty, trial))["error"] == "这段时间的事实太多：超过 3 个，请缩短时间段"


async def test_a_trial_is_called_off_and_not_run(empty: Served) -> None:
    trial = await post(empty, "/api/v1/trials", {"pack": {"name": "test", "files": contents({"id": "a"})}}, 202)
    await post(empty, f"/api/v1/trials/{trial['id']}/cancel", None, 204)
    assert await empty.run_job("try_packs") == 0
    assert (await get(empty, f"/api/v1/trials/{trial['id']}"))["state"] == "cancelled"
    problem = await post(empty, f"/api/v1/trials/{trial['id']}/cancel", None, 409)
    assert problem["title"] == "试算已经结束"
    assert [one["state"] for one in (await get(empty, "/api/v1/trials"))["items"]] == ["cancelled"]


async def test_a_trial_whose_runner_has_gone_is_run_by_another(empty: Served, clock: ManualClock) -> None:
    trial = await post(empty, "/api/v1/trials", {"pack": {"name": "test", "files": contents({"id": "a"})}}, 202)
    async with empty.runtime.db.work() as work:
        now = clock.now()
        assert await commands.trials.claim_trial(work.session, now, now, now + commands.LEASE) is not None
    assert await empty.run_job("try_packs") == 0
    clock.advance(commands.LEASE + timedelta(seconds=1))
    assert (await finished(empty, trial))["state"] == "done"


async def test_either_a_draft_or_a_pack_is_tried(empty: Served) -> None:
    assert (await post(empty, "/api/v1/trials", {}, 422))["title"] == "提交的内容有误"
    nowhere = {"draft_id": "0197a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b"}
    assert (await post(empty, "/api/v1/trials", nowhere, 404))["title"] == "没有这份草稿"
    wrong = {"pack": {"name": "test", "files": contents({"id": "a", "rate": 200})}}
    assert (await post(empty, "/api/v1/trials", wrong, 422))["title"] == "策略包有误"


@pytest.mark.parametrize(
    ("role", "method", "status"), [("supervisor", "GET", 200), ("supervisor", "POST", 403), ("ops", "GET", 403)]
)
async def test_roles_may_do_what_is_theirs(empty: Served, role: str, method: str, status: int) -> None:
    async with empty.client(role) as client:
        assert (
            await client.request(method, "/api/v1/trials", json={} if method == "POST" else None)
        ).status_code == status


async def test_a_trial_that_its_runners_die_of_is_told_as_failed(empty: Served, clock: ManualClock) -> None:
    trial = await post(empty, "/api/v1/trials", {"pack": {"name": "test", "files": contents({"id": "a"})}}, 202)
    for _ in range(3):
        async with empty.runtime.db.work() as work:
            now = clock.now()
            assert await commands.trials.claim_trial(work.session, now, now, now + commands.LEASE) is not None
        clock.advance(commands.LEASE + timedelta(seconds=1))
    assert await empty.run_job("try_packs") == 0
    told = await get(empty, f"/api/v1/trials/{trial['id']}")
    assert (told["state"], told["error"]) == ("failed", "处理中断 3 次，已搁置；排除原因后可重试")
