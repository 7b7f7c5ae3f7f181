"""A service as a process of its own, as in production: what it has in use and how long it is held is its own.

In the tests' process stand hundreds of other tests' things, and the client that attacks takes memory too.
"""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from deploy.local.settings import ROOT
from shared.clock import SystemClock
from shared.embedded.processes import free_port
from shared.server import BoundedProtocol
from shared.testing.databases import Databases
from shared.testing.served import DATA_KEY, keys_in
from tests.architecture.parts import SETTINGS, create_app, settings_class
from tests.hostile.looks import Look
from tests.patience import PATIENCE

CLOCK = SystemClock()


class OwnProcess:
    """A running service: its process, and where it answers."""

    def __init__(self, service: str, process: Process, port: int, folder: Path) -> None:
        self.service, self.process, self.port = service, process, port
        self._folder = folder
        # the same service unstarted, for what it says of itself
        self.app: FastAPI = create_app(service)(settings_class(service)(data_key=DATA_KEY, **SETTINGS.get(service, {})))

    def client(self, role: str = "admin", **headers: str) -> httpx.AsyncClient:
        """An HTTP client with that role's key. Each request has a connection of its own: the server ends one that is idle for
        5 s, and a client that waits for its turn on a busy machine would send its next request on it just then.
        """
        headers = {"Authorization": f"Bearer test-{role}", **headers}
        limits = httpx.Limits(max_keepalive_connections=0)
        return httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{self.port}", headers=headers, timeout=PATIENCE, limits=limits
        )

    async def look(self) -> Look:
        """What it did since the look before (see `looks.look`)."""
        path = self._folder / "look"
        path.unlink(missing_ok=True)
        self.process.send_signal(signal.SIGUSR1)
        async with asyncio.timeout(PATIENCE):
            while not path.exists():
                assert self.process.returncode is None, self.last_words()
                await CLOCK.sleep(0.01)
        return Look(**json.loads(path.read_text()))

    def last_words(self) -> str:
        return f"{self.service} ended with {self.process.returncode}: {(self._folder / 'log').read_text()[-2_000:]}"


@asynccontextmanager
async def running(
    service: str, dsn: str, folder: Path, head_seconds: float = BoundedProtocol.head_seconds, **settings: Any
) -> AsyncIterator[OwnProcess]:
    """The service's process with its jobs at work; it must live to the end. Whose clients are none that are slow on purpose
    gives them all the time: a machine that pauses between a connection and its request would have the server close it.
    """
    given: dict[str, Any] = {
        "postgres_dsn": dsn,
        "keys_file": keys_in(folder),
        "data_key": DATA_KEY,
        "failed_sign_ins": 1_000_000,
        "consumer_enabled": False,
        "relay_enabled": False,
    }
    given |= SETTINGS.get(service, {}) | settings
    environment = os.environ | {f"HUIFANG_{name.upper()}": str(value) for name, value in given.items()}
    port = free_port()
    program = [sys.executable, "-m", "tests.hostile.watched_process"]
    command = [*program, service, str(port), str(folder / "look"), str(head_seconds)]
    with (folder / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    own = OwnProcess(service, process, port, folder)
    try:
        await _answers(own)
        yield own
        assert process.returncode is None, own.last_words()
    except Exception as error:
        if process.returncode is not None:
            error.add_note(own.last_words())
        raise
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


@asynccontextmanager
async def with_own_database(
    service: str, postgres_server: str, folder: Path, **settings: Any
) -> AsyncIterator[OwnProcess]:
    """The same on a database that is dropped afterwards, for a fixture of many tests."""
    databases = Databases(postgres_server)
    try:
        async with running(service, await databases.clone(service), folder, **settings) as own:
            yield own
    finally:
        await databases.drop_all()


async def _answers(own: OwnProcess) -> None:
    async with asyncio.timeout(PATIENCE), own.client() as client:
        while own.process.returncode is None:
            with suppress(httpx.TransportError):
                if (await client.get("/livez")).status_code == 200:
                    return
            await CLOCK.sleep(0.1)
    raise AssertionError(own.last_words())
