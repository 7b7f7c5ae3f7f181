"""Make a backup: a moment in all databases, their rows, the manifest last."""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import asyncpg

from deploy.backup import catalogue
from deploy.backup.beside import copy_files
from deploy.backup.copying import copy_out
from deploy.backup.manifest import FORMAT, BackupUnusable, DatabaseCopy, KeptTime, Manifest, write_manifest
from deploy.backup.moment import one_moment
from deploy.local.files import make_private
from shared.clock import Clock

Said = Callable[[str, int], None]
"""Hears of a table, "visits.attempt", and of bytes of its rows as they are moved."""


async def take(
    dsns: Mapping[str, str],
    folder: Path,
    data_key: str,
    clock: Clock,
    kept_time: KeptTime | None,
    said: Said,
    files: Path | None = None,
) -> Manifest:
    """Write a backup of the databases into `folder`, which must be new or empty; `data_key` is a fingerprint, `files` the
    folder of what lies beside the databases.

    Raises BackupUnusable, `moment.NoMoment`, OSError and asyncpg's errors; a folder without a manifest is no backup.
    """
    _make_new(folder)
    async with one_moment(dsns, clock) as moment:
        copies = await asyncio.gather(
            *(_copy(service, reader, folder, said) for service, reader in moment.readers.items())
        )
        beside = await asyncio.to_thread(copy_files, files, folder) if files else {}
    manifest = Manifest(
        format=FORMAT,
        version=platform_version(),
        moment=moment.at,
        paused_ms=round(moment.paused * 1000),
        data_key=data_key,
        clock=kept_time,
        services=dict(zip(dsns, copies, strict=True)),
        files=beside,
    )
    write_manifest(folder, manifest)
    return manifest


def _make_new(folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()):
        raise BackupUnusable(f"{folder} 不是空目录；备份不会覆盖任何文件")
    make_private(folder)


async def _copy(service: str, reader: asyncpg.Connection, folder: Path, said: Said) -> DatabaseCopy:
    own = folder / service
    make_private(own)
    tables = {}
    for table, columns in (await catalogue.tables_of(reader)).items():
        tables[table] = await copy_out(reader, table, columns, own, partial(said, f"{service}.{table}"))
    return DatabaseCopy(
        revision=await catalogue.revision_of(reader),
        server=await catalogue.server_of(reader),
        tables=tables,
        days=await catalogue.days_of(reader),
        sequences=await catalogue.sequences_of(reader),
    )


def platform_version() -> str:
    """Of the installed package; of a checkout what it would be installed as is not known."""
    try:
        return version("huifang")
    except PackageNotFoundError:
        return "checkout"
