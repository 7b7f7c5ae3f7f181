"""The official calendar, as the interface takes and gives it."""

from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from services.scheduler.domain.explain.decision import WEEKDAYS
from services.scheduler.store.calendars import StoredYear
from shared.bodies import Body
from shared.privacy import mask_text

YEAR_EXAMPLE: dict[str, Any] = {
    "source": "国务院办公厅关于2026年部分节假日安排的通知",
    "days": {"2026-01-01": "off", "2026-01-02": "off", "2026-01-04": "on"},
}


class CalendarYearIn(Body):
    """一年的放假与调休；未列出的日子周一至周五上班。"""

    model_config = ConfigDict(json_schema_extra={"examples": [YEAR_EXAMPLE]})

    source: Annotated[str, AfterValidator(mask_text)] = Field(description="来源，如国务院办公厅通知的文号")
    days: dict[str, Any] = Field(description="日期 → on（上班）或 off（休息）；可只写放假和调休的日子，也可写全年")


class CalendarDay(BaseModel):
    day: date = Field(description="日期")
    weekday: str = Field(description="星期")
    worked: bool = Field(description="是否上班：false 为放假，true 为调休上班")


class CalendarYearOut(BaseModel):
    """一年的官方日历。"""

    year: int = Field(description="年份")
    published: bool = Field(description="放假安排是否已公布；未公布时只按周末休息，相关时间为暂定")
    source: str = Field(description="来源")
    version: int = Field(description="第几次公布，0 为尚未公布；修改时作为 If-Match")
    working_days: int = Field(description="全年上班天数；未公布时为 0")
    days: list[CalendarDay] = Field(description="与平常不同的日子：工作日放假、周末上班")

    @classmethod
    def of(cls, year: int, stored: StoredYear | None) -> "CalendarYearOut":
        if stored is None:
            return cls(year=year, published=False, source="", version=0, working_days=0, days=[])
        days = [
            CalendarDay(day=day, weekday=f"周{WEEKDAYS[day.weekday()]}", worked=worked)
            for day, worked in stored.published.days.items()
        ]
        known = stored.published
        return cls(
            year=year,
            published=True,
            source=known.source,
            version=stored.version,
            working_days=known.working_days,
            days=days,
        )
