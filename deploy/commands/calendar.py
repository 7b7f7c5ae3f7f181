"""`huifang calendar import | show`: the official holidays and make-up days, year by year."""

from pathlib import Path
from typing import Annotated, Any

import typer

from deploy.commands._client import answer, change, service_client
from deploy.commands._pack_files import show_problems
from services.scheduler.domain.packs.calendar_year import CalendarYearInvalid, read_file, read_year

app = typer.Typer(no_args_is_help=True, help="官方日历：导入每年公布的放假与调休，查看一年。")


@app.command("import")
def import_year(
    file: Annotated[
        Path, typer.Argument(help="CSV（day,worked）或 YAML（year、source、days）", exists=True, dir_okay=False)
    ],
    source: Annotated[str, typer.Option(help="来源，如通知的文号；YAML 中已写时可省")] = "",
) -> None:
    """导入一年的放假与调休；因该年未公布而暂定的任务随后重新计算。"""
    try:
        year, document = read_file(file.name, file.read_text("utf-8-sig", errors="replace"), source)
        read = read_year(document, year)
    except CalendarYearInvalid as error:
        show_problems(error.problems)
        raise typer.Exit(1) from error
    body = {"source": read.source, "days": {day.isoformat(): worked for day, worked in read.days.items()}}
    _print(change("scheduler", "policy_owner", f"/api/v1/calendars/official/{year}", body=body, method="PUT"))


@app.command()
def show(year: Annotated[int | None, typer.Argument(help="年份；不写则列出已公布的各年")] = None) -> None:
    """一年中放假与调休的日子；不写年份则列出已公布的各年。"""
    with service_client("scheduler", "auditor") as client:
        if year is not None:
            _print(answer(client.get(f"/api/v1/calendars/official/{year}")))
            return
        for published in answer(client.get("/api/v1/calendars/official")):
            typer.echo(_headline(published))


def _print(year: dict[str, Any]) -> None:
    if not year["published"]:
        typer.echo(f"{year['year']} 年的放假安排尚未公布，只按周末休息；有关时间为暂定。")
        return
    typer.echo(_headline(year))
    for day in year["days"]:
        typer.echo(f"  {day['day']} {day['weekday']}\t{'上班（调休）' if day['worked'] else '休息'}")


def _headline(year: dict[str, Any]) -> str:
    return f"{year['year']} 年，第 {year['version']} 次公布，上班 {year['working_days']} 天，来源：{year['source']}"
