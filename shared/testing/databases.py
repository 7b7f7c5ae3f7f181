"""A fresh database for every test that asks: cloned from a template that the service's migrations made once."""

import asyncio
import hashlib
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from shared.ids import new_id
from shared.migrations import ROOT, upgrade

_LOCK = 0x48465450


def dsn_of(server: str, database: str) -> str:
    """The DSN of another database on the same server."""
    return urlunsplit(urlsplit(server)._replace(path=f"/{database}"))


class Databases:
    """Clones and drops databases on one server."""

    def __init__(self, server: str) -> None:
        self.server = server
        self.made: list[str] = []
        self.ready: set[str] = set()

    async def clone(self, service: str) -> str:
        """The DSN of a new database with `service`'s schema, or an empty one for ""."""
        name = f"hf_test_{new_id().hex[-16:]}"
        admin = await asyncpg.connect(self.server)
        try:
            if service:
                template = await self._template(admin, service)
                # copying files is several times faster than logging every page, on a server that may lose its data
                await admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
            else:
                await admin.execute(f'CREATE DATABASE "{name}"')
        finally:
            await admin.close()
        self.made.append(name)
        return dsn_of(self.server, name)

    async def _template(self, admin: asyncpg.Connection, service: str) -> str:
        name = f"hf_tpl_{service}_{_fingerprint(service)}"
        if name in self.ready:
            return name
        await admin.execute("SELECT pg_advisory_lock($1)", _LOCK)
        try:
            if not await admin.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
                building = f"hf_build_{new_id().hex[-12:]}"
                await admin.execute(f'CREATE DATABASE "{building}"')
                await asyncio.to_thread(upgrade, service, dsn_of(self.server, building))
                await admin.execute(f'ALTER DATABASE "{building}" RENAME TO "{name}"')
        finally:
            await admin.execute("SELECT pg_advisory_unlock($1)", _LOCK)
        self.ready.add(name)
        return name

    async def drop_all(self) -> None:
        """Drop every clone made."""
        if not self.made:
            return
        admin = await asyncpg.connect(self.server)
        try:
            while self.made:
                await admin.execute(f'DROP DATABASE IF EXISTS "{self.made.pop()}" WITH (FORCE)')
        finally:
            await admin.close()


def _fingerprint(service: str) -> str:
    """Changes whenever a migration (or the core tables) does."""
    digest = hashlib.sha256()
    folder = ROOT / "services" / service / "migrations" / "versions"
    for path in [*sorted(folder.glob("*.py")), Path(__file__).parents[1] / "messaging" / "tables.py"]:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
