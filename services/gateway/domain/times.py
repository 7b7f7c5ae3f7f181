"""Times as senders write them."""

import re
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

from shared.moments import sensible

_LOCAL = re.compile(
    r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?"
    r"(?:[T\s]*(\d{1,2})[:时点](\d{1,2})?[:分]?(\d{1,2})?秒?(?:\.(\d{1,6})\d*)?)?"
)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:(\d{2})(\d{2})(\d{2})?)?")
_EPOCH = re.compile(r"\d{10}(?:\d{3})?")
_EXCEL_DAY_0 = datetime(1899, 12, 30)  # noqa: DTZ001 - sheets know no zone
_EXCEL_DAYS = range(20_000, 80_000)  # 1954 … 2119


def parse_time(value: Any, zone: tzinfo) -> datetime | None:
    """The instant, in UTC: ISO 8601, `yyyy-MM-dd HH:mm:ss`, `2022/4/15 0:00:00`, Chinese, compact, epoch (s or ms),
    a sheet's date cell or serial number. What carries no zone is in `zone`. None when it is none of these, or beyond the
    years that can be computed with in every zone.
    """
    try:
        moment = _moment(value, zone)
        return None if moment is None else sensible(moment.astimezone(UTC))
    except (ValueError, OverflowError):
        return None


def _moment(value: Any, zone: tzinfo) -> datetime | None:
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=zone)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=zone)
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return _from_number(value, zone)
    return _from_text(value.strip(), zone) if isinstance(value, str) else None


def _from_number(value: float, zone: tzinfo) -> datetime | None:
    if int(value) in _EXCEL_DAYS:
        return (_EXCEL_DAY_0 + timedelta(seconds=round(value * 86_400))).replace(tzinfo=zone)
    return _from_epoch(str(int(value)))


def _from_epoch(digits: str) -> datetime | None:
    if not _EPOCH.fullmatch(digits):
        return None
    return datetime.fromtimestamp(int(digits) / (1000 if len(digits) == 13 else 1), UTC)


def _from_text(text: str, zone: tzinfo) -> datetime | None:
    if local := _LOCAL.fullmatch(text) or _COMPACT.fullmatch(text):
        fraction = (local.groups()[6] if len(local.groups()) > 6 else None) or "0"
        year, month, day, hour, minute, second = (int(part or 0) for part in local.groups()[:6])
        return datetime(year, month, day, hour, minute, second, int(fraction.ljust(6, "0")), tzinfo=zone)
    if text.isdigit():
        return _from_epoch(text)
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)
