"""A served notifications with the real SMS simulator and the real mail sink, all in the test's process, over real sockets."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from deploy.standins import mail, sms
from deploy.standins.behaviour import GOOD, Behaviour
from services.notifications.app import create_app
from services.notifications.settings import NotificationsSettings
from shared.clock import ManualClock
from shared.privacy import Sealer
from shared.testing import Served, serve
from shared.testing.served import DATA_KEY

PACK = Path(__file__).parents[2] / "deploy" / "packs" / "r01-gas" / "templates"
TOKEN = "a-secret-of-the-callback-address"
PHONE = "+8613800138000"
SEALER = Sealer.from_text(DATA_KEY)
SEALED = SEALER.seal(PHONE)


class Announcing(uvicorn.Server):
    """Says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listens = asyncio.Event()

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        self.listens.set()


@asynccontextmanager
async def listening(app: FastAPI) -> AsyncIterator[str]:
    """The app on a free port of this machine."""
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, timeout_graceful_shutdown=1)
    server = Announcing(config)
    task = asyncio.create_task(server.serve())
    await server.listens.wait()
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await task


@dataclass
class World:
    """The service, its providers, and where their messages are."""

    served: Served
    simulator: sms.Simulator
    mailbox: mail.Mailbox
    clock: ManualClock

    async def load_pack(self, *names: str) -> None:
        """Save templates of the demo pack; all without a name."""
        async with self.served.client("policy_owner") as client:
            for path in sorted(PACK.glob("*.yaml")):
                if not names or path.stem in names:
                    answer = await client.post("/api/v1/templates", content=path.read_bytes())
                    assert answer.status_code == 200, answer.text

    async def sends(self, **filters: str) -> list[dict[str, Any]]:
        async with self.served.client("auditor") as client:
            answer = await client.get("/api/v1/sends", params={"limit": 200, **filters})
        assert answer.status_code == 200, answer.text
        return list(answer.json()["items"])

    async def send_out(self) -> None:
        await self.served.run_job("send")

    async def settle(self) -> None:
        await self.served.run_job("settle")

    async def call_back(self) -> None:
        """Let the simulator post the receipts that are due to the service."""
        transport = httpx.ASGITransport(app=self.served.app)
        async with httpx.AsyncClient(transport=transport) as client:
            while await self.simulator.callbacks.post_due(client):
                pass

    async def reply(self, content: str, phone: str = "13800138000") -> bool:
        transport = httpx.ASGITransport(app=self.served.app)
        async with httpx.AsyncClient(transport=transport) as client:
            return await self.simulator.callbacks.reply(client, phone, content)

    def behave(self, **changes: float) -> None:
        self.simulator.behaviour = Behaviour.model_validate(GOOD.model_dump() | changes)


NewWorld = Callable[..., Awaitable[World]]


@pytest.fixture
async def new_world(
    service_dsn: Callable[[str], Awaitable[str]], clock: ManualClock, tmp_path: Path
) -> AsyncIterator[NewWorld]:
    """Makes worlds; settings may be overridden."""
    async with AsyncExitStack() as stack:

        async def make(dsn: str = "", **settings: Any) -> World:
            callback = f"http://service/ingress/v1/sms/aliyun/{TOKEN}"
            provider = sms.create_app(tmp_path / "sms", GOOD, callback, clock, posting=False)
            mailbox = mail.Mailbox(tmp_path / "mail", clock)
            server = await mail.listen(mailbox, "127.0.0.1", 0)
            stack.push_async_callback(server.wait_closed)
            stack.callback(server.close)
            chosen = {
                "sms_url": await stack.enter_async_context(listening(provider)),
                "smtp_url": f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}",
                "sms_callback_token": TOKEN,
                "manager_emails": "duty@example.com,head@example.com",
                "provider_timeout": 1.0,
            } | settings
            dsn = dsn or await service_dsn("notifications")
            served = await stack.enter_async_context(
                serve(create_app, NotificationsSettings, dsn, clock=clock, **chosen)
            )
            return World(served, provider.state.simulator, mailbox, clock)

        yield make


@pytest.fixture
async def world(new_world: NewWorld) -> World:
    return await new_world()


def customer(number: str = "C1", **changes: Any) -> dict[str, Any]:
    return {"id": number, "name": "陈静", "level": "B", "phone": SEALED, "birthday": None} | changes
