"""Real processes, killed while they send: no message goes out twice, none is forgotten (I7, F1, F18)."""

import json
import os
import signal
import sys
from asyncio import create_subprocess_exec
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from deploy.standins import sms
from deploy.standins.behaviour import GOOD
from services.notifications.app import create_app
from services.notifications.settings import NotificationsSettings
from shared.auth import hash_key
from shared.clock import SystemClock
from shared.embedded.processes import free_port
from shared.messaging import Event
from shared.testing import event, example, serve
from shared.testing.served import DATA_KEY
from tests.notifications.conftest import SEALER, customer, listening
from tests.notifications.samples import template_document

MESSAGES = 80
ALL_DAY = "00:00-23:59:59.999999"
QUICK = {"send_lease": 1.5, "settle_after": 0.2, "absence_after": 2.5, "receipt_after": 0.5, "provider_timeout": 2.0}
CLOCK = SystemClock()


@asynccontextmanager
async def running(dsn: str, sms_url: str, keys: Path, end: signal.Signals) -> AsyncIterator[None]:
    """A process that only sends and settles, ended by a signal."""
    settings = {f"HUIFANG_{name.upper()}": str(value) for name, value in QUICK.items()}
    environment = settings | {
        "HUIFANG_POSTGRES_DSN": dsn,
        "HUIFANG_SMS_URL": sms_url,
        "HUIFANG_KEYS_FILE": str(keys),
        "HUIFANG_DATA_KEY": DATA_KEY,
        "HUIFANG_NOTICE_WINDOW": ALL_DAY,
        "HUIFANG_SEND_BATCH": "40",
        "HUIFANG_SEND_CONCURRENCY": "8",
        "HUIFANG_CONSUMER_ENABLED": "false",
        "HUIFANG_RELAY_ENABLED": "false",
    }
    command = ["-m", "deploy.local.serve", "notifications", str(free_port())]
    process = await create_subprocess_exec(
        sys.executable, *command, env=os.environ | environment, stdout=DEVNULL, stderr=DEVNULL
    )
    try:
        yield
    finally:
        process.send_signal(end)
        await process.wait()


def an_order(number: int) -> Event:
    who = customer(f"C{number}", phone=SEALER.seal(f"+86138{number:08}"))
    fact = example("order.completed", customer=who, order_no=f"SO{number}")
    return event("order.completed", fact, key=f"C{number}", time=CLOCK.now())


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 300) -> None:
    for _ in range(int(seconds / 0.05)):
        if await condition():
            return
        await CLOCK.sleep(0.05)
    raise AssertionError("it never happened")


@pytest.mark.fault
async def test_killed_again_and_again_every_message_is_taken_exactly_once(
    service_dsn: Callable[[str], Awaitable[str]], tmp_path: Path
) -> None:
    dsn = await service_dsn("notifications")
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps([{"id": "ops", "role": "ops", "sha256": hash_key("ops")}]))
    behaviour = GOOD.model_copy(update={"receipt_seconds": 0.1, "error_after": 0.05, "throttled": 0.05, "lost": 0.2})
    app = sms.create_app(tmp_path / "sms", behaviour)
    messages = app.state.simulator.messages
    here = serve(create_app, NotificationsSettings, dsn, clock=CLOCK)
    async with listening(app) as sms_url, here as served, served.client("ops") as client:
        rule = {"id": "r", "events": ["order.completed"], "purpose": "thank_you", "template": "note"}
        assert (await client.post("/api/v1/templates", json=template_document(rules=[rule]))).status_code == 200
        await served.deliver(*(an_order(number) for number in range(MESSAGES)))

        async def taken(goal: int) -> bool:
            return messages.counts()["messages"] >= goal

        async def all_delivered() -> bool:
            page = await client.get("/api/v1/sends", params={"limit": 200, "state": "delivered"})
            return len(page.json()["items"]) == MESSAGES

        for goal in (20, 45):
            async with running(dsn, sms_url, keys, signal.SIGKILL):
                await until(partial(taken, goal))
        async with running(dsn, sms_url, keys, signal.SIGTERM):
            await until(all_delivered)
        counts = messages.counts()
        delivered = await served.published("notification.delivered")
    assert (counts["messages"], counts["doubled"]) == (MESSAGES, 0)
    assert len({told.data["send_id"] for told in delivered}) == len(delivered) == MESSAGES
