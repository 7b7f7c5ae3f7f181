"""Calls as HTTP says and hears them."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field

from services.visits.domain.lines import Cause, LineCall, LineReport, Sign, Stage
from shared.bodies import Body
from shared.contracts.visits import AttemptResult
from shared.moments import Instant

SCHEMES = ("https://", "http://")


def _address(text: str) -> str:
    if text and not text.startswith(SCHEMES):
        raise ValueError("录音地址应以 https:// 或 http:// 开头")
    return text


class LineEvent(Body):
    """话务线路告知的一件事。"""

    call_id: UUID = Field(description="拨打时给出的通话编号")
    sign: Sign = Field(description="ringing 振铃、answered 接听、ended 结束")
    at: Instant = Field(description="发生时间")
    cause: Cause = Field(default="hung_up", description="结束的原因：hung_up 挂断、failed 线路故障，或未接通的结果代码")
    recording: Annotated[str, AfterValidator(_address)] = Field(default="", max_length=1000, description="录音地址")

    @property
    def report(self) -> LineReport:
        return LineReport(self.sign, self.at, self.cause, self.recording)


class LineCallOut(BaseModel):
    """经话务线路的一通电话。"""

    id: UUID = Field(description="通话编号")
    stage: Stage = Field(description="placed 拨号中、ringing 振铃、talking 通话中、ended 已结束")
    placed_at: datetime = Field(description="拨打时间")
    answered_at: datetime | None = Field(description="接听时间")
    ended_at: datetime | None = Field(description="结束时间")
    talk_seconds: int = Field(description="通话秒数")
    cause: str = Field(description="结束的原因")
    likely_result: AttemptResult | None = Field(description="线路已能判断的呼叫结果；接听过的为空，由坐席选择")
    phone_masked: str = Field(description="拨打的号码（已脱敏）")

    @classmethod
    def of(cls, call: LineCall) -> "LineCallOut":
        return cls(**{name: getattr(call, name) for name in cls.model_fields})


class RecordingOut(BaseModel):
    url: str = Field(description="录音地址；本次收听已记入审计日志")
