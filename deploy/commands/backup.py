"""`huifang backup DIR`: all six databases as they are at one moment."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from deploy.backup import installation, keys
from deploy.backup.manifest import BackupUnusable
from deploy.backup.take import take
from deploy.commands._backup import Progress, telling
from deploy.local.settings import LocalSettings
from shared.clock import SystemClock

Folder = Annotated[Path, typer.Argument(help="备份写入的目录，须是新的或空的")]
Databases = Annotated[Path | None, typer.Option(help="每个服务一个 <服务>.dsn 文件的目录；不填则是本机运行中的平台")]
Files = Annotated[
    Path | None, typer.Option(help="与 --databases 同用：照片与签名所在的目录（HUIFANG_FILES）；存储桶请用其自身的备份")
]
Keys = Annotated[
    Path | None, typer.Option("--keys", help="本机平台的密钥另存到这个文件，须在备份目录之外；不要与备份放在一处")
]


def command(folder: Folder, databases: Databases = None, files: Files = None, keys_to: Keys = None) -> None:
    """备份六个数据库的同一时刻。平台照常运行；写入者只在取得同一时刻时稍等（通常不到一秒）。数据密钥不在备份里。"""
    settings = LocalSettings.from_environment()
    with telling():
        found = installation.given(databases, files) if databases else installation.here(settings)
        if keys_to:
            if databases:
                raise BackupUnusable("--keys 只用于本机平台；用 --databases 时密钥由您自己保管")
            keys.require_apart(keys_to, folder)
        with Progress("备份") as progress:
            manifest = asyncio.run(
                take(found.dsns, folder, found.data_key, SystemClock(), found.clock, progress.moved, found.files)
            )
        if keys_to:
            keys.write_keys(settings, keys_to)
    size = sum(table.bytes for copy in manifest.services.values() for table in copy.tables.values())
    typer.echo(f"{folder}\t{manifest.rows:,} 行\t{size / 2**20:,.1f} MiB\t写入者等待 {manifest.paused_ms} 毫秒")
    if manifest.files:
        typer.echo(f"照片与签名 {len(manifest.files):,} 个")
    typer.echo(f"时刻 {manifest.moment:%Y-%m-%d %H:%M:%S} UTC；此后受理的事实不在其中，恢复后请来源系统重发")
    if keys_to:
        typer.echo(f"密钥 {keys_to}；请与备份分开保管，没有它号码无法解封")
