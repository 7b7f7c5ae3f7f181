"""Accepted questionnaires, opt-outs and settings of complaints in the services: what uses them later never fails."""

import random
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx
from pydantic import ValidationError

from services.complaints.app import create_app
from services.complaints.settings import ComplaintsSettings
from services.notifications.app import create_app as create_notifications
from services.notifications.settings import NotificationsSettings
from shared.clock import ManualClock
from shared.testing import Served, example, serve
from shared.testing.events import event
from tests.architecture.parts import SETTINGS
from tests.hostile.mild import mildly_changed
from tests.hostile.test_accepted_and_served import MESSAGING, accepted
from tests.hostile.test_accepted_configurations import ANSWERS, DATA, SHARE, SOUND
from tests.hostile.unharmed import unharmed
from tests.visits.conftest import Desk, open_desk

EXAMPLES = 12
Dsn = Callable[[str], Awaitable[str]]
RESULTS = ("completed", "callback_agreed", "no_answer", "refused", "wrong_number", "busy")


# --- questionnaires, and visits that are made by them


async def test_questionnaires(service_dsn: Dsn, clock: ManualClock) -> None:
    taken = 0
    async with open_desk(await service_dsn("visits"), clock) as desk, unharmed(desk.served):
        await desk.publish("gas-service")
        for seed in range(EXAMPLES * 2):
            chance = random.Random(seed)
            async with desk.served.client("policy_owner") as author:
                sent = mildly_changed(SOUND["questionnaire"], chance)
                made = await author.post("/api/v1/questionnaires", json=sent)
            if accepted(made):
                taken += 1
                await visit_is_made(desk, chance, f"T{seed}", made.json()["id"])
    assert taken >= EXAMPLES * 2 * SHARE


async def visit_is_made(desk: Desk, chance: random.Random, task: str, questionnaire: str) -> None:
    """Claimed, answered by anything at all, ended in one way or another, and read by everybody."""
    visit = await desk.claimed(task, customer=f"C-{task}", questionnaire=questionnaire)
    async with desk.agent() as agent:
        for _ in range(6):
            answers = {name: chance.choice(ANSWERS) for name in chance.sample(["s", "r", "y", "m", "n", "t"], 3)}
            accepted(await agent.put(f"/api/v1/visits/{visit}/answers", json={"answers": answers}))
        for result in chance.sample(RESULTS, 2):
            answers = {"s": chance.choice((1, 5)), "r": "yes", "y": "yes", "m": ["a"], "n": 1}
            accepted(await desk.attempt(visit, result=result, answers=answers, callback_at="2026-03-03T10:00:00+08:00"))
        accepted(await agent.get(f"/api/v1/visits/{visit}"))
    async with desk.served.client("supervisor") as supervisor:
        assert (await supervisor.get(f"/api/v1/visits/{visit}")).status_code == 200
        assert (await supervisor.get("/api/v1/questionnaires")).status_code == 200
    for job in ("return-leases", "bring-back", "hand-over", "expire"):
        await desk.served.run_job(job)
    assert await desk.served.dead_letters() == [], (task, questionnaire)


# --- opt-outs, and messages after them

OPT_OUT = {"customer_id": "C1", "phone": "13800138000", "channel": "sms", "scope": "*", "note": "来电要求不再接收短信"}


async def test_opt_outs(service_dsn: Dsn, clock: ManualClock) -> None:
    taken, options = 0, SETTINGS["notifications"]
    dsn = await service_dsn("notifications")
    async with (
        serve(create_notifications, NotificationsSettings, dsn, clock=clock, **options) as served,
        served.client() as client,
        unharmed(served),
    ):
        assert accepted(await client.post("/api/v1/templates", json=SOUND["template"]))
        assert accepted(await client.post("/api/v1/rules", json=SOUND["rule"]))
        await served.deliver(event("test.fact", DATA, time=clock.now()))
        for seed in range(EXAMPLES):
            made = await client.post("/api/v1/opt-outs", json=mildly_changed(OPT_OUT, random.Random(seed)))
            taken += accepted(made)
            await messages_are_due(served, clock)
            assert (await client.get("/api/v1/opt-outs?limit=200")).status_code == 200
            if made.is_success and seed % 2:
                assert accepted(await client.delete(f"/api/v1/opt-outs/{made.json()['id']}"))
                await messages_are_due(served, clock)
    assert taken >= EXAMPLES * SHARE


async def messages_are_due(served: Served, clock: ManualClock) -> None:
    await served.deliver(event("test.fact", DATA, time=clock.now()))
    clock.advance(timedelta(hours=7))
    for job in MESSAGING:
        await served.run_job(job)
    assert await served.dead_letters() == []


# --- settings of complaints, and cases that live by them

SPAN = {"working_days": 1, "working_hours": 2.5, "days": 3, "hours": 4}
CLOCKS: dict[str, Any] = {
    "complaints_auto_assign": True,
    "complaints_grading": [
        {"grade": "major", "keywords": ["漏气"], "rating_at_most": 2, "unsolved": True},
        {"grade": "opinion", "urgencies": ["urgent"], "appeal_kinds": ["complaint"], "rating_at_least": 1},
    ],
    "complaints_limits": {
        "major": {"rectify": SPAN, "dispatch": {"hours": 1}},
        "general": {"rectify": SPAN},
        "opinion": {"rectify": {"working_days": 5}, "dispatch": SPAN},
    },
    "complaints_escalate_every": SPAN,
    "complaints_max_level": 3,
    "complaints_rework_limit": 3,
    "complaints_repeat_limit": 2,
    "complaints_repeat_days": 90,
}
CASE = {"customer": {"id": "C1", "name": "陈静", "phone": "13800138000"}, "description": "家里漏气", "branch": "CD"}


async def test_limits_and_clocks_of_complaints(service_dsn: Dsn, clock: ManualClock) -> None:
    taken, dsn = 0, await service_dsn("complaints")
    for seed in range(EXAMPLES):
        chance = random.Random(seed)
        try:
            settings = mildly_changed(CLOCKS, chance)
            ComplaintsSettings(**settings)
        except ValidationError:
            continue
        taken += 1
        async with serve(create_app, ComplaintsSettings, dsn, clock=clock, **settings) as served, unharmed(served):
            await cases_live(served, clock, chance, seed)
    assert taken >= EXAMPLES * SHARE


async def cases_live(served: Served, clock: ManualClock, chance: random.Random, seed: int) -> None:
    """Opened by visits and by hand, late, raised, reworked, closed."""
    said = {"rating": chance.choice((1, 2, 3)), "customer": {"id": chance.choice(("C1", "C2"))}}
    for number in range(3):
        data = example("visit.dissatisfied", visit_id=f"V{seed}-{number}", **said)
        await served.deliver(event("visit.dissatisfied", data, time=clock.now()))
    async with served.client() as client:
        case = (await done(client.post("/api/v1/cases", json=CASE))).json()
        for what, body in (
            ("assign", {"unit": "CD", "owner": "E1"}),
            ("resolve", {"measures": "已更换"}),
            ("reopen", {"reason": "仍漏气"}),
            ("escalate", {}),
            ("resolve", {"measures": "再次更换"}),
            ("close", {"reason": "已面谈", "customer_opinion": "认可"}),
        ):
            headers = {"If-Match": f'"{case["version"]}"'}
            case = (await done(client.post(f"/api/v1/cases/{case['id']}/{what}", json=body, headers=headers))).json()
            clock.advance(timedelta(days=chance.choice((0, 1, 9))))
            for job in ("assign", "escalate", "recompute"):
                await served.run_job(job)
            shown = (await done(client.get(f"/api/v1/cases/{case['id']}"))).json()
            case["version"] = shown["version"]
        assert (await client.get("/api/v1/cases?limit=200")).status_code == 200
    assert await served.dead_letters() == []


async def done(asked: Awaitable[httpx.Response]) -> httpx.Response:
    answer = await asked
    assert answer.is_success, answer.text
    return answer
