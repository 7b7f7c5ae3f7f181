"""What a policy says about a contact, as written in YAML; each of its steps and channels may say it anew."""

from typing import Annotated, ClassVar, get_args

from pydantic import Field

from services.scheduler.domain.packs.durations import BASE, Duration, UntilClock
from services.scheduler.domain.packs.head import Defaults
from services.scheduler.domain.packs.how import (
    Guards,
    Independent,
    Questionnaire,
    TeamChoice,
    guards_content,
    named,
)
from services.scheduler.domain.packs.windows import Festivals, Window, clocks, never_opens
from services.scheduler.domain.policy import Participation, Purpose
from services.scheduler.domain.when.amounts import DeadlineUnit, DelayUnit, WarnUnit
from shared.contracts.common import Channel
from shared.declared.model import Declared, Filled
from shared.declared.section import Section
from shared.declared.values import Say
from shared.declared.words import Content, Path, Title
from shared.hours import over_midnight

DELAY = Duration(get_args(DelayUnit), before=True)
DEADLINE = UntilClock(get_args(DeadlineUnit), before=True)
WARN = Duration(get_args(WarnUnit), "hours")
SAY_MERGE = Say(" true 或 false，或 {within: {days: 3}}")
SAY_BASE = "事实里一个日期的字段路径，如 contract_until；或节日，如 {festivals: [spring_festival]}"
USUAL_DAYS_APART = 7  # after a week a matter is no longer fresh, and what was to be asked soon is not asked late


class Near(Declared):
    SAY: ClassVar[str] = "天数，如 {days: 3}"
    days: int = Field(ge=0, le=366, description="天数")


class Merge(Declared):
    within: Near = Field(description="只与相距不超过这些天的事项合并", examples=[{"days": 3}])


class FestivalBase(Declared):
    """The next of these festivals after the fact; during one's days off still that one."""

    SAY: ClassVar[str] = "节日，如 {festivals: [spring_festival]}"
    festivals: Festivals = Field(description="事实之后的下一个节日；放假期间仍是这一个", examples=[["spring_festival"]])


class Contact(Declared):
    title: Title = Field(description="中文名称")
    base: Annotated[Path | FestivalBase | None, Say(SAY_BASE)] = Field(
        None,
        description="事实里一个日期的字段，或一个节日：delay、target、deadline 从它算起，负数为它之前",
        examples=["contract_until"],
    )
    delay: Annotated[Content | None, DELAY] = Field(None, description="最早多久之后联系；days: 1 为次日起")
    target: Annotated[Content | None, DELAY] = Field(
        None, description="最好多久之后联系；在最早与时限之间时，从此时起联系"
    )
    deadline: Annotated[Content | None, DEADLINE] = Field(
        None, description="事实发生后多久之内联系；工作日到最后一天联系时段结束为止"
    )
    warn: Annotated[Content | None, WARN] = Field(None, description="时限之前多久提醒")
    window: Window | None = Field(None, description="接触时段")
    cap: Participation = Field(
        "counted", description="频次上限：counted 计入且受限；unblocked 计入不受限；exempt 不计入不受限"
    )
    channel: Channel = Field("phone", description="渠道")
    questionnaire: Questionnaire = Field("", description="问卷编号，或按事实选择")
    team: TeamChoice = Field("", description="班组编号，或按事实选择")
    teams: Filled[str] | None = Field(None, description="班组不独立时可替换的班组，按顺序", examples=[["cs", "hq"]])
    independent: Independent | None = Field(
        None, description="回访不由作业的班组或单位进行；列表为说明作业方的数据字段"
    )
    never_alone: Filled[str] | None = Field(None, description="不得单独上门的角色", examples=[["sales"]])
    priority: int = Field(5, ge=1, le=9, description="优先级，1 最高")
    purpose: Purpose = Field("followup", description="用途：回访、关怀、告知")
    round: int = Field(1, ge=1, le=9, description="轮次，2 为二次回访")
    merge: Annotated[bool | Merge | None, SAY_MERGE] = Field(
        None, description="是否可与同一客户的其他事项合并为一次联系"
    )
    guards: Guards | None = Field(None, description="下达前的检查：未通过则取消；写成 {名称: defer} 则推迟")

    def require(self, place: Section) -> None:
        if self.warn and not place.has("deadline"):
            place.problem("warn", "没有写 deadline，无从提前提醒；请补上 deadline 或删去此项")
        if self.teams and not self.independent:
            place.problem("teams", "teams 只用于 independent: true 的策略，写明可替换的班组")
        if self.never_alone and self.channel != "on_site":
            place.problem("never_alone", "never_alone 只用于上门回访，请写 channel: on_site")

    def content(self, pack: Defaults) -> Content:
        """The canonical content, every default filled in; what isn't used is left out."""
        return {
            "title": self.title,
            **self._timing(pack),
            "seed": pack.seed,
            "caps": pack.caps,
            **({"pauses": pack.pauses} if pack.pauses else {}),
            "cap": self.cap,
            "channel": self.channel,
            **self._how(),
            "priority": self.priority,
            "purpose": self.purpose,
            "round": self.round,
            **self._merge(),
            **guards_content(self.guards or []),
        }

    def _timing(self, pack: Defaults) -> Content:
        own = [self.window.layer(pack.timing.calendars)] if self.window else []
        window = pack.timing.resolved(own, self.channel, self.purpose)
        if never_opens(window):
            say = "工作日不会是周六、周日（调休除外），这样的时段不会开放；请写 days: all 或改 weekdays"
            self.place.problem("window", say)
        if "worked" in window and over_midnight(clocks(window["worked"])):
            say = "时段跨过零时，不能按它计算 working_hours；请在 pack.yaml 写 working_hours"
            self.place.problem("window", say)
        content: Content = {"delay": self.delay or {"amount": 0, "unit": "minutes"}, "deadline": self.deadline}
        content |= {"window": window}
        content |= {BASE: self._base()} if self.base else {}
        content |= {key: value for key in ("target", "warn") if (value := getattr(self, key))}
        return content | ({"blackouts": pack.timing.blackouts} if pack.timing.blackouts else {})

    def _base(self) -> str | Content:
        return {"festivals": sorted({*self.base.festivals})} if isinstance(self.base, FestivalBase) else self.base or ""

    def _how(self) -> Content:
        questionnaire, choose = named("questionnaire", self.questionnaire)
        team, by_fact = named("team", self.team)
        choose |= by_fact
        choose |= {"teams": self.teams} if self.teams else {}
        choose |= {"doers": self.independent} if self.independent else {}
        content: Content = {"questionnaire": questionnaire, "team": team}
        content |= {"choose": choose} if choose else {}
        return content | ({"never_alone": self.never_alone} if self.never_alone else {})

    def _merge(self) -> Content:
        """Left out, a deadline tells how far a contact may be put off; where there is none, USUAL_DAYS_APART do."""
        if isinstance(self.merge, Merge):
            return {"merge": True, "merge_within": self.merge.within.days}
        if self.merge is None and self.deadline is None:
            return {"merge": True, "merge_within": USUAL_DAYS_APART}
        return {"merge": self.merge is not False}


KEYS = frozenset(Contact.model_fields) - {BASE}  # what a step may say anew
