"""A policy as written in YAML, read into its canonical content."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, ClassVar

from pydantic import Field

from services.scheduler.domain.packs.contact import Contact
from services.scheduler.domain.packs.head import Defaults
from services.scheduler.domain.packs.limits import MOST_POLICIES
from services.scheduler.domain.packs.steps import MOST_STEPS, Heed, Step, steps_content
from services.scheduler.domain.packs.triggers import Anniversary, FestivalDay, Occurring, Recurring
from services.scheduler.domain.packs.whom import Ceiling, Quota, Rate, whom_content
from services.scheduler.domain.policy import Again
from shared.declared.model import Declared, Filled
from shared.declared.section import Section
from shared.declared.values import Say
from shared.declared.words import Beginning, Content


class Policy(Contact):
    SAY: ClassVar[str] = "一条策略"
    ELSEWHERE: ClassVar[Mapping[str, str]] = {
        **dict.fromkeys(
            ("caps", "pauses", "windows", "calendars", "blackouts", "working_hours"), "对整个包都适用，写在 pack.yaml"
        ),
        **dict.fromkeys(("events", "condition", "every", "anniversary", "festivals", "seasons"), "写在 trigger 之下"),
        **dict.fromkeys(
            ("from", "if", "wait", "repeat", "fallback"), "写在 steps 的一步里，如 steps: [{id: first, …}]"
        ),
        "frames": "写在 window 之下",
    }
    id: Annotated[
        str, Field(pattern="^[a-z0-9][a-z0-9._-]{0,62}$"), Say("小写字母、数字、点、下划线和连字符组成的编号")
    ] = Field(description="策略编号，包内唯一")
    clauses: Filled[str] | None = Field(None, description="条款编号", examples=[["R01.1"]])
    trigger: Occurring | Recurring | Anniversary | FestivalDay = Field(description="什么触发这条策略")
    rate: Rate = Field(
        description="回访多少：all 为全部；百分比为逐件抽取；exact、each、number 为期间结束后从总量中抽取"
    )
    quota: Quota | None = Field(None, description="一段期间的事实最多计划几次联系")
    ceiling: Ceiling | None = Field(None, description="每天最多联系几次，多出的顺延")
    enabled: bool = Field(True, description="首次应用时是否启用")
    valid_from: Beginning | None = Field(None, description="从何时的事实起生效：一天，或 2026-12-01 08:00 这样的时间")
    steps: Annotated[list[Step], Field(min_length=1), Say(most=MOST_STEPS)] | None = Field(
        None, description="依次的步骤，每步一次联系"
    )
    stop: Heed | None = Field(None, description="发生后终止流程的事件", examples=[{"events": ["order.cancelled"]}])
    again: Again = Field("parallel", description="流程进行中再次触发：并行、重来、忽略")

    def require(self, place: Section) -> None:
        super().require(place)
        for key in ("stop", "again"):
            if place.has(key) and not place.has("steps"):
                place.problem(key, f"{key} 只用于写了 steps 的策略，请把联系写成 steps: [{{id: first}}]")

    def content(self, pack: Defaults) -> Content:
        pack = replace(pack, timing=pack.timing.counting(self.place.values))
        contact = super().content(pack)
        content: Content = {
            "id": self.id,
            "title": self.title,
            "clauses": self.clauses or [],
            "trigger": self.trigger.content(),
            **contact,
            **whom_content(self.rate, self.quota, self.ceiling),
        }
        if self.steps is None:
            return content
        steps = steps_content(self.place, contact, self.steps, pack)
        return content | {"steps": steps, "stop": self.stop.content() if self.stop else None, "again": self.again}


class PolicyFile(Declared):
    """Several policies in one file."""

    policies: Annotated[
        list[Policy], Say("策略的列表，或在最外层写一条策略的 id、title、trigger、rate", most=MOST_POLICIES)
    ] = Field(description="策略")
