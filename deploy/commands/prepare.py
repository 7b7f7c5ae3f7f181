"""`huifang prepare`: bring a deployment's databases to this version's schema and make its topics, before services start."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from deploy.backup import installation
from deploy.commands._backup import telling
from deploy.local.settings import SERVICES
from shared import migrations
from shared.contracts import registry
from shared.messaging.kafka import KafkaBroker
from shared.settings import ServiceSettings


def command(
    databases: Annotated[Path, typer.Option(help="每个服务一个 <服务>.dsn 文件的目录")],
    partitions: Annotated[int, typer.Option(help="缺少的主题各建多少分区；0 为不建主题", min=0, max=1000)] = 0,
    replicas: Annotated[int, typer.Option(help="新建主题的副本数，不超过 Kafka 的节点数", min=1)] = 1,
) -> None:
    """升级六个数据库的表结构，并建立缺少的主题。已由更新版本升级过的表结构保持不变。重复执行不改变任何东西；几个副本同时执行会互相等待。"""
    with telling():
        for service, dsn in installation.dsns_in(databases).items():
            newest = migrations.upgrade(service, dsn)
            typer.echo(f"{service}\t{'表结构已是最新' if newest else '表结构属于更新的版本，保持不变'}")
        if partitions:
            typer.echo(f"主题\t{asyncio.run(_make_topics(partitions, replicas))}")


async def _make_topics(partitions: int, replicas: int) -> int:
    settings = ServiceSettings()
    names = [*registry.topics(), *(f"{service}-dlq" for service in SERVICES)]
    broker = KafkaBroker(settings.kafka_bootstrap, security=settings.kafka_security(), replicas=replicas)
    await broker.ensure_topics({settings.topic_prefix + name: partitions for name in names})
    return len(names)
