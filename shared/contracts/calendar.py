"""The official calendar, published by the scheduler."""

from datetime import date

from pydantic import Field

from shared.contracts.base import TASKS, EventData, contract


@contract("calendar.published", topic=TASKS, owner="scheduler", title="年度放假安排已公布")
class CalendarPublished(EventData):
    """A year's public holidays and make-up days are known from now on, or known better."""

    year: int = Field(ge=2008, le=2100)
    version: int = Field(ge=1, description="rises each time the year is published")
    source: str = Field(description="where they were published")
    days: dict[date, bool] = Field(description="days that differ from Monday to Friday; true = worked")
