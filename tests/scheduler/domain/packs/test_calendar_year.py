"""A year's holidays, as somebody writes them down in the autumn before."""

from datetime import date, timedelta
from typing import Any

import pytest

from services.scheduler.domain.packs.calendar_year import CalendarYear, CalendarYearInvalid, read_file, read_year
from shared.calendar import BUILT_IN, OFFICIAL
from shared.declared.section import Problem, Section

SOURCE = "国务院办公厅通知"
OFF_2027 = (
    *("2027-01-01", "2027-02-05", "2027-02-08", "2027-02-09", "2027-02-10", "2027-02-11", "2027-04-05"),
    *("2027-05-03", "2027-05-04", "2027-05-05", "2027-06-09", "2027-09-15"),
    *("2027-10-01", "2027-10-04", "2027-10-05", "2027-10-06", "2027-10-07"),
)
ON_2027 = ("2027-01-31", "2027-02-20", "2027-05-08", "2027-09-26", "2027-10-09")
# made up for tests: the real days of 2027 are not published yet
DAYS_2027: dict[str, Any] = dict.fromkeys(OFF_2027, "off") | dict.fromkeys(ON_2027, "on")


def read(days: Any = DAYS_2027, year: int = 2027, **more: Any) -> CalendarYear:
    return read_year(Section("", {"source": SOURCE, "days": days, **more}, []), year)


def mistakes(days: Any, **more: Any) -> list[Problem]:
    with pytest.raises(CalendarYearInvalid) as caught:
        read(days, **more)
    return caught.value.problems


def test_only_what_differs_from_the_week_is_kept() -> None:
    year = read({**DAYS_2027, "2027-03-01": "on", "2027-03-06": "off"})
    assert len(year.days) == len(DAYS_2027)
    assert year.days[date(2027, 1, 1)] is False
    assert year.days[date(2027, 1, 31)] is True
    assert len(year.every_day()) == 365
    assert year.working_days == sum(year.every_day().values())


def test_a_year_may_be_written_day_by_day() -> None:
    every = read().every_day()
    assert read({day.isoformat(): worked for day, worked in every.items()}) == read()


@pytest.mark.parametrize("year", sorted(year for year in BUILT_IN.years if year >= 2008))
def test_every_year_so_far_would_be_accepted(year: int) -> None:
    days = {day.isoformat(): worked for day, worked in BUILT_IN.days.items() if day.year == year}
    every = read(days, year).every_day()
    assert all(OFFICIAL.is_working_day(day) is worked for day, worked in every.items())


@pytest.mark.parametrize(
    ("change", "key", "says"),
    [
        ({"元旦": "off"}, "days.元旦", "应写日期，如 2027-01-01"),
        ({"2027-02-30": "off"}, "days.2027-02-30", "应写日期"),
        ({"2026-12-31": "off"}, "days.2026-12-31", "不是 2027 年的日子"),
        ({"2027-03-01": "放假"}, "days.2027-03-01", "on（上班）或 off（休息），现在是 '放假'"),
        ({"2027-01-01": "on"}, "days", "2027-01-01（元旦）应休息"),
        ({"2027-02-08": "on"}, "days", "2027-02-08（春节）应休息"),
        ({"2027-04-05": "on"}, "days", "2027-04-05（清明节）应休息"),
        ({"2027-06-09": "on"}, "days", "2027-06-09（端午节）应休息"),
        ({"2027-10-01": "on"}, "days", "2027-10-01（国庆节）应休息，请补上 2027-10-01: off"),
    ],
)
def test_what_cannot_have_been_published_is_told(change: dict[str, str], key: str, says: str) -> None:
    found = mistakes({**DAYS_2027, **change})
    assert any(one.key == key and says in one.message for one in found), found


def test_too_few_or_too_many_worked_days_are_told() -> None:
    weeks = {(date(2027, 7, 5) + timedelta(days=day)).isoformat(): "off" for day in range(21)}
    assert "历年在 240 到 255 天之间" in mistakes({**DAYS_2027, **weeks})[0].message


def test_an_empty_document_is_told_what_to_write() -> None:
    assert {one.key for one in mistakes(None, source="")} == {"source", "days"}
    assert "没有这个配置项" in mistakes(DAYS_2027, holidays={})[0].message
    assert "年份应在 2008 到 2100" in mistakes({}, year=1999)[0].message


CSV = "day,worked,name\n" + "".join(f"{day},{worked},\n" for day, worked in DAYS_2027.items())
YAML = f"year: 2027\nsource: {SOURCE}\ndays:\n" + "".join(f"  {day}: {worked}\n" for day, worked in DAYS_2027.items())


@pytest.mark.parametrize(("path", "text", "source"), [("2027.csv", CSV, SOURCE), ("2027.yaml", YAML, "")])
def test_a_file_says_the_same_as_a_document(path: str, text: str, source: str) -> None:
    year, document = read_file(path, text, source)
    assert (year, read_year(document, year)) == (2027, read())


@pytest.mark.parametrize(
    ("path", "right", "wrong", "line", "says"),
    [
        ("c.csv", "day,worked", "日期,上班", 1, "首行应为 day,worked"),
        ("c.csv", "2027-02-05,off", "2027-02-05,关", 3, "on（上班）"),
        ("c.csv", "2027-02-05,off", "2月5日,off", 3, "应写日期"),
        ("c.csv", "2027-02-05,off", "2027-01-01,off", 3, "写了两次"),
        ("c.csv", "2027-02-05,off", "2027-02-05", 3, "on（上班）"),
        ("c.yaml", "  2027-02-05: off", "  2027-02-05: 休假", 5, "on（上班）"),
        ("c.yaml", "  2027-02-05: off", "\t2027-02-05: off", 5, "空格"),
        ("c.yaml", "year: 2027", "year: 2028", 4, "不是 2028 年的日子"),
        ("c.yaml", YAML, "- 2027\n", 1, "键: 值"),
        ("c.yaml", YAML, "days: {}\n", 1, "应写年份"),
    ],
)
def test_a_mistake_in_a_file_is_told_with_its_line(path: str, right: str, wrong: str, line: int, says: str) -> None:
    text = (CSV if path.endswith(".csv") else YAML).replace(right, wrong, 1)
    with pytest.raises(CalendarYearInvalid) as caught:
        read_year(*reversed(read_file(path, text, SOURCE)))
    assert any((one.file, one.line) == (path, line) and says in one.message for one in caught.value.problems), (
        caught.value.problems
    )
