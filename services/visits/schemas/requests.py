"""Request bodies. Free text is masked as it comes in, so that no whole phone number is ever stored with it (X4)."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field

from services.visits.domain.attempts import Person
from services.visits.domain.presence import Present
from shared.bodies import STRIPPED, WRITTEN, Body
from shared.moments import Instant
from shared.privacy import mask_text, mask_tree, require_no_number

AnswersIn = Annotated[
    dict[str, Any],
    Field(max_length=100, description="题号到答案；单选为选项值，多选为列表，是非题为 yes/no/unclear，评分和数字为数"),
    AfterValidator(mask_tree),
]
Note = Annotated[str, Field(max_length=2000), STRIPPED, AfterValidator(mask_text)]
Remark = Annotated[str, Field(min_length=1, max_length=2000), WRITTEN, AfterValidator(mask_text)]
Companion = Annotated[
    str,
    Field(max_length=64, description="上门时的同行人员（工号或姓名）；不得单独上门的单须填写"),
    STRIPPED,
    AfterValidator(mask_text),
]


class ClaimOneIn(Body):
    companion: Companion = ""


class ClaimIn(Body):
    team: Annotated[str, Field(max_length=64), STRIPPED] | None = Field(
        default=None, description="只领取该班组的单；不填则不限班组"
    )
    limit: int = Field(default=1, ge=1, le=20, description="最多领取几张；同一客户的单会一并领取")
    companion: Companion = ""


class PresenceIn(Body):
    state: Present = Field(description="ready 示闲、busy 示忙、break 小休、offline 离线")
    capacity: int | None = Field(default=None, ge=1, le=100, description="最多同时持有几张；不填则不变")


class SaveAnswersIn(Body):
    answers: AnswersIn


class AttemptIn(Body):
    """一次联系，由坐席小结。"""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "result": "completed",
                    "person": "self",
                    "answers": {"satisfaction": "satisfied"},
                    "talk_seconds": 95,
                    "wrap_up_seconds": 20,
                    "note": "",
                },
                {"result": "callback_agreed", "callback_at": "2026-03-03T10:00:00+08:00", "talk_seconds": 20},
                {"result": "no_answer"},
            ]
        },
    )

    result: str = Field(
        min_length=1, max_length=32, pattern=r"^[a-z][a-z0-9_]*$", description="呼叫结果代码，见 /api/v1/result-codes"
    )
    person: Person = Field(default="self", description="接听人：本人、家属代答、其他人")
    answers: AnswersIn | None = Field(default=None, description="并入已暂存的答案；答案为 null 的题撤回原来的答案")
    talk_seconds: int | None = Field(
        default=None, ge=0, le=86_400, description="通话秒数；不填则按「拨打」「挂断」的时间计算，未经平台拨打的为 0"
    )
    wrap_up_seconds: int | None = Field(default=None, ge=0, le=86_400, description="整理秒数；不填则从「挂断」起计算")
    note: Note = Field(default="", description="备注")
    callback_at: Instant | None = Field(default=None, description="约定的回呼时间，仅用于 callback_agreed")
    callback_owner: Literal["me", "queue"] = Field(
        default="queue", description="约定的回呼由谁处理：me 本人（不在岗或过时未拨则转给他人）、queue 任何人"
    )
    language: Annotated[str, AfterValidator(require_no_number)] | None = Field(
        default=None,
        max_length=20,
        pattern=r"^[A-Za-z0-9_-]+$",
        description="客户所讲的语言代码，仅用于 language_barrier；以后由会讲的坐席回访",
    )
    signer: Annotated[str, Field(max_length=64), STRIPPED, AfterValidator(mask_text)] = Field(
        default="", description="上门回访：签名人姓名；没有手写签名时必填"
    )
    unsigned_reason: Annotated[str, Field(max_length=200), STRIPPED, AfterValidator(mask_text)] = Field(
        default="", description="上门回访：客户没有手写签名的原因"
    )
    corrected_phone: Annotated[str, Field(max_length=100), STRIPPED] | None = Field(
        default=None, description="更正后的号码；填写后继续回访"
    )


class RevealIn(Body):
    reason: Literal["dial", "verify", "other"] = Field(default="dial", description="查看原因：拨打、核实、其他")


class ReassignIn(Body):
    team: Annotated[str, Field(min_length=1, max_length=64), WRITTEN] = Field(description="新的班组")


class ReviewIn(Body):
    remark: Remark = Field(description="复核意见")
