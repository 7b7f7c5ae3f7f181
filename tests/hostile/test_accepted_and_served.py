"""A sample of accepted configurations in the services themselves: no dead letter, no 5xx, of any event that uses them."""

import random
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Any

import httpx
import orjson

from shared.clock import ManualClock
from shared.testing import Served, serve
from shared.testing.events import event
from tests.architecture.parts import SETTINGS, create_app, settings_class
from tests.hostile.mild import mildly_changed, strange
from tests.hostile.test_accepted_configurations import DATA, SHARE, SOUND, files_of
from tests.hostile.unharmed import unharmed

EXAMPLES = 8
Dsn = Callable[[str], Awaitable[str]]
SCHEDULING = ("release", "lead_on", "wake", "walk", "draw", "warn")
MESSAGING = ("greetings", "settle")
CONSENT = {"customer_id": "C1", "how": "书面", "text": "同意接收推广", "given_at": "2026-01-05T10:00:00+08:00"}


async def running(service: str, dsn: Dsn, clock: ManualClock) -> AbstractAsyncContextManager[Served]:
    options: dict[str, Any] = SETTINGS.get(service, {})
    return serve(create_app(service), settings_class(service), await dsn(service), clock=clock, **options)


def accepted(answer: httpx.Response) -> bool:
    assert answer.status_code < 500, answer.text
    return answer.is_success


async def facts_happen(served: Served, chance: random.Random, clock: ManualClock, jobs: tuple[str, ...]) -> None:
    """One fact after the other, as one that fails would take its batch along; then days without any."""
    for data in (DATA, *(strange(DATA, chance) for _ in range(6))):
        customer = data.get("customer")
        data = (
            data
            if isinstance(customer, dict) and isinstance(customer.get("id"), str)
            else data | {"org": {"code": "CD"}}
        )
        await served.deliver(event("test.fact", data, time=clock.now()))
        assert await served.dead_letters() == [], repr(data)
    for _ in range(2):
        clock.advance(timedelta(days=3))
        for job in jobs:
            await served.run_job(job)


async def test_packs(service_dsn: Dsn, clock: ManualClock) -> None:
    taken = 0
    async with (
        await running("scheduler", service_dsn, clock) as served,
        served.client("policy_owner") as client,
        unharmed(served),
    ):
        for seed in range(EXAMPLES):
            chance = random.Random(seed)
            pack = {"name": "test", "files": files_of(mildly_changed(SOUND["pack"], chance))}
            taken += accepted(await client.post("/api/v1/packs", json=pack))
            await facts_happen(served, chance, clock, SCHEDULING)
    assert taken >= EXAMPLES * SHARE


async def test_templates_rules_and_consents(service_dsn: Dsn, clock: ManualClock) -> None:
    taken = 0
    async with (
        await running("notifications", service_dsn, clock) as served,
        served.client() as client,
        unharmed(served),
    ):
        await served.deliver(event("test.fact", DATA))
        for seed in range(EXAMPLES):
            chance = random.Random(seed)
            for path, kind in (("templates", SOUND["template"]), ("rules", SOUND["rule"]), ("consents", CONSENT)):
                taken += accepted(await client.post(f"/api/v1/{path}", json=mildly_changed(kind, chance)))
            await facts_happen(served, chance, clock, MESSAGING)
    assert taken >= EXAMPLES * 3 * SHARE


async def test_sources(service_dsn: Dsn, clock: ManualClock) -> None:
    taken = 0
    async with (
        await running("gateway", service_dsn, clock) as served,
        served.client() as client,
        unharmed(served),
    ):
        for seed, kind in enumerate(tuple(SOUND["messages"]) * (EXAMPLES // 4)):
            chance = random.Random(seed)
            options = mildly_changed(SOUND["hotline" if kind == "hotline" else "source"], chance)
            source = {
                "name": f"s{seed}",
                "kind": kind,
                "options": options if kind in ("hotline", "generic") else options | {"words": {}},
            }
            made = await client.post("/api/v1/sources", json=source)
            if not accepted(made):
                continue
            taken += 1
            for body in (SOUND["messages"][kind], *(strange(SOUND["messages"][kind], chance) for _ in range(5))):
                accepted(await client.post(made.json()["path"], content=orjson.dumps(body)))
            await served.run_job("canonicalise")
        accepted(await client.get("/api/v1/messages"))
        assert await served.dead_letters() == []
    assert taken >= EXAMPLES * SHARE
