"""Calendar periods of the organisation: day, ISO week, month, quarter, year, or all of the asked time as one."""

from datetime import date, timedelta
from enum import StrEnum

WEEKDAYS = "一二三四五六日"


class Period(StrEnum):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    TOTAL = "total"


PERIOD_NAMES = {
    Period.DAY: "按日",
    Period.WEEK: "按周",
    Period.MONTH: "按月",
    Period.QUARTER: "按季",
    Period.YEAR: "按年",
    Period.TOTAL: "合计",
}


def start_of(period: Period, day: date) -> date:
    """First day of the period `day` lies in; weeks begin on Monday (ISO 8601). A total starts where it is asked to."""
    match period:
        case Period.WEEK:
            return day - timedelta(days=day.weekday())
        case Period.MONTH:
            return day.replace(day=1)
        case Period.QUARTER:
            return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
        case Period.YEAR:
            return day.replace(month=1, day=1)
        case _:
            return day


def end_of(period: Period, start: date) -> date:
    """Last day of the period that starts on `start`."""
    match period:
        case Period.WEEK:
            return start + timedelta(days=6)
        case Period.MONTH:
            return _next_month(start, 1) - timedelta(days=1)
        case Period.QUARTER:
            return _next_month(start, 3) - timedelta(days=1)
        case Period.YEAR:
            return start.replace(month=12, day=31)
        case _:
            return start


def label(period: Period, start: date) -> str:
    """The period in the users' words."""
    match period:
        case Period.DAY:
            return f"{start.isoformat()} (周{WEEKDAYS[start.weekday()]})"
        case Period.WEEK:
            year, week, _ = start.isocalendar()
            return f"{year} 年第 {week} 周"
        case Period.MONTH:
            return f"{start.year} 年 {start.month} 月"
        case Period.QUARTER:
            return f"{start.year} 年第 {(start.month - 1) // 3 + 1} 季度"
        case Period.YEAR:
            return f"{start.year} 年"
        case Period.TOTAL:
            return "合计"


def _next_month(start: date, months: int) -> date:
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    return date(year, month + 1, 1)
