"""A pack's folder, read and judged without a platform."""

from collections.abc import Iterable
from pathlib import Path

import typer

from deploy.local.files import read_files
from services.scheduler.domain.packs.pack import Pack, PackInvalid, read_pack
from services.scheduler.domain.packs.section import Problem


def read_sound_pack(folder: Path) -> Pack:
    """The pack of a folder; exits with the mistakes of a faulty one."""
    try:
        return read_pack(read_files(folder), folder.resolve().name)
    except PackInvalid as error:
        show_problems(error.problems)
        raise typer.Exit(1) from error


def show_problems(problems: Iterable[Problem]) -> int:
    """Print them, warnings in yellow; returns how many are mistakes."""
    wrong = 0
    for problem in problems:
        wrong += not problem.warning
        kind, colour = ("提醒", "yellow") if problem.warning else ("错误", "red")
        typer.secho(f"{kind} {problem}", fg=colour, err=True)
    if wrong:
        typer.secho(f"共 {wrong} 处错误。", fg="red", err=True)
    return wrong
