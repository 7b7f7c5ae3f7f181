"""Put a backup back: everything is checked before anything is changed, and all databases are filled or none."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

import asyncpg

from deploy.backup import catalogue
from deploy.backup.beside import require_whole_files
from deploy.backup.copying import copy_in, require_whole
from deploy.backup.manifest import BackupUnusable, DatabaseCopy, Manifest, read_manifest
from deploy.local.settings import SERVICES
from shared import migrations
from shared.db import driver_dsn, engine_for
from shared.messaging.partitions import Partitions

Said = Callable[[str, int], None]
# what migrations fill; any other row means that the database is in use
SEEDED = frozenset({"source", "policy_book", "draw_closing"})
_SERVED = """
    SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'huifang-%'
"""


def check(folder: Path, said: Said) -> Manifest:
    """Read the whole backup. Raises BackupUnusable for one that is damaged, incomplete or of newer software."""
    manifest = read_manifest(folder)
    if missing := set(SERVICES) - manifest.services.keys():
        raise BackupUnusable(f"备份不完整：缺少 {'、'.join(sorted(missing))}")
    for service, copy in manifest.services.items():
        _require_known_revision(service, copy, manifest)
        for table, one in copy.tables.items():
            require_whole(folder / one.file, one)
            said(f"{service}.{table}", one.bytes)
    require_whole_files(manifest.files, folder)
    return manifest


def _require_known_revision(service: str, copy: DatabaseCopy, manifest: Manifest) -> None:
    if copy.revision not in migrations.revisions(service):
        raise BackupUnusable(
            f"备份来自更新的版本（{manifest.version}）：{service} 的表结构 {copy.revision} 本程序不认识，请先升级程序"
        )


def require_key(manifest: Manifest, fingerprint: str) -> None:
    """Raises BackupUnusable when another data key sealed the backup: its phones could never be read again."""
    if manifest.data_key != fingerprint:
        raise BackupUnusable(
            "数据密钥不是备份时的那一把：恢复后号码无法解封。请用 --keys 或 HUIFANG_DATA_KEY_FILE 给出原密钥"
        )


async def put_back(dsns: Mapping[str, str], folder: Path, manifest: Manifest, said: Said) -> None:
    """Fill the databases, which must be unused, all or none, and bring them to the newest schema.

    May be repeated after it was interrupted. Raises BackupUnusable before anything is changed when a database is in use.
    """
    for service, dsn in dsns.items():
        async with _connected(dsn) as connection:
            await _require_unused(connection, service)
    for service, copy in manifest.services.items():
        await _make_schema(service, dsns[service], copy)
    async with AsyncExitStack() as stack:
        filling = {name: await stack.enter_async_context(_connected(dsns[name])) for name in manifest.services}
        for connection in filling.values():
            await connection.execute("BEGIN")
        await asyncio.gather(
            *(_put_rows(name, filling[name], copy, folder, said) for name, copy in manifest.services.items())
        )
        for connection in filling.values():  # only now: one that is cut off before leaves all of them unused
            await connection.execute("COMMIT")
    for service, dsn in dsns.items():
        await asyncio.to_thread(migrations.upgrade, service, dsn)


async def _require_unused(connection: asyncpg.Connection, service: str) -> None:
    if await connection.fetchval(_SERVED):
        raise BackupUnusable(f"{service} 的数据库正有服务在用，请先停止服务")
    for table in (await catalogue.tables_of(connection)).keys() - SEEDED:
        if await connection.fetchval(f'SELECT EXISTS (SELECT 1 FROM "{table}")'):  # noqa: S608 - its own catalogue
            raise BackupUnusable(f"{service} 的数据库不是空的（表 {table} 有数据）；恢复只写入空数据库")


async def _make_schema(service: str, dsn: str, copy: DatabaseCopy) -> None:
    """The tables as they were then, made by this version's migrations, whatever unused tables there were."""
    async with _connected(dsn) as connection:
        await connection.execute("DROP SCHEMA IF EXISTS public CASCADE; CREATE SCHEMA public")
    await asyncio.to_thread(migrations.upgrade, service, dsn, copy.revision)
    engine = engine_for(dsn, 1, "restore", command_timeout=None)
    try:
        for table, days in copy.days.items():
            await Partitions(engine).ensure(table, days)
    finally:
        await engine.dispose()


async def _put_rows(service: str, connection: asyncpg.Connection, copy: DatabaseCopy, folder: Path, said: Said) -> None:
    tables = await catalogue.tables_of(connection)
    if unknown := copy.tables.keys() - tables.keys():
        raise BackupUnusable(f"备份里有表结构 {copy.revision} 没有的表：{'、'.join(sorted(unknown))}")
    triggered = await catalogue.triggered_tables(connection)
    for table in triggered:
        await connection.execute(f'ALTER TABLE "{table}" DISABLE TRIGGER USER')
    for table in SEEDED & tables.keys():
        await connection.execute(f'DELETE FROM "{table}"')  # noqa: S608 - a constant
    for table in tables:
        if table in copy.tables:
            await copy_in(connection, table, copy.tables[table], folder, partial(said, f"{service}.{table}"))
    for sequence, last in copy.sequences.items():
        await connection.execute("SELECT setval($1::text::regclass, $2::bigint)", sequence, last)
    for table in triggered:
        await connection.execute(f'ALTER TABLE "{table}" ENABLE TRIGGER USER')


@asynccontextmanager
async def _connected(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(
        driver_dsn(dsn),
        timeout=10,
        server_settings={"application_name": "restore", "timezone": "UTC", "datestyle": "ISO"},
    )
    try:
        yield connection
    finally:
        await connection.close()
