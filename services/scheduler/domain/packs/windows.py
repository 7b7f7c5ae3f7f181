"""When customers may be contacted, as written in YAML: windows, calendars, blackouts, and which of them holds for a contact."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field, GetJsonSchemaHandler
from pydantic_core import CoreSchema

from services.scheduler.domain.packs.durations import Duration
from services.scheduler.domain.policy import Purpose
from services.scheduler.domain.when.amounts import WORKING_HOURS
from services.scheduler.domain.when.holidays import NearHoliday
from services.scheduler.domain.when.recurrence import WEEKDAYS, Weekday
from shared import festivals
from shared.calendar import SATURDAY
from shared.contracts.common import Channel
from shared.declared.model import Declared, Filled
from shared.declared.section import Section, as_day, meant, written
from shared.declared.values import Say
from shared.declared.words import DAY_FORM, Code, CodeOrNone, Content, Day
from shared.hours import A_DAY, DAY_ENDS, DayKind, Frame, clock, minutes_of, over_midnight

Layer = Content
WEEKEND = frozenset(("sat", "sun"))
WORKED: Mapping[str | bool, bool] = {"on": True, True: True, "off": False, False: False}
SAY_WORKED = "on（上班）或 off（休息）"
DEFAULT_WINDOW: Layer = {"days": "working", "frames": [["09:00", "12:00"], ["14:00", "18:00"]]}
LONGEST_BLACKOUT_DAYS = 366
MOST_CALENDARS, MOST_DAYS = 50, 5_000  # days of all calendars
NEVER = "never"
LATER, EARLIER = "later", "earlier"
LONGEST_NIGHT = 12 * 60  # minutes: what lasts longer has its ends the wrong way round
SPLIT = "00:00-06:00 和 22:00-24:00"
NO_DAYS: Content = {"amount": 0, "unit": "days"}


def mentions(value: Any, key: str) -> bool:
    """Whether a mapping below has this key."""
    if isinstance(value, Mapping):
        return key in value or any(mentions(one, key) for one in value.values())
    return isinstance(value, list) and any(mentions(one, key) for one in value)


def pairs(frames: Sequence[str]) -> list[list[str]]:
    """Frames as the canonical content has them."""
    return [frame.split("-") for frame in frames]


def clocks(frames: Iterable[Sequence[str]]) -> tuple[Frame, ...]:
    """The frames of the canonical content."""
    return tuple((clock(opens), clock(closes)) for opens, closes in frames)


def _in_order(frames: list[str]) -> list[str]:
    """Only the last frame may go on past midnight, until the first one begins again."""
    spans, ends = [minutes_of(frame) for frame in clocks(pairs(frames))], 0
    for text, (opens, closes) in zip(frames, spans, strict=True):
        if (closes - opens == A_DAY and opens) or (closes == A_DAY and not text.endswith(DAY_ENDS)):
            raise ValueError(f"时段须起止不同，{text} 不符合；到当天结束写 24:00，全天写 00:00-24:00")
        if closes > A_DAY and closes - opens > LONGEST_NIGHT:
            raise ValueError(f"时段须起早止晚，{text} 不符合；跨过零时的时段（如 22:00-06:00）最长 12 小时")
        if opens < ends:
            raise ValueError(f"时段须按先后排列且不重叠，{text} 不符合；跨过零时的时段写在最后")
        ends = closes
    if ends - A_DAY > spans[0][0]:
        raise ValueError(f"{frames[-1]} 到次日还没有结束，第一个时段 {frames[0]} 就已开始；请改成不重叠的")
    return frames


def _within_the_day(frames: list[str]) -> list[str]:
    if over_midnight(clocks(pairs(frames))):
        raise ValueError(f"这里的时段不能跨过零时，{frames[-1]} 不符合；请分成两段，如 {SPLIT}")
    return frames


Spelt = Annotated[
    str,
    Field(pattern=rf"^([01]\d|2[0-3]):[0-5]\d-(([01]\d|2[0-3]):[0-5]\d|{DAY_ENDS})$"),
    Say("时段，写成 09:00-12:00 的样子"),
]
Frames = Annotated[Filled[Spelt], AfterValidator(_in_order), Say('时段的列表，如 ["09:00-12:00", "14:00-18:00"]')]
DayFrames = Annotated[Frames, AfterValidator(_within_the_day)]


Festivals = Annotated[Filled[festivals.Code], Say("节日的列表，如 [spring_festival]")]
AROUND = Duration(("days", "working_days"), least=-60, most=60)


class AroundFestival(Declared):
    """Days from so long before (after) a festival to so long after (before) it."""

    SAY: ClassVar[str] = "节日前后，如 {festivals: [spring_festival], from: {days: -3}}"
    festivals: Festivals = Field(description="哪些节日", examples=[["spring_festival"]])
    first: Annotated[Content, AROUND] = Field(
        NO_DAYS, alias="from", description="从节日之前（负数）或之后多久", examples=[{"days": -3}]
    )
    last: Annotated[Content, AROUND] = Field(
        NO_DAYS, alias="to", description="到节日之前（负数）或之后多久", examples=[{"days": 15}]
    )

    def require(self, place: Section) -> None:
        if self.first["unit"] == self.last["unit"] and self.first["amount"] > self.last["amount"]:
            place.problem("to", "应不早于 from")

    def content(self) -> Content:
        return {"festivals": sorted({*self.festivals}), "from": self.first, "to": self.last}


class Window(Declared):
    """As far as it is said in one place; the nearer place goes before the farther one, key by key."""

    SAY: ClassVar[str] = '接触时段，如 {days: working, frames: ["09:00-12:00"]}'
    days: DayKind | None = Field(None, description="只在工作日（含调休），或每天")
    weekdays: Filled[Weekday] | None = Field(None, description="只在星期几", examples=[["mon", "tue"]])
    frames: Frames | None = Field(
        None,
        description="一天中的时段，按先后；最后一个可跨过零时，如 22:00-06:00，整段算它开始的那天；全天写 00:00-24:00",
    )
    calendar: CodeOrNone | None = Field(None, description="日历编号，见 pack.yaml 的 calendars")
    excepted: Annotated[Filled[NearHoliday | AroundFestival] | None, Say("除外的日子的列表，如 [after_holiday]")] = (
        Field(
            None,
            alias="except",
            description="这些日子除外：after_holiday 节假日后的第一个工作日，before_holiday 节假日前的最后一个工作日，"
            "或某个节日前后",
            examples=[["after_holiday"]],
        )
    )

    when_closed: Literal["later", "earlier"] | None = Field(
        None, description="要联系的那天不能联系时：later 顺延到之后（默认），earlier 提前到之前最近的一天"
    )

    def layer(self, calendars: Mapping[str, Content]) -> Layer:
        """What is said here; a calendar that the pack lacks is noted."""
        layer: Layer = {}
        if self.days:
            layer["days"] = self.days
        if self.weekdays:
            layer["weekdays"] = [weekday for weekday in WEEKDAYS if weekday in self.weekdays]
        if self.frames:
            layer["frames"] = pairs(self.frames)
        if self.excepted:
            near = sorted({one for one in self.excepted if isinstance(one, str)})
            around = [one.content() for one in self.excepted if not isinstance(one, str)]
            layer["except"] = [*near, *around]
        if self.when_closed:
            layer["when_closed"] = self.when_closed
        if calendar := known_calendar(self.place, self.calendar, calendars):
            layer["calendar"] = calendar
        return layer


class WayWindow(Window):
    """The window of a channel's contacts, of a purpose's, or of those that are both."""

    SAY: ClassVar[str] = '一类联系的时段，如 {channel: sms, frames: ["08:00-20:00"]}'
    channel: Channel | None = Field(None, description="渠道")
    purpose: Purpose | None = Field(None, description="用途")

    def require(self, place: Section) -> None:
        if not (place.has("channel") or place.has("purpose")):
            place.problem("", "应写 channel、purpose 中至少一项；对所有联系都适用的写在 window")


@dataclass(frozen=True)
class Days:
    """The form of days and whether they are worked; `also` are further words for that."""

    example: str = "2026-05-02"
    also: Mapping[str | bool, bool] = field(default_factory=dict)

    @property
    def say(self) -> str:
        return f"日期与 {SAY_WORKED}，如 {{{self.example}: off}}"

    @property
    def nothing(self) -> dict[str, bool]:
        return {}

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> Content:
        days = {DAY_FORM: {"enum": ["on", "off", True, False]}}
        return {"type": "object", "patternProperties": days, "additionalProperties": False}

    def read(self, section: Section, key: str, say: str) -> dict[str, bool] | None:
        part = section.as_section(key, section.values[key], say)
        if part is None:
            return None
        found: dict[str, bool] = {}
        words: dict[str | bool, bool] = {**WORKED, **self.also}
        for name, value in part.values.items():
            day = as_day(name)
            if day is None:
                part.problem(str(name), f"应写日期，如 {self.example}，现在是 {written(name)}")
            elif not isinstance(value, str | bool) or value not in words:
                part.problem(str(name), f"应写 {SAY_WORKED}，现在是 {written(value)}")
            else:
                found[day.isoformat()] = words[value]
        return found


class Calendar(Declared):
    SAY: ClassVar[str] = "一个日历，如 {days: {2026-05-02: off}}"
    frames: DayFrames | None = Field(None, description="一天中的时段，按先后")
    days: Annotated[dict[str, bool], Days()] = Field({}, description="与官方日历不同的日子：on 上班，off 休息")
    weekends: Literal["made_up", "never"] = Field("made_up", description="调休的周末上班（默认），或周末从不上班")

    def require(self, place: Section) -> None:
        for day, worked in self.days.items() if self.weekends == NEVER else ():
            if worked and date.fromisoformat(day).weekday() >= SATURDAY:
                place.problem(f"days.{day}", f"{day} 是周末，而 weekends: never 说周末从不上班；请删去其一")

    def content(self) -> Content:
        never = {"weekends": NEVER} if self.weekends == NEVER else {}
        return {"days": self.days, **never} | ({"frames": pairs(self.frames)} if self.frames else {})


class Blackout(Declared):
    """Days on which nobody is contacted."""

    SAY: ClassVar[str] = "一段停访期，如 {from: 2026-02-14, to: 2026-02-23}"
    first: Day = Field(alias="from", description="首日")
    last: Day = Field(alias="to", description="末日")
    branches: Filled[str] | None = Field(None, description="停访的分公司；不写为全部", examples=[["EAST"]])

    def require(self, place: Section) -> None:
        if self.first and self.last and not 0 <= (self.last - self.first).days < LONGEST_BLACKOUT_DAYS:
            place.problem("to", f"应不早于 from，且停访期不超过 {LONGEST_BLACKOUT_DAYS} 天")

    def content(self) -> Content:
        first, last = (day and day.isoformat() for day in (self.first, self.last))
        return {"from": first, "to": last, "branches": self.branches or []}


Calendars = Annotated[dict[Code, Calendar], Say("日历，如 {site: {days: {2026-05-02: off}}}", most=MOST_CALENDARS)]


def known_calendar(place: Section, calendar: str | None, calendars: Mapping[str, Content]) -> str:
    """The id of one of the pack's calendars; "" when there is none."""
    if not calendar or calendar in calendars:
        return calendar or ""
    known = "、".join(calendars) or "（没有）"
    say = f"pack.yaml 的 calendars 里没有 {calendar}{meant(calendar, calendars)}，可写：{known}"
    place.problem("calendar", say)
    return ""


def never_opens(window: Content) -> bool:
    """Only make-up days would be both."""
    return window["days"] == "working" and WEEKEND.issuperset(window.get("weekdays", WEEKDAYS))


@dataclass(frozen=True)
class Timing:
    """What the pack says about time for all its policies; `windows` by (channel, purpose), "" for every one.

    `units` are those of the organisation that go by a calendar, their own or that of a unit above them. `worked` are the
    working hours; a window says them where a policy `counts_hours`.
    """

    window: Layer = field(default_factory=dict)
    windows: dict[tuple[str, str], Layer] = field(default_factory=dict)
    calendars: dict[str, Content] = field(default_factory=dict)
    blackouts: list[Content] = field(default_factory=list)
    units: dict[str, str] = field(default_factory=dict)
    worked: list[list[str]] = field(default_factory=list)
    counts_hours: bool = False

    def counting(self, values: Mapping[Any, Any]) -> "Timing":
        """As it is for a policy of these values: whether anything of it is reckoned in working hours."""
        return replace(self, counts_hours=mentions(values, WORKING_HOURS))

    def resolved(self, said: Sequence[Layer], channel: str, purpose: str) -> Content:
        """The window of a contact: each key from the nearest that says it, first those `said` for it alone.

        A unit's calendar goes before the pack's window, unless a nearer one names a calendar. `units` are those for which
        that makes a difference: by which of `calendars` they go, and what the window is by it.
        """
        ways = ((channel, purpose), (channel, ""), ("", purpose))
        near = [*said, *(self.windows[way] for way in ways if way in self.windows)]
        window = self._nearest(near)
        if not self.units or any("calendar" in layer for layer in near):
            return window
        own = {name: self._nearest([*near, {"calendar": name}]) for name in sorted(set(self.units.values()))}
        differing = {name: one for name, one in own.items() if one != window}
        if not differing:
            return window
        units = {unit: name for unit, name in self.units.items() if name in differing}
        return window | {"units": units, "calendars": differing}

    def _nearest(self, layers: Sequence[Layer]) -> Content:
        nearest: Content = {}
        for layer in (*layers, self.window, DEFAULT_WINDOW):
            calendar = self.calendars.get(layer.get("calendar", ""), {})
            nearest = ({"frames": calendar["frames"]} if "frames" in calendar else {}) | layer | nearest
        if nearest.get("when_closed") == LATER:
            del nearest["when_closed"]
        calendar_id = nearest.pop("calendar", "")
        calendar = self.calendars.get(calendar_id, {})
        if calendar_id:
            nearest["calendar"] = {"id": calendar_id, **{key: calendar[key] for key in calendar if key != "frames"}}
        if self.counts_hours:
            frames = calendar.get("frames") or self.worked or self.window.get("frames")
            nearest["worked"] = frames or DEFAULT_WINDOW["frames"]
        return nearest


def by_way(windows: Sequence[WayWindow], calendars: Mapping[str, Content]) -> dict[tuple[str, str], Layer]:
    """The windows of pack.yaml by (channel, purpose); a way that is written twice is noted."""
    found: dict[tuple[str, str], Layer] = {}
    for window in windows:
        way = (window.channel or "", window.purpose or "")
        if way in found:
            window.place.problem("", "同样的 channel 和 purpose 已写过一次，请合并")
        found[way] = window.layer(calendars)
    return found
