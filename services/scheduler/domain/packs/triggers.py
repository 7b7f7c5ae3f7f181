"""What triggers a policy, as written in YAML: events, a recurrence, the anniversary of a date in a profile, festivals."""

from collections.abc import Mapping
from datetime import time
from typing import Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, Field, WithJsonSchema

from services.scheduler.domain.conditions.tree import FACTS
from services.scheduler.domain.packs.durations import Duration
from services.scheduler.domain.packs.windows import Festivals
from services.scheduler.domain.when import anniversary, holidays, periods, recurrence
from services.scheduler.domain.when.amounts import delay_of
from services.scheduler.domain.when.recurrence import Weekday
from shared.conditions.declared import Tree
from shared.declared.model import Declared, Filled, form_of
from shared.declared.section import Section
from shared.declared.values import Say
from shared.declared.words import AnyEvent, Clock, Content

EVERY, ANNIVERSARY, FESTIVALS = "every", "anniversary", "festivals"
MORNING = "09:00"
MONTH_DAY = r"^((0[13578]|1[02])-(0[1-9]|[12]\d|3[01])|(0[469]|11)-(0[1-9]|[12]\d|30)|02-(0[1-9]|[12]\d))$"
MonthDay = Annotated[str, Field(pattern=MONTH_DAY), Say('月日，须加引号，如 "03-15"')]
DayOfMonth = Annotated[int, Field(ge=1, le=31)]
ON: Mapping[str, Any] = {"week": Weekday, "month": DayOfMonth, "year": MonthDay}
EITHER = dict.fromkeys(("events", EVERY, ANNIVERSARY, FESTIVALS), "一条策略由事件触发，或由时间触发，只能写一种")


class Trigger(Declared):
    SAY: ClassVar[str] = "触发的事件（触发条件），如 {events: [repair.closed]}"
    ELSEWHERE: ClassVar[Mapping[str, str]] = EITHER
    condition: Annotated[Content | None, Tree(FACTS)] = Field(None, description="须满足的条件")

    def content(self) -> Content:
        """The canonical content."""
        return {"events": [], "time": self.time_content(), "condition": self.condition}

    def time_content(self) -> Content:
        """The canonical content of what triggers by time."""
        raise NotImplementedError


class Occurring(Trigger):
    """Events trigger."""

    MARK: ClassVar[str] = "events"
    USUAL: ClassVar[bool] = True
    events: Filled[AnyEvent] = Field(description="哪些事件触发", examples=[["repair.closed"]])

    def content(self) -> Content:
        return {"events": list(self.events), "condition": self.condition}


class Season(Declared):
    SAY: ClassVar[str] = '一季，如 {from: "11-01", to: "03-31"}'
    first: MonthDay = Field(alias="from", description="首日")
    last: MonthDay = Field(alias="to", description="末日，早于首日则跨年")


def _on_for_editors() -> dict[str, Any]:
    """Which day `on` names depends on `every`."""
    schemas = {
        "week": {"enum": [*recurrence.WEEKDAYS]},
        "month": {"type": "integer", "minimum": 1, "maximum": 31},
        "year": {"type": "string", "pattern": MONTH_DAY},
    }
    both = {"properties": {"spread": {"const": True}}, "required": ["on", "spread"]}
    rules = [
        {"if": {"properties": {EVERY: {"const": one}}}, "then": {"properties": {"on": on}}}
        for one, on in schemas.items()
    ]
    other = {"if": {"properties": {EVERY: {"not": {"enum": [*schemas]}}}}, "then": {"properties": {"on": False}}}
    return {"not": both, "allOf": [*rules, other]}


class Recurring(Trigger):
    """Every week, month, quarter, half year or year, for all known customers."""

    model_config = ConfigDict(json_schema_extra=_on_for_editors())
    MARK: ClassVar[str] = EVERY
    every: periods.Every = Field(description="每周、月、季、半年、年，对所有已知客户")
    on: Annotated[Any, WithJsonSchema({})] = Field(
        None, description="星期几、几号或月日，默认第一个工作日", examples=["03-15"]
    )
    at: Clock = Field(MORNING, description="时刻")
    spread: bool = Field(False, description="每位客户在周期内各定一个工作日，使工作量均匀")
    seasons: list[Season] = Field([], description="只在这些季节")

    def require(self, place: Section) -> None:
        if not place.has("on"):
            return
        if self.every in ON:
            form = form_of(ON[self.every])
            form.read(place, "on", form.say)
        else:
            say = f"every: {self.every} 不能写 on：在第一个工作日；每位客户各定一天请写 spread: true"
            place.problem("on", say)
        if self.spread:
            place.problem("on", "spread 为每位客户各定一天，不能再写 on；请删去其一")

    def time_content(self) -> Content:
        seasons = [{"from": one.first, "to": one.last} for one in self.seasons]
        on = "" if self.on is None else str(self.on)
        return {EVERY: self.every, "on": on, "at": self.at, "spread": self.spread, "seasons": seasons}


class Anniversary(Trigger):
    """The anniversary of a date in the customer's profile, or that date itself."""

    MARK: ClassVar[str] = ANNIVERSARY
    anniversary: Annotated[
        str, Field(pattern=r"^customer\.[a-z][a-z0-9_]{0,39}$"), Say("客户档案中的日期，如 customer.birthday")
    ] = Field(description="客户档案中的日期")
    calendar: Literal["solar", "lunar"] = Field("solar", description="按公历或农历")
    offset: Annotated[Content, Duration(("days", "months"), least=-366, most=366)] = Field(
        {"amount": 0, "unit": "days"}, description="提前（负数）或推后", examples=[{"days": -3}]
    )
    once: bool = Field(False, description="只在这个日期本身，不是每年")
    at: Clock = Field(MORNING, description="时刻")

    def time_content(self) -> Content:
        attribute = self.anniversary.removeprefix("customer.")
        when = {"calendar": self.calendar, "offset": self.offset, "once": self.once, "at": self.at}
        return {ANNIVERSARY: attribute, **when}


class FestivalDay(Trigger):
    """The day of a festival, or so long before or after it, for all known customers."""

    MARK: ClassVar[str] = FESTIVALS
    festivals: Festivals = Field(description="哪些节日的当天，对所有已知客户", examples=[["spring_festival"]])
    offset: Annotated[Content, Duration(("days", "working_days"), least=-366, most=366)] = Field(
        {"amount": 0, "unit": "days"},
        description="提前（负数）或推后；working_days: 1 为节后第一个工作日，-1 为节前最后一个工作日",
        examples=[{"days": -3}],
    )
    at: Clock = Field(MORNING, description="时刻")

    def time_content(self) -> Content:
        return {FESTIVALS: sorted({*self.festivals}), "offset": self.offset, "at": self.at}


def time_of(content: Mapping[str, Any]) -> recurrence.Recurrence | anniversary.Anniversary | holidays.FestivalDay:
    """The trigger of a canonical content."""
    at = time.fromisoformat(content["at"])
    if FESTIVALS in content:
        return holidays.FestivalDay(tuple(content[FESTIVALS]), delay_of(content["offset"]), at)
    if EVERY in content:
        seasons = tuple(recurrence.Season(one["from"], one["to"]) for one in content["seasons"])
        return recurrence.Recurrence(content[EVERY], content["on"], at, content["spread"], seasons)
    offset = anniversary.Offset(**content["offset"])
    return anniversary.Anniversary(content[ANNIVERSARY], content["calendar"] == "lunar", offset, content["once"], at)
