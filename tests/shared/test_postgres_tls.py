"""PostgreSQL with TLS, on a real server that takes nothing else: the embedded one is built without."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg
import pytest
import stamina
from sqlalchemy.exc import DBAPIError

from services.complaints.app import create_app
from services.complaints.settings import ComplaintsSettings
from shared import migrations
from shared.clock import ManualClock
from shared.db import engine_for
from shared.embedded import postgres
from shared.embedded.processes import free_port
from shared.observability.metrics import CERTIFICATE_ENDS
from shared.observability.storage import ends_of, measure_storage
from shared.testing import Served, serve
from shared.testing.figures import figure
from tests.certificates import certificate
from tests.patience import PATIENCE

SERVERS = [*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True), *map(Path, os.get_exec_path())]
SERVER = next((folder for folder in SERVERS if (folder / "initdb").exists() and (folder / "postgres").exists()), None)
ADMITTED = """
hostssl all postgres 127.0.0.1/32 scram-sha-256
hostssl all trusted  127.0.0.1/32 cert
"""

pytestmark = pytest.mark.skipif(
    SERVER is None, reason="no PostgreSQL built with TLS on this machine: the Debian package `postgresql` has one"
)


@dataclass(frozen=True)
class Secure:
    """A server that admits nobody without TLS; in `folder` lie `server.crt`, `trusted.crt` and `trusted.pem`."""

    server: postgres.PostgresServer
    folder: Path

    def dsn(self, mode: str, authority: str = "server", more: str = "", **user: str) -> str:
        return f"{self.server.dsn(**user)}?sslmode={mode}&sslrootcert={self.folder / authority}.crt{more}"


@pytest.fixture(scope="module")
def secure() -> Iterator[Secure]:
    with pytest.MonkeyPatch.context() as patched, TemporaryDirectory(prefix="huifang-tls-") as made:
        patched.setattr(postgres, "POSTGRES_BIN_PATH", SERVER)
        folder = Path(made)
        for name in ("server", "trusted", "stranger"):
            certificate(folder, name)
        server = postgres.PostgresServer(folder / "postgres", free_port(), "a-password-of-tests", durable=False)
        server.prepare()
        for name in ("server.pem", "trusted.crt"):
            shutil.copy(folder / name, server.data / name)
        (server.data / "server.pem").chmod(0o600)
        settings = "ssl = on\nssl_cert_file = 'server.pem'\nssl_key_file = 'server.pem'\nssl_ca_file = 'trusted.crt'\n"
        main = server.data / "postgresql.conf"
        main.write_text(main.read_text() + settings)
        (server.data / "pg_hba.conf").write_text(ADMITTED)
        for path in (server.data, *server.data.iterdir()):
            if (user := server.process_options().get("user")) is not None:
                os.chown(path, user, user)
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(server.command(), stdout=log, stderr=log, **server.process_options())
            try:
                ours = Secure(server, folder)
                asyncio.run(add_user(ours.dsn("verify-full")))
                yield ours
            finally:
                process.terminate()
                process.wait()


@stamina.retry(
    on=(OSError, asyncpg.CannotConnectNowError), timeout=PATIENCE, wait_initial=0.1, wait_max=0.3, attempts=None
)
async def admitted(dsn: str) -> asyncpg.Connection:
    """A connection, once the server has come up."""
    return await asyncpg.connect(dsn)


async def add_user(dsn: str) -> None:
    connection = await admitted(dsn)
    await connection.execute("CREATE ROLE trusted LOGIN")
    await connection.close()


@stamina.retry(on=AssertionError, timeout=PATIENCE, wait_initial=0.05, wait_max=0.2, attempts=None)
async def relays(served: Served) -> None:
    """The relay has connections of its own: with them it holds shards."""
    assert served.runtime.relay.shards, served.runtime.relay.last_error


async def told(dsn: str) -> tuple[bool, str]:
    """(whether the connection is encrypted, the name of the client's certificate), as the server sees it."""
    engine = engine_for(dsn, 1, "test")
    try:
        async with engine.connect() as connection:
            row = await connection.exec_driver_sql(
                "SELECT ssl, coalesce(client_dn, '') FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
            )
            found: tuple[bool, str] = tuple(row.one())
            return found
    finally:
        await engine.dispose()


async def test_rows_travel_encrypted_to_a_server_whose_certificate_was_checked(secure: Secure) -> None:
    assert await told(secure.dsn("verify-full")) == (True, "")


@pytest.mark.parametrize(
    ("mode", "authority", "host"),
    [
        ("verify-full", "stranger", "127.0.0.1"),  # somebody else's server
        ("verify-full", "server", "localhost"),  # the certificate is for another name
        ("disable", "server", "127.0.0.1"),  # the server takes no clear text
    ],
)
async def test_another_server_another_name_and_clear_text_are_refused(
    secure: Secure, mode: str, authority: str, host: str
) -> None:
    with pytest.raises((OSError, DBAPIError)):
        await told(secure.dsn(mode, authority).replace("127.0.0.1", host, 1))


async def test_a_client_certificate_takes_the_place_of_a_password(secure: Secure) -> None:
    own = f"&sslcert={secure.folder}/trusted.crt&sslkey={secure.folder}/trusted.pem"
    assert await told(secure.dsn("verify-full", more=own, user="trusted")) == (True, "/CN=trusted")
    with pytest.raises((OSError, DBAPIError)):
        await told(secure.dsn("verify-full", user="trusted"))


@pytest.mark.parametrize("by", ["the DSN", "libpq's variables, as in the chart"])
async def test_a_service_migrates_and_does_its_work_over_tls_and_tells_when_the_certificate_ends(
    secure: Secure, by: str, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    dsn = secure.dsn("verify-full")
    if by != "the DSN":
        dsn = secure.server.dsn()
        monkeypatch.setenv("PGSSLMODE", "verify-full")
        monkeypatch.setenv("PGSSLROOTCERT", str(secure.folder / "server.crt"))
    await asyncio.to_thread(migrations.upgrade, "complaints", dsn)
    CERTIFICATE_ENDS.clear()
    async with serve(create_app, ComplaintsSettings, dsn, clock=clock, loops=["relay"]) as served:
        async with served.client("supervisor") as client:
            answer = await client.get("/api/v1/cases")
        assert answer.status_code == 200, answer.text
        await relays(served)
        await measure_storage(served.runtime)
    ends = figure("huifang_certificate_ends_timestamp_seconds", service="complaints", file="server.crt")
    assert ends == ends_of((secure.folder / "server.crt").read_bytes()).timestamp()
