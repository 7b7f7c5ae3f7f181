"""A pack's `caps` and `pauses`: how often a customer may be contacted, and when nobody contacts them for a while."""

from collections.abc import Collection
from typing import Annotated, ClassVar

from pydantic import Field

from services.scheduler.domain.conditions.tree import FACTS, histories
from services.scheduler.domain.ledger.caps import ANY_ENDING, PARTS, Period
from services.scheduler.domain.packs.condition_check import check_condition
from services.scheduler.domain.packs.vocabulary import Vocabulary, check_known
from services.scheduler.domain.policy import Purpose
from shared.conditions.declared import Tree
from shared.declared.model import Declared, Filled
from shared.declared.section import Section, meant
from shared.declared.values import Say
from shared.declared.words import Content, Event

PolicyNames = Annotated[
    str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}\*?$"), Say("策略编号，或编号的开头加 *（如 r02.*）")
]


class Cap(Declared):
    """At most `limit` contacts `per` period, of all contacts or of a part of them."""

    SAY: ClassVar[str] = "一条频次上限，如 {limit: 2, per: quarter}"
    limit: int = Field(ge=1, le=1000, description="最多几次")
    per: Period = Field(description="自然周、月、季、年，或任意连续若干天")
    days: int | None = Field(None, ge=1, le=366, description="per 为 days 时的天数")
    purposes: Filled[Purpose] | None = Field(None, description="只数这些用途的联系", examples=[["followup"]])
    policies: Filled[PolicyNames] | None = Field(
        None, description="只数这些策略的联系；末尾的 * 表示开头相同", examples=[["r02.2-opening", "r02.*"]]
    )
    tiers: Filled[str] | None = Field(None, description="只数组织中这些层级的班组的联系", examples=[["head", "branch"]])

    def require(self, place: Section) -> None:
        if self.per == "days" and not place.has("days"):
            place.problem("days", "缺少此项，应写1 到 366 的整数：任意连续多少天")
        elif self.per != "days" and place.has("days"):
            place.problem("days", "只用于 per: days；自然周、月、季、年不写天数，请删去此项")

    def content(self) -> Content:
        parts = {name: names for name in PARTS if (names := getattr(self, name))}
        return {"limit": self.limit, "per": self.per, "days": self.days or 0, **parts}


class Pause(Declared):
    """After these events nobody contacts the customer for so many hours."""

    SAY: ClassVar[str] = "一条暂停，如 {on: [visit.dissatisfied], hours: 48}"
    on: Filled[Event] = Field(description="这些事件之后", examples=[["visit.dissatisfied"]])
    hours: int = Field(ge=1, le=24 * 90, description="多少小时内不联系")
    condition: Annotated[Content | None, Tree(FACTS)] = Field(None, description="只在事件满足此条件时")

    def require(self, place: Section) -> None:
        if self.condition and any(past.contacts for past in histories(self.condition)):
            place.problem("condition", "暂停的条件里不能数联系次数（contacts）")

    def content(self) -> Content:
        return {"on": self.on, "hours": self.hours, "condition": self.condition}


def check_caps(head: Section, policies: Collection[str]) -> None:
    """Note caps that name policies the pack does not have."""
    for section in head.sections("caps"):
        for name in section.values.get("policies") or ():
            start = name.removesuffix(ANY_ENDING)
            if not any(one.startswith(start) if start != name else one == name for one in policies):
                section.problem("policies", f"包里没有策略 {name}{meant(start, policies)}", warning=True)


def check_pauses(head: Section, vocabulary: Vocabulary) -> None:
    """Note events that nobody sends and conditions that never hold."""
    for section in head.sections("pauses"):
        events = section.values["on"]
        check_known(section, "on", events, vocabulary)
        if condition := section.section("condition"):
            check_condition(condition, events, vocabulary)
