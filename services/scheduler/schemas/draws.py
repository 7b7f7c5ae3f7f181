"""Draws as the HTTP interface gives them."""

from dataclasses import asdict
from datetime import date, datetime

from pydantic import BaseModel, Field

from services.scheduler.domain.when.amounts import DAY
from services.scheduler.domain.whom.draw_record import DrawRecord
from services.scheduler.domain.whom.selection import whom_text
from services.scheduler.domain.whom.strata import stratum_text


class StratumOut(BaseModel):
    """一个分层的抽取结果。"""

    name: str = Field(description="分层")
    population: int = Field(description="总量")
    drawn: int = Field(description="抽取")
    reserve: int = Field(description="备选")


class DrawOut(BaseModel):
    """一次抽取：哪个策略、哪段期间、什么规则，各分层抽取多少。"""

    id: str = Field(description="抽取编号")
    policy_id: str = Field(description="策略编号")
    policy_version: int = Field(description="策略版本")
    title: str = Field(description="策略名称")
    first: date = Field(description="期间首日")
    last: date = Field(description="期间末日")
    state: str = Field(description="open 期间未结束、closed 待抽取、made 已抽取、published 已全部通知")
    whom: str = Field(description="抽取多少，如 每日总量的 20%")
    by: list[str] = Field(description="分层字段")
    seed: str = Field(description="抽取种子")
    population: int = Field(description="总量；抽取之后才有")
    strata: list[StratumOut] = Field(description="各分层；抽取之后才有")
    fingerprint: str = Field(description="总量的 SHA-256")
    made_at: datetime | None = Field(description="抽取时间")
    set_aside: str = Field(description="没有抽取而搁置的原因；排除后可重试")

    @classmethod
    def of(cls, draw: DrawRecord) -> "DrawOut":
        names = (
            "policy_id",
            "policy_version",
            "title",
            "state",
            "seed",
            "population",
            "fingerprint",
            "made_at",
            "set_aside",
        )
        return cls(
            **{name: getattr(draw, name) for name in names},
            id=str(draw.id),
            first=draw.period.first,
            last=draw.period.end - DAY,
            whom=whom_text(asdict(draw.drawing)),
            by=list(draw.drawing.by),
            strata=[StratumOut(**{**stratum._asdict(), "name": stratum_text(stratum.name)}) for stratum in draw.strata],
        )
