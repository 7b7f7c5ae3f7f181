"""Kinds of values that many keys of a pack have, each declared once: its form, its length and what to write."""

from datetime import date, datetime, time
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from shared.contracts.registry import all_contracts
from shared.declared.section import EARLIEST, LATEST, as_day
from shared.declared.values import Say
from shared.zone import ORG_ZONE

Content = dict[str, Any]
NONE = "none"
EVENT_FORM = r"[A-Za-z0-9][A-Za-z0-9._-]{0,126}"
CODE_FORM = r"[A-Za-z0-9._-]"
PATH_FORM = r"[^\s.]+(\.[^\s.]+)*"
DAY_FORM = r"^\d{4}-\d{2}-\d{2}$"
CLOCK_FORM = r"^([01]\d|2[0-3]):[0-5]\d$"
KNOWN = [contract.name for contract in all_contracts()]
SAY_CODE = "字母、数字、点、下划线和连字符组成的编号"

Title = Annotated[str, Say("中文名称")]
Code = Annotated[str, Field(pattern=f"^{CODE_FORM}{{1,64}}$"), Say(SAY_CODE)]
CodeOrNone = Annotated[str, Field(pattern=f"^{CODE_FORM}{{0,64}}$"), Say(SAY_CODE)]
Path = Annotated[str, Field(pattern=f"^{PATH_FORM}$"), Say("数据字段路径，如 product.category")]
Clock = Annotated[str, Field(pattern=CLOCK_FORM), Say('一天中的时刻，须加引号，如 "09:00"、"15:00"')]
Event = Annotated[
    str,
    Field(pattern=f"^{EVENT_FORM}$", json_schema_extra={"anyOf": [{"enum": KNOWN}, {"type": "string"}]}),
    Say("具体的事件名，如 visit.dissatisfied、weather.rained"),
]
AnyEvent = Annotated[
    str,
    Field(pattern=rf"^(\*|{EVENT_FORM})$", json_schema_extra={"anyOf": [{"enum": ["*", *KNOWN]}, {"type": "string"}]}),
    Say("事件名，事件名只含字母、数字、点、下划线和连字符；* 表示所有事件"),
]


def _near(year: int) -> None:
    """Times of other years can't be counted with. Raises ValueError."""
    if not EARLIEST <= year <= LATEST:
        raise ValueError(f"年份应在 {EARLIEST} 到 {LATEST} 之间，现在是 {year}")


def _day(value: Any) -> date:
    day = as_day(value)
    if day is None:
        raise ValueError
    _near(day.year)
    return day


def _moment(value: Any) -> datetime:
    """A local time to the minute (or second), as an instant."""
    try:
        at = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    except TypeError as error:
        raise ValueError from error
    except ValueError:
        raise ValueError from None
    _near(at.year)
    return at if at.tzinfo else at.replace(tzinfo=ORG_ZONE)


def _beginning(value: Any) -> datetime:
    """A local day, meaning its first moment, or a time."""
    if type(value) is date:
        _near(value.year)
        return datetime.combine(value, time(), ORG_ZONE)
    return _moment(value)


def _moment_or_none(value: Any) -> datetime | str:
    return NONE if value == NONE else _moment(value)


MOMENT: dict[str, Any] = {"type": "string", "examples": ["2026-03-06 15:00"]}
SAY_MOMENT = "时间，如 2026-03-06 15:00"
Day = Annotated[
    date,
    BeforeValidator(_day),
    WithJsonSchema({"type": "string", "pattern": DAY_FORM, "examples": ["2026-02-14"]}),
    Say("日期，如 2026-03-06"),
]
Moment = Annotated[datetime, BeforeValidator(_moment), WithJsonSchema(MOMENT), Say(SAY_MOMENT)]
MomentOrNone = Annotated[
    datetime | str,
    BeforeValidator(_moment_or_none),
    WithJsonSchema({"anyOf": [MOMENT, {"const": NONE}]}),
    Say(f"{SAY_MOMENT}；没有则写 {NONE}"),
]
Beginning = Annotated[
    datetime,
    BeforeValidator(_beginning),
    WithJsonSchema({"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}.*)?$"}),
    Say(SAY_MOMENT),
]
