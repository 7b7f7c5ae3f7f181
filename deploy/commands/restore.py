"""`huifang restore DIR`: a backup into empty databases and an empty Kafka."""

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from deploy.backup import installation, keys, putback
from deploy.backup.beside import put_files, require_room
from deploy.backup.kafka import EVER, publish_again, require_empty
from deploy.backup.manifest import BackupUnusable, Manifest, fingerprint
from deploy.commands._backup import Progress, telling
from deploy.local.settings import LocalSettings
from shared.messaging.broker import BrokerUnavailable
from shared.zone import ORG_ZONE


def command(
    folder: Annotated[Path, typer.Argument(help="huifang backup 写成的目录")],
    databases: Annotated[Path | None, typer.Option(help="每个服务一个 <服务>.dsn 文件的目录；不填则是本机平台")] = None,
    files: Annotated[Path | None, typer.Option(help="与 --databases 同用：照片与签名恢复到这个目录（须为空）")] = None,
    keys_from: Annotated[Path | None, typer.Option("--keys", help="备份时另存的密钥文件（本机平台）")] = None,
    since: Annotated[datetime | None, typer.Option(help="只重发此业务时间以后的事件；不填则全部存档")] = None,
    check: Annotated[bool, typer.Option("--check", help="只检查备份是否完整，不写任何东西")] = False,
) -> None:
    """把备份写入空的数据库，并把存档的事件重新发布到空的 Kafka。

    先核对校验和、版本与数据密钥，再写入；六个数据库要么都恢复，要么都不动。
    """
    with telling():
        with Progress("核对") as progress:
            manifest = putback.check(folder, progress.moved)
        typer.echo(f"备份完整：{manifest.rows:,} 行，{manifest.moment:%Y-%m-%d %H:%M:%S} UTC，版本 {manifest.version}")
        if check:
            return
        start = EVER if since is None else since if since.tzinfo else since.replace(tzinfo=ORG_ZONE)
        if databases:
            found = installation.given(databases, files)
            putback.require_key(manifest, found.data_key)
            asyncio.run(_restore(found, folder, manifest, start))
        else:
            _restore_here(LocalSettings.from_environment(), keys_from, folder, manifest, start)
    typer.echo("已恢复。启动服务后请核对：huifang reconcile；并请来源系统重发上述时刻以后的事实")


def _restore_here(
    settings: LocalSettings, keys_from: Path | None, folder: Path, manifest: Manifest, since: datetime
) -> None:
    """Into this machine's platform, which must not exist yet; its servers run for as long as it takes."""
    from deploy.local import control  # with what starts servers, which an image for production does without
    from deploy.local.downloads import set_up
    from deploy.local.lifecycle import Platform
    from deploy.local.report import Report
    from deploy.local.runfiles import supervising

    if keys_from is None:
        raise BackupUnusable("请用 --keys 给出备份时另存的密钥文件")
    kept = keys.read_keys(keys_from)
    putback.require_key(manifest, fingerprint(kept["secrets"]["data"]))
    if there := control.what_reset_deletes(settings):
        raise BackupUnusable(
            f"{settings.var} 中已有平台数据（{there[0].name} …）；请先 make reset，或换一个 HUIFANG_VAR"
        )
    report = Report()
    with supervising(settings):
        set_up(settings, report)
        keys.put_keys(settings, kept, manifest.clock)

        async def work(platform: Platform) -> None:
            here = installation.files_here(settings)
            found = installation.Installation(platform.dsns, manifest.data_key, platform.bootstrap, files=here)
            await _restore(found, folder, manifest, since)

        asyncio.run(Platform(settings, report).with_servers_alone(work))


async def _restore(found: installation.Installation, folder: Path, manifest: Manifest, since: datetime) -> None:
    if manifest.files and found.files is None:
        raise BackupUnusable("备份里有照片与签名：请用 --files 指明恢复到哪个目录")
    if found.files:
        require_room(manifest.files, found.files)
    await require_empty(found.kafka, found.topic_prefix)
    if found.files:
        put_files(manifest.files, folder, found.files)
    with Progress("恢复") as progress:
        await putback.put_back(found.dsns, folder, manifest, progress.moved)
    try:
        with Progress("重发", unit="件") as progress:
            sent = await publish_again(found.dsns, found.kafka, found.topic_prefix, since, progress.reached)
    except BrokerUnavailable as error:
        raise BackupUnusable(
            f"数据库已恢复，但存档没有全部重发（{error}）；Kafka 可用后请执行 huifang outbox republish（重复执行无害）"
        ) from error
    typer.echo(f"已重发 {sent:,} 件事件")
