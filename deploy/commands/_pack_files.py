"""A pack's folder, read and judged without a platform."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import typer

from deploy.local.pack_folder import read_files
from services.scheduler.domain.packs.document import PACK_FILE
from services.scheduler.domain.packs.pack import Pack, read_pack
from shared.calendar import BUILT_IN, OfficialYears, WorkCalendar
from shared.declared.section import ContentInvalid, Problem


def read_sound_pack(folder: Path, years: Sequence[Path] = (), official: OfficialYears = BUILT_IN) -> Pack:
    """The pack of a folder, on the official calendar and the years of these files; exits with the mistakes of a faulty one."""
    try:
        pack = read_pack(read_files(folder), folder.resolve().name)
        return replace(pack, calendar=WorkCalendar(official=_with_files(official, years) if years else official))
    except ContentInvalid as error:
        show_problems(error.problems)
        raise typer.Exit(1) from error


def _with_files(official: OfficialYears, files: Sequence[Path]) -> OfficialYears:
    from services.scheduler.domain.packs.calendar_year import read_file, read_year  # loads the lunar calendar

    for file in files:
        year, document = read_file(file.name, file.read_text("utf-8-sig", errors="replace"), source=file.name)
        official = official.with_year(year, read_year(document, year).days)
    return official


def pack_folders(paths: Iterable[Path]) -> list[Path]:
    """The packs' folders among `paths`, and those that files among them belong to; a file of no pack is passed over."""
    found = [_folder_of(path) if path.is_file() else path for path in paths]
    return list(dict.fromkeys(folder for folder in found if folder))


def _folder_of(path: Path) -> Path | None:
    return next((folder for folder in path.parents if (folder / PACK_FILE).is_file()), None)


def refuse_mistakes(problems: Iterable[Problem]) -> None:
    """Print what was found; ends the command when there are mistakes."""
    if show_problems(problems):
        raise typer.Exit(1)


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
