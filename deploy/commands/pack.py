"""`huifang pack apply | check | migrate | test | trial`: a pack on a platform, and on its own without any.

What a sub-command needs is imported when it runs: checking a pack must not wait for the platform's libraries.
"""

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="策略包：应用到平台；检查、改写旧写法、测试、试算（不需要平台）。")
Years = Annotated[
    list[Path] | None,
    typer.Option(
        "--year", help="尚未内置的一年放假与调休的文件（同 calendar import），可写多次", exists=True, dir_okay=False
    ),
]
Folder = Annotated[Path, typer.Argument(help="策略包目录", exists=True, file_okay=False)]


class Format(StrEnum):
    TABLE = "table"
    JSONL = "jsonl"


@app.command()
def apply(folder: Folder) -> None:
    """应用整个策略包；内容没有变化的部分不产生新版本。"""
    from deploy.commands._pack_check import check_folder
    from deploy.commands._pack_files import refuse_mistakes
    from deploy.local.contents import PackRefused, apply_pack
    from deploy.local.runfiles import read_run
    from deploy.local.settings import LocalSettings

    run = read_run(LocalSettings.from_environment())
    if run is None:
        typer.secho("平台没有运行，请先执行 make run", fg="red", err=True)
        raise typer.Exit(1)
    refuse_mistakes(check_folder(folder))
    try:
        for line in apply_pack(run, folder):
            typer.echo(line)
    except PackRefused as error:
        typer.secho(str(error), fg="red", err=True)
        raise typer.Exit(1) from error


@app.command()
def check(
    paths: Annotated[list[Path], typer.Argument(help="策略包目录，或其中的文件；可写多个", exists=True)],
) -> None:
    """检查策略包：逐条列出错误所在的文件、行、键和应写的内容。"""
    from deploy.commands._pack_check import check_folder
    from deploy.commands._pack_files import pack_folders, show_problems

    faulty = []
    for folder in pack_folders(paths):
        if show_problems(check_folder(folder)):
            faulty.append(folder.resolve().name)
        else:
            typer.echo(f"策略包 {folder.resolve().name} 没有错误。")
    if faulty:
        typer.secho(f"有错误的策略包：{'、'.join(faulty)}", fg="red", err=True)
        raise typer.Exit(1)


@app.command()
def migrate(
    paths: Annotated[list[Path], typer.Argument(help="策略包目录；可写多个", exists=True, file_okay=False)],
) -> None:
    """把旧写法改成现在的写法（问卷和消息规则的条件）；其余内容和注释不变。"""
    from deploy.commands._pack_migrate import NotMigrated, migrate_folder

    for folder in paths:
        try:
            found = migrate_folder(folder)
        except NotMigrated as error:
            typer.secho(f"策略包 {folder.resolve().name} 没有改动：{error}", fg="red", err=True)
            raise typer.Exit(1) from error
        for path, count in found.items():
            typer.echo(f"{path}：改写了 {count} 处")
        typer.echo(f"策略包 {folder.resolve().name} {'已改写' if found else '没有旧写法'}。")


@app.command("test")
def try_out(
    folder: Folder,
    only: Annotated[str, typer.Option("-k", "--filter", help="只运行条款、名称或文件名含此文字的测试")] = "",
    years: Years = None,
) -> None:
    """运行策略包自带的测试 tests/*.yaml。"""
    from deploy.commands._pack_tests import run_tests

    if not run_tests(folder, only, years or []):
        raise typer.Exit(1)


@app.command()
def trial(
    folder: Folder,
    facts: Annotated[
        Path | None, typer.Option(help="事实文件：每行一个 CloudEvents JSON", exists=True, dir_okay=False)
    ] = None,
    days: Annotated[int, typer.Option(min=0, help="没有事实文件时：运行中的平台最近多少天收到的事实")] = 0,
    since: Annotated[datetime | None, typer.Option("--from", help="只列出此时起的事实的计划")] = None,
    until: Annotated[datetime | None, typer.Option("--to", help="此时及以后的事实不算")] = None,
    form: Annotated[Format, typer.Option("--format", help="表格，或每行一个任务的 JSON")] = Format.TABLE,
    agents: Annotated[list[str] | None, typer.Option(help="班组=坐席数，可写多次；默认每班组 1 人")] = None,
    compare: Annotated[
        bool, typer.Option("--compare", help="与平台实际的任务逐个比较，与 --days 合用；有不同时退出码为 2")
    ] = False,
    years: Years = None,
) -> None:
    """试算：会产生哪些任务，班组忙不忙得过来。事实来自文件（不需要平台），或运行中的平台。"""
    from deploy.commands._pack_trial import Wanted, run_trial

    if (facts is None) == (days == 0) or (compare and facts):
        raise typer.BadParameter("请给出 --facts 或 --days 之一；--compare 与 --days 合用")
    code = run_trial(
        Wanted(folder, facts, days, since, until, form == Format.JSONL, agents or [], compare, years or [])
    )
    if code:
        raise typer.Exit(code)
