"""Corrections, asked and told."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from services.visits.domain.corrections import Version
from services.visits.schemas.requests import AnswersIn, AttemptIn, Note
from shared.bodies import WRITTEN, Body
from shared.contracts.visits import AttemptResult
from shared.privacy import mask_text

Reason = Annotated[str, Field(min_length=1, max_length=500), WRITTEN, AfterValidator(mask_text)]


class CorrectIn(Body):
    answers: AnswersIn = Field(description="更正后的全部答案，整体替换原答案")
    note: Note | None = Field(default=None, description="更正后的备注；不填则不变")
    reason: Reason = Field(description="更正理由")


class CorrectResultIn(AttemptIn):
    """那次联系真正的结果，写法与小结相同；不写的通话、整理秒数与备注不变。"""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "result": "completed",
                    "answers": {"satisfaction": "satisfied"},
                    "reason": "客户接听并答完，误选了号码错误",
                }
            ]
        },
    )

    reason: Reason = Field(description="更正理由")


class ResultVersionOut(BaseModel):
    """一次联系的结果在某次更正之后的样子；0 为原来的小结。"""

    model_config = ConfigDict(from_attributes=True)

    attempt_id: UUID = Field(description="联系编号")
    number: int = Field(description="第几次更正，0 为原来的小结")
    at: datetime = Field(description="从何时起")
    by: str = Field(description="由谁填写")
    reason: str = Field(description="更正理由；原来的小结为空")
    result: AttemptResult = Field(description="结果代码，平台的")
    own_code: str = Field(description="选的是本部署自定的代码时为该代码；否则为空")
    person: str = Field(description="接听人")
    note: str = Field(description="备注")


class VersionOut(BaseModel):
    """记录在某次更正之后的样子；0 为办结时的原记录。"""

    number: int = Field(description="第几次更正，0 为原记录")
    at: datetime = Field(description="从何时起")
    by: str = Field(description="由谁填写")
    reason: str = Field(description="更正理由；原记录为空")
    answers: dict[str, Any] = Field(description="答案")
    outcome: dict[str, Any] = Field(description="结果：满意度、评分、问题件等")
    note: str = Field(description="备注")

    @classmethod
    def of(cls, version: Version) -> "VersionOut":
        return cls(
            number=version.number,
            at=version.at,
            by=version.by,
            reason=version.reason,
            answers=dict(version.answers),
            outcome=dict(version.outcome),
            note=version.note,
        )
