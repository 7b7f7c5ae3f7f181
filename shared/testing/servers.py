"""PostgreSQL and Apache Kafka for a test run: those named by the environment, else embedded ones shared by all workers.

The first worker that needs a server starts it, the last one that leaves stops it. Who uses it is kept in a file below
`var/test/`, under a lock; a user whose process is gone does not count, and a server without users is replaced.
"""

import asyncio
import contextlib
import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

import psutil

from shared.embedded import kafka, postgres
from shared.embedded.kafka import KafkaServer
from shared.embedded.postgres import PostgresServer
from shared.embedded.processes import free_port, stop

_VAR = Path(__file__).parents[2] / "var"
_FOLDER = _VAR / "test"
_started: list[subprocess.Popen[bytes]] = []  # kept: a Popen thrown away while its process runs is a warning


@contextlib.contextmanager
def test_postgres() -> Iterator[str]:
    """The DSN of a superuser on a PostgreSQL that tests may fill: HUIFANG_TEST_POSTGRES_DSN, else an embedded one."""
    if given := os.environ.get("HUIFANG_TEST_POSTGRES_DSN"):
        yield given
        return
    with _shared(_Postgres()) as address:
        yield address


@contextlib.contextmanager
def test_kafka() -> Iterator[str]:
    """The bootstrap address of a Kafka that tests may fill: HUIFANG_TEST_KAFKA, else an embedded one."""
    if given := os.environ.get("HUIFANG_TEST_KAFKA"):
        yield given
        return
    with _shared(_Kafka()) as address:
        yield address


test_postgres.__test__ = test_kafka.__test__ = False  # type: ignore[attr-defined]  # helpers, whatever pytest thinks


class _Kind(Protocol):
    name: str

    def launch(self) -> tuple[subprocess.Popen[bytes], str]:
        """Start the server and wait until it answers; gives its process and address."""
        ...


class _Postgres:
    name = "postgres"

    def launch(self) -> tuple[subprocess.Popen[bytes], str]:
        server = PostgresServer(_FOLDER / self.name, free_port(), postgres.new_password(), durable=False)
        server.prepare()
        process = _spawn(self.name, server.command(), **server.process_options())
        _run(postgres.wait_until_ready(server, seconds=120))
        return process, server.dsn()


class _Kafka:
    name = "kafka"

    def launch(self) -> tuple[subprocess.Popen[bytes], str]:
        server = KafkaServer(_FOLDER / self.name, free_port(), free_port())
        server.prepare(jars=_VAR / "kafka" / "lib")
        process = _spawn(self.name, server.command())
        _run(kafka.wait_until_ready(server.bootstrap, seconds=120))
        return process, server.bootstrap


@contextlib.contextmanager
def _shared(kind: _Kind) -> Iterator[str]:
    address = _enter(kind)
    try:
        yield address
    finally:
        _leave(kind)


def _enter(kind: _Kind) -> str:
    with _state(kind.name) as state:
        users = [pid for pid in state.get("users", []) if psutil.pid_exists(pid)]
        if not users or not psutil.pid_exists(state["pid"]):
            _end(kind.name, state)
            process, address = kind.launch()
            state.clear()
            state |= {"pid": process.pid, "address": address}
        state["users"] = [*users, os.getpid()]
        return str(state["address"])


def _leave(kind: _Kind) -> None:
    with _state(kind.name) as state:
        state["users"] = [pid for pid in state["users"] if pid != os.getpid() and psutil.pid_exists(pid)]
        if not state["users"]:
            _end(kind.name, state)
            state.clear()


def _end(name: str, state: dict[str, Any]) -> None:
    """Stop the server of this state, if it still runs, and drop its data."""
    folder = _FOLDER / name
    with contextlib.suppress(psutil.NoSuchProcess, KeyError):
        process = psutil.Process(state["pid"])
        if any(str(folder) in part for part in process.cmdline()):  # and not somebody who got its pid since
            stop([process], grace=10)
    shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _state(name: str) -> Iterator[dict[str, Any]]:
    _FOLDER.mkdir(parents=True, exist_ok=True)
    path = _FOLDER / f"{name}.json"
    with (_FOLDER / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        state = json.loads(path.read_text()) if path.exists() else {}
        try:
            yield state
        finally:
            path.write_text(json.dumps(state))


def _spawn(name: str, command: list[str], **options: Any) -> subprocess.Popen[bytes]:
    """A process that outlives the worker which starts it."""
    with (_FOLDER / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - our own command
            command, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True, **options
        )
    _started.append(process)
    return process


def _run(task: Coroutine[Any, Any, None]) -> None:
    """Run `task` to its end even where an event loop already runs in this thread."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, task).result()
