"""`huifang rebuild`: a projection made anew from the events that were kept."""

import asyncio
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from deploy.backup import installation
from deploy.commands._backup import Progress, telling
from deploy.local.settings import LocalSettings
from deploy.rebuild import projections
from deploy.rebuild.projections import Projection
from deploy.rebuild.rebuilding import RebuildImpossible, Rebuilding, Rebuilt
from shared.clock import SystemClock

DIFFERS = 4
app = typer.Typer(no_args_is_help=True, help="重建：用各服务存档的事件重新计算。")


@app.callback()
def rebuild() -> None:
    """用各服务存档的事件重新计算。"""


Switch = Annotated[bool, typer.Option("--switch", help="算好后换上；不写则只比较")]
Databases = Annotated[Path | None, typer.Option(help="每个服务一个 <服务>.dsn 文件的目录；不填则是本机运行中的平台")]
NOTE = "服务照常运行。与在用的不同、又没有换上时，退出码为 4。"


@app.command(help=f"重算统计分析的指标和时间线，与在用的比较；{NOTE}")
def analytics(switch: Switch = False, databases: Databases = None) -> None:
    _rebuild([projections.ANALYTICS], switch, databases)


@app.command(help=f"重算通知服务所知的客户联系方式，与在用的比较；{NOTE}")
def contacts(switch: Switch = False, databases: Databases = None) -> None:
    _rebuild([projections.CONTACTS], switch, databases)


@app.command(help=f"重算调度服务所知的投诉状态（有未结投诉的客户不回访），与在用的比较；{NOTE}")
def cases(switch: Switch = False, databases: Databases = None) -> None:
    _rebuild([projections.CASES], switch, databases)


@app.command(help=f"重算各服务所存的单位、访问密钥、官方日历和班次，与在用的比较；{NOTE}")
def copies(switch: Switch = False, databases: Databases = None) -> None:
    _rebuild(projections.COPIES, switch, databases)


def _rebuild(wanted: Sequence[Projection], switch: bool, databases: Path | None) -> None:
    with telling():
        dsns = (
            installation.dsns_in(databases) if databases else installation.here(LocalSettings.from_environment()).dsns
        )
        results = [_one(projection, dsns, switch) for projection in wanted]
    if any(result.differing and not result.switched for result in results):
        raise typer.Exit(DIFFERS)


def _one(projection: Projection, dsns: dict[str, str], switch: bool) -> Rebuilt:
    with Progress("重算", "个事件") as progress:
        rebuilding = Rebuilding(projection, dsns, SystemClock(), partial(progress.reached, projection.service))
        try:
            result = asyncio.run(rebuilding.run(switch))
        except RebuildImpossible as error:
            typer.secho(f"{projection.service}：{error}", fg="red", err=True)
            raise typer.Exit(1) from error
    typer.echo(f"{projection.service}：重算了 {result.events:,} 个事件")
    for table, (ours, theirs) in result.differing.items():
        typer.echo(f"  {table}：在用的有 {ours:,} 行、重算的有 {theirs:,} 行与对方不同")
    if not result.differing:
        typer.echo("  与在用的完全一致")
    if result.switched:
        typer.echo("  已换上重算的")
    return result
