"""The workbench under load: agents with a page open each, who call a customer a minute, ten times what people do.

A page of an agent who works has a stream, and asks for its queue, and for what has changed of the visit in hand, when it is
nudged. One that is only open asks every four seconds, as pages do that can have no stream. A call is what the page really asks
for: claim, sheet, the customer's column, dial, three answers, hang up, result. The rest of the minute the agent talks. HTTP is
written by hand, for the client must cost less than what it measures.
"""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import yaml

from bench.harness import Servers
from services.visits.app import create_app
from services.visits.settings import VisitsSettings
from shared.clock import SystemClock
from shared.contracts.registry import topics
from shared.embedded.processes import free_port
from shared.messaging.kafka import KafkaBroker
from shared.principal import Principal, Role
from shared.privacy import Sealer
from shared.safety import read_data_key
from shared.sessions import COOKIE, Signer, open_session
from shared.testing import serve
from shared.testing.events import event, example
from shared.testing.served import DATA_KEY

AGENTS = int(os.environ.get("HUIFANG_BENCH_AGENTS", "200"))
SECONDS = float(os.environ.get("HUIFANG_BENCH_AGENT_SECONDS", "60"))
CUSTOMERS = AGENTS * 30
POLL, SELDOM, CALL_EVERY, THINK = 4.0, 30.0, 60.0, 4.0
KEPT = 2.0  # seconds a connection without use is trusted: the service ends it soon after
QUESTIONNAIRE = Path(__file__).parents[1] / "deploy" / "packs" / "r01-gas" / "questionnaires" / "gas-service.yaml"
ANSWERS = {
    "conduct": "yes",
    "attitude": "good",
    "guidance": "clear",
    "convenience": "fast",
    "satisfaction": "satisfied",
}


@dataclass
class Page:
    """A browser's page of one agent: a connection that is kept, and how long each answer took, in seconds."""

    port: int
    cookie: str
    took: list[float] = field(default_factory=list)

    async def open(self) -> "Page":
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.used = time.perf_counter()
        return self

    async def ask(self, method: str, path: str, body: Any = None, etag: str = "") -> tuple[int, str, bytes]:
        """Status, entity tag and body of an answer."""
        if time.perf_counter() - self.used > KEPT:
            self.writer.close()
            await self.open()
        sent = b"" if body is None else json.dumps(body).encode()
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: localhost:{self.port}\r\nOrigin: http://localhost:{self.port}\r\n"
            f"Cookie: {COOKIE}={self.cookie}\r\nContent-Type: application/json\r\nContent-Length: {len(sent)}\r\n"
            + (f"If-Match: {etag}\r\n" if etag else "")
            + "\r\n"
        )
        started = time.perf_counter()
        self.writer.write(head.encode() + sent)
        answer = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        named = dict(line.split(": ", 1) for line in answer.split("\r\n")[1:] if ": " in line)
        fields = {name.lower(): value for name, value in named.items()}
        told = await self.reader.readexactly(int(fields.get("content-length", "0")))
        self.used = time.perf_counter()
        self.took.append(self.used - started)
        status = int(answer.split(" ", 2)[1])
        assert status < 400, (method, path, status, told[:300])
        return status, fields.get("etag", ""), told

    @asynccontextmanager
    async def stream(self, path: str) -> AsyncIterator[asyncio.StreamReader]:
        """A connection of its own, from which events are read."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(
            f"GET {path} HTTP/1.1\r\nHost: localhost:{self.port}\r\nCookie: {COOKIE}={self.cookie}\r\n\r\n".encode()
        )
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        yield reader
        writer.close()


@dataclass
class Agent:
    """Somebody at the workbench; the page asks beside what they do, so it has a connection of its own."""

    own: Page
    page: Page
    number: int
    visit: str = ""

    async def look(self, until: float) -> None:
        """What a page without a stream asks for by itself."""
        await asyncio.sleep(POLL * (self.number % 97) / 97)
        while time.perf_counter() < until:
            began = time.perf_counter()
            await self._ask_again("queue notices")
            await asyncio.sleep(max(0.0, POLL - (time.perf_counter() - began)))

    async def follow(self, until: float) -> None:
        """What a page asks for that is nudged."""
        await asyncio.sleep(POLL * (self.number % 97) / 97)
        async with self.page.stream("/agent/live") as stream:
            asked = time.perf_counter()
            while (now := time.perf_counter()) < until:
                try:
                    line = await asyncio.wait_for(stream.readline(), max(0.0, min(until, asked + SELDOM) - now))
                except TimeoutError:
                    asked = time.perf_counter()
                    await self._ask_again("queue notices")
                else:
                    assert line, "the stream has ended"
                    if line.startswith(b"data: "):
                        await self._ask_again(line.decode())

    async def _ask_again(self, parts: str) -> None:
        if "queue" in parts:
            await self.page.ask("GET", "/agent/queue?tab=open")
        if "notices" in parts and self.visit:
            await self.page.ask("GET", f"/agent/visits/{self.visit}/notices")

    async def call(self, until: float) -> None:
        """One customer after the other."""
        await asyncio.sleep(CALL_EVERY * (self.number % 199) / 199)
        while time.perf_counter() < until:
            began = time.perf_counter()
            await self._one()
            await asyncio.sleep(max(0.0, CALL_EVERY - (time.perf_counter() - began)))

    async def _one(self) -> None:
        _, _, told = await self.own.ask("POST", "/api/v1/visits/claim", {"limit": 1})
        card = json.loads(told)["items"][0]
        own = f"/api/v1/visits/{card['id']}"
        _, tag, _ = await self.own.ask("GET", f"/agent/visits/{card['id']}")
        self.page_visit(card["id"])
        await self.own.ask("GET", f"/agent/visits/{card['id']}/aside")
        await self.own.ask("POST", f"{own}/dial")
        _, tag, _ = await self.own.ask("GET", f"/agent/visits/{card['id']}")
        given: dict[str, str] = {}
        for number, (question, answer) in enumerate(ANSWERS.items()):
            given[question] = answer
            if number % 2 == 0:
                await asyncio.sleep(THINK)
                _, tag, _ = await self.own.ask("PUT", f"{own}/answers", {"answers": given}, tag)
        await self.own.ask("POST", f"{own}/hang-up")
        self.page_visit("")
        await self.own.ask("POST", f"{own}/attempts", {"result": "completed", "answers": given})

    def page_visit(self, visit: str) -> None:
        self.visit = visit


@dataclass
class Load:
    """What a run came to: the answers' times in ms, sorted, and the service's CPU in ms for an agent and minute."""

    took: list[float]
    cpu: float

    def at(self, share: float) -> float:
        return self.took[min(len(self.took) - 1, int(len(self.took) * share))]


Measured = Callable[[bool], Awaitable[Load]]


@asynccontextmanager
async def workbench(servers: Servers) -> AsyncIterator[Measured]:
    """A visits process with a queue of customers; `await run(True)` lets the agents work, each nudged; `run(False)`
    leaves pages open that ask every few seconds.
    """
    dsn, prefix, port = await servers.database("visits"), await servers.topic(), free_port()
    await KafkaBroker(servers.bootstrap).ensure_topics({prefix + topic: 4 for topic in topics()})
    await _fill(dsn)
    settings = {"POSTGRES_DSN": dsn, "KAFKA_BOOTSTRAP": servers.bootstrap, "TOPIC_PREFIX": prefix, "DATA_KEY": DATA_KEY}
    environment = os.environ | {f"HUIFANG_{name}": value for name, value in settings.items()}
    command = [sys.executable, "-m", "deploy.local.serve", "visits", str(port)]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    try:
        while not await _answers(port):
            assert process.poll() is None
            await asyncio.sleep(0.1)
        yield lambda working: _run(port, process.pid, working)
    finally:
        process.terminate()
        process.wait(20)


async def _answers(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


async def _fill(dsn: str) -> None:
    """Customers to call, of several teams, as the scheduler releases them."""
    async with serve(create_app, VisitsSettings, dsn, clock=SystemClock()) as visits:
        async with visits.client("policy_owner") as author:
            definition = yaml.safe_load(QUESTIONNAIRE.read_text())
            assert (await author.post("/api/v1/questionnaires", json=definition)).is_success
        token = Sealer.from_text(DATA_KEY).seal_phone("+8613800138000")
        whole = example("followup.released", questionnaire="gas-service", hours=None, deadline_at=None)
        for start in range(0, CUSTOMERS, 1000):
            events = []
            for number in range(start, min(start + 1000, CUSTOMERS)):
                customer = {**whole["customer"], "id": f"C{number}", "phone": token}
                data = {**whole, "task_id": f"T{number}", "customer": customer, "team": f"team-{number % 4}"}
                events.append(event("followup.released", data, key=f"C{number}", lineage=f"lineage-{number}"))
            await visits.deliver(*events)


async def _run(port: int, pid: int, working: bool) -> Load:
    signer, clock = Signer(read_data_key(DATA_KEY)), SystemClock()
    agents = []
    for number in range(AGENTS):
        who = Principal(f"agent-{number}", (Role.AGENT,), f"坐席{number}", teams=(f"team-{number % 4}",))
        cookie = signer.sign(open_session(who, "", clock.machine()))
        own, page = await Page(port, cookie).open(), await Page(port, cookie).open()
        agents.append(Agent(own, page, number))
        await own.ask("GET", "/agent")
        own.took.clear()
    service = psutil.Process(pid)
    before, started = service.cpu_times(), time.perf_counter()
    until = started + SECONDS
    loops = [each.follow(until) if working else each.look(until) for each in agents]
    loops += [each.call(until) for each in agents if working]
    await asyncio.gather(*loops)
    after, minutes = service.cpu_times(), (time.perf_counter() - started) / 60
    for each in agents:
        each.own.writer.close()
        each.page.writer.close()
    took = sorted(seconds * 1000 for each in agents for seconds in (*each.own.took, *each.page.took))
    spent = (after.user + after.system) - (before.user + before.system)
    return Load(took, spent * 1000 / AGENTS / minutes)
