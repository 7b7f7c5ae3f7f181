"""`huifang rebuild`: a projection made anew from the events that were kept."""

import asyncio
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from deploy.backup import installation
from deploy.commands._backup import Progress, telling
from deploy.local.settings import LocalSettings
from deploy.rebuild.analytics import RebuildImpossible, Rebuilding
from shared.clock import SystemClock

DIFFERS = 4
app = typer.Typer(no_args_is_help=True, help="重建：用各服务存档的事件重新计算。")


@app.callback()
def rebuild() -> None:
    """用各服务存档的事件重新计算。"""


@app.command()
def analytics(
    switch: Annotated[bool, typer.Option("--switch", help="算好后换上；不写则只比较")] = False,
    databases: Annotated[
        Path | None, typer.Option(help="每个服务一个 <服务>.dsn 文件的目录；不填则是本机运行中的平台")
    ] = None,
) -> None:
    """重算统计分析的指标和时间线，与在用的比较；服务照常运行。与在用的不同、又没有换上时，退出码为 4。"""
    with telling():
        dsns = (
            installation.dsns_in(databases) if databases else installation.here(LocalSettings.from_environment()).dsns
        )
        with Progress("重算", "个事件") as progress:
            try:
                told = asyncio.run(Rebuilding(dsns, SystemClock(), partial(progress.reached, "analytics")).run(switch))
            except RebuildImpossible as error:
                typer.secho(str(error), fg="red", err=True)
                raise typer.Exit(1) from error
    typer.echo(f"重算了 {told.events:,} 个事件")
    for table, (ours, theirs) in told.differing.items():
        typer.echo(f"  {table}：在用的有 {ours:,} 行、重算的有 {theirs:,} 行与对方不同")
    if not told.differing:
        typer.echo("与在用的完全一致")
    if told.switched:
        typer.echo("已换上重算的")
    elif told.differing:
        raise typer.Exit(DIFFERS)
