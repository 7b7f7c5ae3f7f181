"""`huifang reconcile`."""

import asyncio
import json
from typing import Annotated

import asyncpg
import typer
from rich.console import Console

from deploy.local.runfiles import read_run
from deploy.local.settings import LocalSettings
from deploy.reconcile.recount import Result, reconcile
from deploy.reconcile.report import as_json, show
from deploy.reconcile.topics import TopicTruncated
from shared.messaging.broker import BrokerUnavailable

MISMATCH = 1
CANNOT_TELL = 2
DRIVER_ERRORS = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
UNREADABLE = (BrokerUnavailable, TopicTruncated, OSError, *DRIVER_ERRORS)

app = typer.Typer(help="对账：从六个数据库和全部主题重算漏斗，逐条指出不符。")


@app.callback(invoke_without_command=True)
def main(
    settle: Annotated[float, typer.Option(help="最多等待在途工作多少秒")] = 60,
    as_json_: Annotated[bool, typer.Option("--json", help="输出 JSON")] = False,
) -> None:
    """全部一致时退出码为 0，有不符为 1，无法对账为 2。"""
    console, progress = Console(), Console(stderr=True)
    run = read_run(LocalSettings.from_environment())
    if run is None:
        progress.print("[red]平台没有运行（找不到 run.json），请先执行 make run[/]", soft_wrap=True)
        raise typer.Exit(CANNOT_TELL)
    try:
        with progress.status("读取数据库与主题") as status:
            result: Result = asyncio.run(reconcile(run, settle, status.update))
    except UNREADABLE as error:
        progress.print(f"[red]无法对账：{error}[/]", highlight=False, soft_wrap=True)
        raise typer.Exit(CANNOT_TELL) from error
    if as_json_:
        typer.echo(json.dumps(as_json(result), ensure_ascii=False, indent=2))
    else:
        show(result, console)
    raise typer.Exit(0 if result.agrees else MISMATCH)
