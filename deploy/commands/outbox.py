"""`huifang outbox republish`: send archived events to Kafka again, for when Kafka lost them."""

import asyncio
from datetime import datetime
from typing import Annotated

import typer

from deploy.local.runfiles import read_run
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
    since: Annotated[datetime, typer.Option(help="业务时间起点，如 2026-03-01T00:00")],
    service: Annotated[str, typer.Option(help="服务名；不填则全部")] = "",
) -> None:
    """把存档中的事件原样再发一次；已处理过的消费者会跳过。"""
    run = read_run(LocalSettings.from_environment())
    if run is None:
        typer.secho("平台没有运行，请先执行 make run", fg="red", err=True)
        raise typer.Exit(1)
    start = since if since.tzinfo else since.replace(tzinfo=ORG_ZONE)
    broker = KafkaBroker(run["kafka"], security=ServiceSettings().kafka_security())
    for name in [service] if service else SERVICES:
        sent = asyncio.run(republish(run["postgres"][name], broker, start))
        typer.echo(f"{name}\t{sent:,}")
