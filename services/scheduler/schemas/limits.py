"""Limits as the HTTP interface gives them."""

from datetime import date
from typing import Literal

from pydantic import BaseModel, Field

from services.scheduler.domain.whom.strata import stratum_text
from services.scheduler.store.slots import LimitDay


class LimitDayOut(BaseModel):
    """一个策略在一天（或一段期间、一个分层）的上限用了多少。"""

    policy_id: str = Field(description="策略编号")
    title: str = Field(description="策略名称")
    limit: Literal["ceiling", "quota"] = Field(description="ceiling 每日上限、quota 数量上限")
    day: date = Field(description="每日上限的那一天，或数量上限的期间首日")
    stratum: str = Field(description="数量上限的分层；每日上限为空")
    most: int | None = Field(description="上限；升级之前的记录为空")
    taken: int = Field(description="已计划")
    lacking: int = Field(description="每日上限：顺延到以后的；数量上限：因此不回访的")

    @classmethod
    def of(cls, row: LimitDay) -> "LimitDayOut":
        return cls(
            policy_id=row.policy_id,
            title=row.title,
            limit=row.slot.limit,
            day=row.slot.day,
            stratum=stratum_text(row.slot.stratum) if row.slot.stratum else "",
            most=row.count.most or None,
            taken=row.count.taken,
            lacking=row.count.lacking,
        )
