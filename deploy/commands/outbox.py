"""`huifang outbox republish`: send archived events to Kafka again, for when Kafka lost them."""

import asyncio
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from deploy.backup import installation
from deploy.backup.kafka import EVER
from deploy.commands._backup import Progress, telling
from deploy.local.settings import SERVICES, LocalSettings
from shared.messaging.kafka import KafkaBroker
from shared.messaging.relay import republish
from shared.settings import ServiceSettings
from shared.zone import ORG_ZONE

app = typer.Typer(no_args_is_help=True, help="发件箱：存档重发。")


@app.callback()
def main() -> None:
    """One sub-command is a group too."""


@app.command("republish")
def republish_command(
    since: Annotated[datetime | None, typer.Option(help="业务时间起点，如 2026-03-01T00:00；不填则全部存档")] = None,
    service: Annotated[str, typer.Option(help="服务名；不填则全部")] = "",
    databases: Annotated[
        Path | None, typer.Option(help="每个服务一个 <服务>.dsn 文件的目录；不填则是本机运行中的平台")
    ] = None,
) -> None:
    """把存档中的事件原样再发一次；已处理过的消费者会跳过。"""
    start = EVER if since is None else since if since.tzinfo else since.replace(tzinfo=ORG_ZONE)
    with telling():
        place = installation.given(databases) if databases else installation.here(LocalSettings.from_environment())
        broker = KafkaBroker(place.kafka, security=ServiceSettings().kafka_security())
        for name in [service] if service else SERVICES:
            with Progress(f"重发 {name}", unit="件") as progress:
                sent = asyncio.run(
                    republish(place.dsns[name], broker, start, place.topic_prefix, partial(progress.reached, name))
                )
            typer.echo(f"{name}\t{sent:,}")
