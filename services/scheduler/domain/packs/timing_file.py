"""When, as written in YAML: delay, target, deadline and warning, contact windows, calendars and blackouts."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import time
from typing import Any, get_args

from services.scheduler.domain.policy import Purpose
from services.scheduler.domain.when.amounts import DeadlineUnit, DelayUnit, WarnUnit
from services.scheduler.domain.when.recurrence import WEEKDAYS
from shared.contracts.common import Channel
from shared.declared.section import Section, as_day, meant, written

Content = dict[str, Any]
Layer = Content
TIME_FORM = r"([01]\d|2[0-3]):[0-5]\d"
FRAME_FORM = rf"{TIME_FORM}-{TIME_FORM}"
DEADLINE = "deadline"
CODE_FORM = r"[A-Za-z0-9._-]{0,64}"
DELAY_UNITS: tuple[str, ...] = get_args(DelayUnit)
DEADLINE_UNITS: tuple[str, ...] = get_args(DeadlineUnit)
WARN_UNITS: tuple[str, ...] = get_args(WarnUnit)
WEEKEND = frozenset(("sat", "sun"))
DAY_KINDS = ("working", "all")
WORKED = {"on": True, True: True, "off": False, False: False}
DEFAULT_WINDOW: Layer = {"days": "working", "frames": [["09:00", "12:00"], ["14:00", "18:00"]]}
LONGEST_BLACKOUT_DAYS = 366
MOST_OF = {"weeks": 520, "months": 120, "working_days": 2_500}  # ten years; of shorter units 10,000
MOST_CALENDARS, MOST_DAYS = 50, 5_000  # days of all calendars
OVER_MIDNIGHT = "跨过零时的时段请分成两段，如 00:00-06:00 和 22:00-23:59"


@dataclass(frozen=True)
class Timing:
    """What the pack says about time for all its policies; `windows` by (channel, purpose), "" for every one.

    `units` are those of the organisation that go by a calendar, their own or that of a unit above them.
    """

    window: Layer = field(default_factory=dict)
    windows: dict[tuple[str, str], Layer] = field(default_factory=dict)
    calendars: dict[str, Content] = field(default_factory=dict)
    blackouts: list[Content] = field(default_factory=list)
    units: dict[str, str] = field(default_factory=dict)

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
        if calendar_id := nearest.pop("calendar", None):
            nearest["calendar"] = {"id": calendar_id, "days": self.calendars[calendar_id]["days"]}
        return nearest


def read_pack_timing(head: Section) -> Timing:
    """`window`, `windows`, `calendars` and `blackouts` of pack.yaml."""
    calendars = _calendars(head)
    return Timing(
        window=read_layer(head, calendars),
        windows=_windows(head, calendars),
        calendars=calendars,
        blackouts=[_blackout(part) for part in head.sections("blackouts", "一段停访期，如 {from: …, to: …}")],
    )


def read_timing(section: Section, pack: Timing, channel: str, purpose: str) -> Content:
    """What a policy says about time, every default filled in; what it doesn't use is left out."""
    content: Content = {
        "delay": read_amount(section, "delay", DELAY_UNITS) or {"amount": 0, "unit": "minutes"},
        "deadline": read_deadline(section),
        "window": pack.resolved([read_layer(section, pack.calendars)], channel, purpose),
    }
    if never_opens(content["window"]):
        section.problem(
            "window", "工作日不会是周六、周日（调休除外），这样的时段不会开放；请写 days: all 或改 weekdays"
        )
    if target := read_amount(section, "target", DELAY_UNITS):
        content["target"] = target
    if warn := read_amount(section, "warn", WARN_UNITS, "hours"):
        content["warn"] = warn
        if content["deadline"] is None:
            section.problem("warn", "没有写 deadline，无从提前提醒；请补上 deadline 或删去此项")
    return content | ({"blackouts": pack.blackouts} if pack.blackouts else {})


def read_layer(section: Section, calendars: Content, key: str = "window") -> Layer:
    """The window as far as it is said here."""
    part = section.section(key, '接触时段，如 {days: working, frames: ["09:00-12:00"]}')
    if part is None:
        return {}
    layer = _layer(part, calendars)
    part.close()
    return layer


def read_deadline(section: Section) -> Content | None:
    """`{working_days: 3}`, and `at: "15:00"` for working days that shall end earlier than the contact window closes."""
    part = section.section(DEADLINE, "时长，如 {working_days: 2}")
    if part is None:
        return None
    at = part.text("at", "", TIME_FORM, '一天中的时刻，须加引号，如 "15:00"')
    content = _amount(section, part, DEADLINE_UNITS, "working_days")
    if at and content and content["unit"] != "working_days":
        part.problem("at", "只用于工作日时限：最后一天到此时为止；其他单位的时限自有时刻，请删去 at")
    return content | {"at": at} if at and content else content


def read_amount(
    section: Section, key: str, units: Sequence[str], usual: str = "days", least: int = 0
) -> Content | None:
    """`{days: 2}`: exactly one unit with a whole number of `least` or more; `usual` is the one to show."""
    part = section.section(key, f"时长，如 {{{usual}: 2}}")
    return _amount(section, part, units, usual, least) if part else None


def _amount(section: Section, part: Section, units: Sequence[str], usual: str, least: int = 0) -> Content | None:
    given = [unit for unit in units if part.has(unit)]
    part.close()
    if len(given) != 1:
        key = part.at.rpartition(".")[2]
        section.problem(key, f"应写且只写一个单位（{'、'.join(units)}），如 {{{usual}: 2}}")
        return None
    return {"amount": part.integer(given[0], least, MOST_OF.get(given[0], 10_000)), "unit": given[0]}


def never_opens(window: Content) -> bool:
    """Only make-up days would be both."""
    return window["days"] == "working" and WEEKEND.issuperset(window.get("weekdays", WEEKDAYS))


def _layer(section: Section, calendars: Content) -> Layer:
    layer: Layer = {}
    if section.has("days"):
        layer["days"] = section.choice("days", DAY_KINDS)
    if weekdays := section.texts("weekdays", "星期的列表，如 [mon, tue]"):
        layer["weekdays"] = _weekdays(section, weekdays)
    if frames := section.texts("frames", '时段的列表，如 ["09:00-12:00", "14:00-18:00"]'):
        layer["frames"] = _frames(section, frames)
    if calendar := read_calendar(section, calendars):
        layer["calendar"] = calendar
    return layer


def read_calendar(section: Section, calendars: Content) -> str:
    """The id of one of the pack's calendars; "" when there is none."""
    calendar = section.text("calendar", "", CODE_FORM, "日历编号")
    if calendar in ("", *calendars):
        return calendar
    known = "、".join(calendars) or "（没有）"
    section.problem("calendar", f"pack.yaml 的 calendars 里没有 {calendar}{meant(calendar, calendars)}，可写：{known}")
    return ""


def _weekdays(section: Section, weekdays: list[str]) -> list[str]:
    for weekday in weekdays:
        if weekday not in WEEKDAYS:
            section.problem(
                "weekdays", f"只可写 {'、'.join(WEEKDAYS)}，现在是 {written(weekday)}{meant(weekday, WEEKDAYS)}"
            )
    return [weekday for weekday in WEEKDAYS if weekday in weekdays] or [*WEEKDAYS]


def _frames(section: Section, frames: list[str]) -> list[list[str]]:
    end, read = time(), []
    for frame in frames:
        if not re.fullmatch(FRAME_FORM, frame):
            last = "；一天到 23:59 为止" if "24:00" in frame else ""
            section.problem("frames", f"时段应写成 09:00-12:00 的样子，现在是 {written(frame)}{last}")
            continue
        opens, closes = (time.fromisoformat(text) for text in frame.split("-"))
        if opens >= closes:
            section.problem("frames", f"时段须起早止晚，{frame} 不符合；{OVER_MIDNIGHT}")
            continue
        if opens < end:
            section.problem("frames", f"时段须按先后排列且不重叠，{frame} 不符合")
            continue
        end = closes
        read.append(frame.split("-"))
    return read or list(DEFAULT_WINDOW["frames"])


def _windows(head: Section, calendars: Content) -> dict[tuple[str, str], Layer]:
    found: dict[tuple[str, str], Layer] = {}
    for part in head.sections("windows", '一类联系的时段，如 {channel: sms, frames: ["08:00-20:00"]}'):
        way = (
            part.choice("channel", get_args(Channel), "") if part.has("channel") else "",
            part.choice("purpose", get_args(Purpose), "") if part.has("purpose") else "",
        )
        if way == ("", ""):
            part.problem("", "应写 channel、purpose 中至少一项；对所有联系都适用的写在 window")
        if way in found:
            part.problem("", "同样的 channel 和 purpose 已写过一次，请合并")
        found[way] = _layer(part, calendars)
        part.close()
    return found


def _calendars(head: Section) -> dict[str, Content]:
    part = head.section("calendars", "日历，如 {site: {days: {2026-05-02: off}}}")
    found: dict[str, Content] = {}
    if part and len(part.values) > MOST_CALENDARS:
        head.problem("calendars", f"最多 {MOST_CALENDARS} 个日历，现在有 {len(part.values)} 个")
        return found
    for name in part.values if part else ():
        one = part.as_section(str(name), part.values[name], "一个日历，如 {days: {2026-05-02: off}}") if part else None
        if one is None:
            continue
        if not re.fullmatch(CODE_FORM, str(name)) or not name:
            one.problem("", "日历编号只含字母、数字、点、下划线和连字符")
        frames = one.texts("frames", '时段的列表，如 ["09:00-12:00", "14:00-18:00"]')
        found[str(name)] = {"days": _days(one)} | ({"frames": _frames(one, frames)} if frames else {})
        one.close()
    if (days := sum(len(one["days"]) for one in found.values())) > MOST_DAYS:
        head.problem("calendars", f"各日历合计最多 {MOST_DAYS} 天，现在有 {days} 天；请只写与官方日历不同的日子")
    return found


def _days(section: Section) -> dict[str, bool]:
    """Days that differ from the official calendar: True = worked."""
    part = section.section("days", "日期与 on（上班）或 off（休息），如 {2026-05-02: off}")
    found: dict[str, bool] = {}
    for key, value in part.values.items() if part else ():
        day = as_day(key)
        if part and day is None:
            part.problem(str(key), f"应写日期，如 2026-05-02，现在是 {written(key)}")
        elif part and (not isinstance(value, str | bool) or value not in WORKED):
            part.problem(str(key), f"应写 on（上班）或 off（休息），现在是 {written(value)}")
        elif day is not None:
            found[day.isoformat()] = WORKED[value]
    return found


def _blackout(section: Section) -> Content:
    first, last = section.day("from"), section.day("to")
    if first and last and not 0 <= (last - first).days < LONGEST_BLACKOUT_DAYS:
        section.problem("to", f"应不早于 from，且停访期不超过 {LONGEST_BLACKOUT_DAYS} 天")
    branches = section.texts("branches", "分公司编号的列表，如 [EAST]；所有分公司都停访时不写")
    section.close()
    return {"from": first and first.isoformat(), "to": last and last.isoformat(), "branches": branches}
