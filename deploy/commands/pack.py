"""`huifang pack apply DIR`: questionnaires to visits, templates to notifications, policies to the scheduler."""

from pathlib import Path
from typing import Annotated, Any

import typer

from deploy.local.contents import PackRefused, apply_pack
from deploy.local.runfiles import read_run
from deploy.local.settings import LocalSettings

app = typer.Typer(no_args_is_help=True, help="策略包：应用策略、问卷与消息模板。")


@app.callback()
def main() -> None:
    """One sub-command is a group too."""


@app.command()
def apply(folder: Annotated[Path, typer.Argument(help="策略包目录", exists=True, file_okay=False)]) -> None:
    """应用整个策略包；内容没有变化的部分不产生新版本。"""
    run: dict[str, Any] | None = read_run(LocalSettings.from_environment())
    if run is None:
        typer.secho("平台没有运行，请先执行 make run", fg="red", err=True)
        raise typer.Exit(1)
    try:
        for line in apply_pack(run, folder):
            typer.echo(line)
    except PackRefused as error:
        typer.secho(str(error), fg="red", err=True)
        raise typer.Exit(1) from error
