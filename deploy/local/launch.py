"""Two ways to start a process: a program of its own, or a Python function in a process forked from a warm interpreter.

Importing what all services need takes seconds of CPU; six times that on two cores would be most of a start. So one parent
(multiprocessing's fork server) imports the libraries once, and each service is forked from it: its own process, with its
own imports of our code, up in a fraction of the time. The parent imports no code of ours and makes no random numbers:
nothing that two services might share by accident.
"""

import asyncio
import ctypes
import multiprocessing
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from multiprocessing import forkserver
from multiprocessing.context import ForkServerProcess
from typing import Any, BinaryIO, Protocol

WARM = (
    "alembic.op",
    "aiokafka",
    "asyncpg",
    "cryptography.hazmat.primitives.ciphers.aead",
    "fastapi",
    "fastapi.security",
    "httpx",
    "jinja2",
    "jwt",
    "msgspec",
    "orjson",
    "phonenumbers",
    "prometheus_client",
    "pydantic_settings",
    "sqlalchemy.dialects.postgresql.asyncpg",
    "sqlalchemy.ext.asyncio",
    "sqlmodel",
    "stamina",
    "structlog",
    "uvicorn.main",
    "uvloop",
)


_PARENT_DIED = 255  # what multiprocessing reports when the fork server went away


class Running(Protocol):
    """A started process; asyncio's own fits."""

    @property
    def pid(self) -> int: ...

    @property
    def returncode(self) -> int | None:
        """None while it lives, −N when signal N ended it."""
        ...

    async def wait(self) -> int: ...

    def send_signal(self, number: int, /) -> None:
        """Raises ProcessLookupError when it is gone."""
        ...


Launch = Callable[[BinaryIO], Awaitable[Running]]


def program(
    command: Callable[[], Sequence[str]], environment: Mapping[str, str] | None = None, **options: Any
) -> Launch:
    """Runs `command()`; output goes to the file given at start, `options` to Popen."""

    async def launch(log: BinaryIO) -> Running:
        return await asyncio.create_subprocess_exec(
            *command(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, **(environment or {})},
            start_new_session=True,  # Ctrl-C is the supervisor's: it stops them in order
            **options,
        )

    return launch


def forked(name: str, target: Callable[..., None], arguments: Sequence[Any], environment: Mapping[str, str]) -> Launch:
    """Runs `target(*arguments)` in a process of its own, forked from the warm interpreter."""

    async def launch(log: BinaryIO) -> Running:
        process = multiprocessing.get_context("forkserver").Process(
            target=_run, args=(name, log.name, dict(environment), target, arguments), name=name, daemon=False
        )
        await asyncio.to_thread(process.start)
        return _Forked(process)

    return launch


def warm_up() -> None:
    """Start the interpreter that imports the libraries; it does so while others start."""
    multiprocessing.get_context("forkserver").set_forkserver_preload(list(WARM))
    forkserver.ensure_running()


class _Forked:
    def __init__(self, process: ForkServerProcess) -> None:
        self._process = process
        self._ended = asyncio.Event()
        self.pid = int(process.pid or 0)
        loop = asyncio.get_running_loop()
        loop.add_reader(process.sentinel, self._on_end)

    def _on_end(self) -> None:
        asyncio.get_running_loop().remove_reader(self._process.sentinel)
        self._process.join()
        if self._process.exitcode == _PARENT_DIED:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)  # it may live on, with nobody to tell its end
        self._ended.set()

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode if self._ended.is_set() else None

    async def wait(self) -> int:
        await self._ended.wait()
        return int(self._process.exitcode or 0)

    def send_signal(self, number: int, /) -> None:
        if not self._ended.is_set():
            os.kill(self.pid, number)


def _run(
    name: str, log: str, environment: dict[str, str], target: Callable[..., None], arguments: Sequence[Any]
) -> None:
    """The forked process's life."""
    os.setsid()
    output = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.dup2(output, sys.stdout.fileno())
    os.dup2(output, sys.stderr.fileno())
    os.close(output)
    os.environ.update(environment)
    _show_as(name)
    target(*arguments)


def _show_as(name: str) -> None:
    """What `ps -o comm` and `top` show; Linux only, elsewhere the pid in run.json has to do."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(15, f"hf-{name}".encode()[:15], 0, 0, 0)
