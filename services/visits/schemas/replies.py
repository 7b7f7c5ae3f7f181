"""Digits that wait for people, as shown and settled."""

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel, Field, model_validator

from services.visits.domain.replies import REASONS, Decision, Reason, StrayReply
from services.visits.schemas.requests import Note
from shared.bodies import Body


class StrayReplyOut(BaseModel):
    """一条不能确定回答哪张单的数字回复。"""

    id: UUID = Field(description="编号")
    customer_id: str = Field(description="客户编号；号码无人认领时为空")
    phone_masked: str = Field(description="回复的号码（已脱敏）")
    digit: int = Field(description="回复的数字")
    reason: Reason = Field(description="none 没有可作答的单、several 有几张单、digit 数字不是选项")
    advice: str = Field(description="为什么需要人工处理")
    visits: list[UUID] = Field(description="可能回答的回访单")
    branch: str = Field(description="分公司")
    team: str = Field(description="班组")
    received_at: datetime = Field(description="收到时间")
    visit_id: UUID | None = Field(description="处理为哪张单的回答；尚未处理或不作回答时为空")
    remark: str = Field(description="处理的备注")
    refused: bool = Field(description="处理为客户拒访")
    settled_by: str = Field(description="处理人")
    settled_at: datetime | None = Field(description="处理时间；尚未处理时为空")

    @classmethod
    def of(cls, reply: StrayReply) -> Self:
        same = {name: getattr(reply, name) for name in cls.model_fields if name not in ("advice", "visits")}
        return cls(**same, advice=REASONS[reply.reason], visits=list(reply.visits))


class SettleIn(Body):
    """人工对一条数字回复的处理。"""

    visit_id: UUID | None = Field(
        default=None, description="作为哪张单的回答，须在 visits 之中；为空表示不作任何单的回答"
    )
    refuses: bool = Field(
        default=False, description="客户拒访：可选的单中未办结、无人领取的都记为拒访；不能同时指定 visit_id"
    )
    remark: Note = Field(default="", description="备注")

    @model_validator(mode="after")
    def require_one_meaning(self) -> Self:
        if self.refuses and self.visit_id:
            raise ValueError("不能既是一张单的回答，又是拒访")
        return self

    @property
    def decision(self) -> Decision:
        return Decision(self.visit_id, self.refuses, self.remark)
