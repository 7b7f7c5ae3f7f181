"""A published year of the official calendar: read from a document or a file, and checked before everybody goes by it."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Any

from pydantic import Field

from services.scheduler.domain.packs.document import parse
from services.scheduler.domain.packs.windows import Days
from shared.calendar import SATURDAY, every_day
from shared.declared.model import Declared, read
from shared.declared.section import ContentInvalid, Problem, Section, as_day
from shared.declared.values import Say
from shared.festivals import public_holidays

EARLIEST, LATEST = 2008, 2100  # today's public holidays are those since 2008
FEWEST_WORKED, MOST_WORKED = 240, 255  # 248 to 252 in every year so far
DAYS = Days("2027-01-01", also={"班": True, "上班": True, "休": False, "休息": False})


class CalendarYearInvalid(ContentInvalid):
    """The year can't be what was published."""

    title = "日历有误"
    code = "calendar-year-invalid"


@dataclass(frozen=True)
class CalendarYear:
    """`days` are those that differ from the week (True = worked); `source` is where they were published."""

    year: int
    source: str
    days: Mapping[date, bool] = field(default_factory=dict)

    def every_day(self) -> dict[date, bool]:
        """All days of the year, in order."""
        return every_day(self.year, self.days)

    @property
    def working_days(self) -> int:
        return sum(self.every_day().values())


class YearFile(Declared):
    """`days` are holidays and make-up days, or every day of the year."""

    source: Annotated[str, Field(pattern=r"^[\s\S]{1,200}$"), Say("来源，如国务院办公厅通知的文号")] = Field(
        description="来源"
    )
    year: int | None = Field(None, description="年份")
    days: Annotated[dict[str, bool], DAYS] = Field(description="放假和调休的日子")


def read_year(document: Section, year: int) -> CalendarYear:
    """`{source, days: {2027-01-01: off, …}}`: holidays and make-up days, or every day. Raises CalendarYearInvalid."""
    file = read(YearFile, document)
    listed = {date.fromisoformat(day): worked for day, worked in file.days.items()}
    for day in listed:
        if day.year != year:
            document.problem(f"days.{day}", f"不是 {year} 年的日子；每次只公布一年")
    if not EARLIEST <= year <= LATEST:
        document.problem("year", f"年份应在 {EARLIEST} 到 {LATEST} 之间，现在是 {year}")
    if not document.problems:
        _check(document, CalendarYear(year, file.source, listed))
    if document.problems:
        raise CalendarYearInvalid(sorted(document.problems, key=lambda one: (one.line, one.key)))
    return CalendarYear(year, file.source, _unlike_the_week(listed))


def read_file(path: str, text: str, source: str = "") -> tuple[int, Section]:
    """A year's document from YAML, or from CSV with the columns day and worked; `source` goes before the file's.

    Raises CalendarYearInvalid.
    """
    document = _csv(path, text) if path.lower().endswith(".csv") else _yaml(path, text)
    if source:
        document.values = {**document.values, "source": source}
    year: Any = document.values.get("year") or _first_year(document.values.get("days"))
    if not isinstance(year, int):
        document.problem("year", "缺少此项，应写年份，如 2027")
    if document.problems:
        raise CalendarYearInvalid(document.problems)
    return year, document


def _yaml(path: str, text: str) -> Section:
    problems: list[Problem] = []
    return parse(path, text, problems) or Section(path, {}, problems)


def _csv(path: str, text: str) -> Section:
    rows = csv.reader(io.StringIO(text.removeprefix("\ufeff")))
    header = [name.strip().lower() for name in next(rows, [])]
    document = Section(path, {}, [])
    if header[:2] != ["day", "worked"]:
        document.problems.append(Problem(path, "", "首行应为 day,worked（其后的列不读）", 1))
        return document
    days: dict[str, Any] = {}
    for number, row in enumerate(rows, 2):
        if not any(row):
            continue
        day, worked = (cell.strip() for cell in (*row, "")[:2])
        if day in days:
            document.problems.append(Problem(path, f"days.{day}", "这一天写了两次，请只留一个", number))
        days[day] = worked
        document.lines[f"days.{day}"] = number
    document.values = {"days": days}
    return document


def _first_year(days: Any) -> int | None:
    known = [day.year for day in map(as_day, days if isinstance(days, Mapping) else ()) if day]
    return min(known, default=None)


def _check(document: Section, year: CalendarYear) -> None:
    """Holidays that every year has, and how many days are worked: a file that lost lines shows in these."""
    days = year.every_day()
    for day, festival in public_holidays(year.year).items():
        if days[day]:
            document.problem("days", f"{day}（{festival.name}）应休息，请补上 {day}: off")
    if not FEWEST_WORKED <= year.working_days <= MOST_WORKED:
        usual = f"历年在 {FEWEST_WORKED} 到 {MOST_WORKED} 天之间"
        document.problem("days", f"全年上班 {year.working_days} 天，{usual}；请检查是否漏写放假或调休的日子")


def _unlike_the_week(days: Mapping[date, bool]) -> dict[date, bool]:
    return {day: worked for day, worked in sorted(days.items()) if worked != (day.weekday() < SATURDAY)}
