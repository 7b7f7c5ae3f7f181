"""`pack.yaml`: what holds for all policies of a pack."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

from pydantic import Field

from services.scheduler.domain.conditions.tree import FACTS
from services.scheduler.domain.packs.document import KINDS, ORGANISATION, POLICIES
from services.scheduler.domain.packs.restraints import Cap, Pause
from services.scheduler.domain.packs.windows import (
    MOST_DAYS,
    Blackout,
    Calendars,
    DayFrames,
    Timing,
    WayWindow,
    Window,
    by_way,
    pairs,
)
from shared.conditions.declared import NamedTrees
from shared.declared.model import Declared
from shared.declared.section import Section
from shared.declared.values import Say
from shared.declared.words import Content, Title

FORMAT = 1


class Head(Declared):
    ELSEWHERE: ClassVar[Mapping[str, str]] = {
        **dict.fromkeys(
            ("policies", "rate", "trigger", "delay", "deadline"), f"属于一条策略，写在 {POLICIES} 的文件里"
        ),
        **dict.fromkeys(("organisation", "teams"), f"写在 {ORGANISATION}"),
        "kinds": f"写在 {KINDS} 的文件里",
        "tests": "写在 tests/ 的文件里",
    }
    format: int = Field(ge=FORMAT, le=FORMAT, description="格式版本")
    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{0,62}$"), Say("小写字母、数字、点和连字符组成的名称")] = (
        Field(description="名称，与目录同名")
    )
    title: Title = Field(description="中文名称")
    seed: str | None = Field(None, description="抽样种子，默认与 name 相同；改动后抽中的人不同")
    window: Window | None = Field(None, description="接触时段")
    working_hours: Annotated[DayFrames, Say('上班时间的列表，如 ["08:30-12:00", "13:30-18:00"]')] | None = Field(
        None,
        description="上班时间，working_hours 按它计算；不写为 window 的时段",
        examples=[["08:30-12:00", "13:30-18:00"]],
    )
    conditions: Annotated[dict[str, Content], NamedTrees(FACTS)] = Field(
        {}, description="有名称的条件，策略里写 {named: 名称} 引用", examples=[{"vip": {"field": "customer.level"}}]
    )
    windows: list[WayWindow] = Field([], description="按渠道、用途各有时段")
    calendars: Calendars = Field({}, description="日历编号与内容")
    blackouts: list[Blackout] = Field([], description="停访期：不安排联系的日子")
    caps: list[Cap] = Field([], description="一位客户一段时间内最多联系几次，各策略合计")
    pauses: list[Pause] = Field([], description="客户不满之后，多少小时内不联系")

    def require(self, place: Section) -> None:
        if (days := sum(len(one.days) for one in self.calendars.values())) > MOST_DAYS:
            say = f"各日历合计最多 {MOST_DAYS} 天，现在有 {days} 天；请只写与官方日历不同的日子"
            place.problem("calendars", say)


@dataclass(frozen=True)
class Defaults:
    """What the pack says for all its policies."""

    seed: str
    caps: list[Content]
    pauses: list[Content]
    timing: Timing

    def for_units(self, calendars: dict[str, str]) -> "Defaults":
        """As they are where units (by code) go by these of the pack's calendars."""
        return replace(self, timing=replace(self.timing, units=calendars))


def defaults_of(head: Head) -> Defaults:
    """The canonical contents of a pack's head."""
    calendars = {name: one.content() for name, one in head.calendars.items()}
    timing = Timing(
        window=head.window.layer(calendars) if head.window else {},
        windows=by_way(head.windows, calendars),
        calendars=calendars,
        blackouts=[one.content() for one in head.blackouts],
        worked=pairs(head.working_hours or []),
    )
    caps, pauses = [cap.content() for cap in head.caps], [pause.content() for pause in head.pauses]
    return Defaults(head.name if head.seed is None else head.seed, caps, pauses, timing)
