"""What the workbench is given for one call: every question of the questionnaire, with its condition.

The page decides by itself which question comes next, so that an agent need not wait for the network between two answers;
the rule is `domain.conditions`, and what is handed in is checked by it again.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from pydantic import BaseModel, Field

from services.visits.domain.appointments import address_of
from services.visits.domain.attempts import Attempt
from services.visits.domain.callbacks import CallbackTime
from services.visits.domain.calls import talk_seconds
from services.visits.domain.corrections import Version
from services.visits.domain.questionnaire import MeaningRole, Question, Questionnaire
from services.visits.domain.script import spoken, variables_of
from services.visits.domain.visit import Visit
from services.visits.schemas.corrections import VersionOut
from services.visits.schemas.questionnaires import QuestionOut
from services.visits.schemas.visits import NoticeOut, VisitOut


class AskedOut(QuestionOut):
    when: dict[str, Any] | None = Field(
        description="何时才问：all、any、not，或 field（题号）、op、value 一个比较；为空表示总是要问"
    )
    role: MeaningRole | None = Field(description="答案对平台的意义")
    matter: str = Field(default="", description="一次联系有几件事项时，这道题问的是哪一件；共同的问题为空")

    @classmethod
    def of(cls, question: Question, variables: Mapping[str, str], answer: Any) -> Self:
        out = QuestionOut.of(question, variables, answer)
        return cls(**dict(out), when=dict(question.when.tree) if question.when else None, role=question.role)

    @classmethod
    def all_of(cls, visit: Visit, questionnaire: Questionnaire) -> list[Self]:
        """Every question, in the words for its matter."""
        matters = _matters(visit, questionnaire)
        asked = []
        for question in questionnaire.questions:
            out = cls.of(question, variables_of(visit, question.about), visit.answers.get(question.id))
            asked.append(out.model_copy(update={"matter": matters.get(question.id, "")}))
        return asked


class MatterName(BaseModel):
    """一件事项的名称。"""

    title: str = Field(description="事由")
    kind: str = Field(description="业务种类")
    subject: str = Field(description="单据编号")


class Sheet(VisitOut):
    """坐席通话时页面所需的内容。"""

    script_title: str = Field(description="问卷名称")
    opening: str = Field(description="开场白，变量已填好")
    closing: str = Field(description="结束语")
    questions: list[AskedOut] = Field(description="全部问题，按提问顺序")
    answers: dict[str, Any] = Field(description="已暂存的答案")
    has_script: bool = Field(description="问卷是否已发布；没有问卷的单也可以记录结果")
    cancel_reason: str = Field(description="通话中被取消的原因；为空表示没有")
    subject: str = Field(description="单据编号")
    address: str = Field(description="来源单上的地址；没有时为空")
    matters: list[MatterName] = Field(description="一次联系的全部事项")
    call_seconds: int | None = Field(description="已拨打多少秒；还没有拨打时为空")
    call_ended: bool = Field(description="是否已挂断")
    notices: list[NoticeOut] = Field(description="领取之后的变化，最新的在后")
    rules_version: int = Field(description="现在的作业规则是第几版；页面据此更新呼叫结果代码")

    @classmethod
    def of_call(cls, visit: Visit, questionnaire: Questionnaire | None, rules_version: int, now: datetime) -> "Sheet":
        variables = variables_of(visit)
        return cls(
            **dict(VisitOut.of(visit)),
            script_title=questionnaire.title if questionnaire else "",
            opening=spoken(questionnaire.opening, variables) if questionnaire else "",
            closing=spoken(questionnaire.closing, variables) if questionnaire else "",
            questions=AskedOut.all_of(visit, questionnaire) if questionnaire else [],
            answers=dict(visit.answers),
            has_script=questionnaire is not None,
            cancel_reason=visit.cancel_reason,
            subject=variables["单号"],
            address=address_of(visit),
            matters=[MatterName(title=one.title, kind=one.event_type, subject=one.subject) for one in visit.matters],
            call_seconds=talk_seconds(visit, now) if visit.call_started_at else None,
            call_ended=visit.call_ended_at is not None,
            notices=[NoticeOut.model_validate(notice) for notice in visit.notices],
            rules_version=rules_version,
        )


class RecordSheet(BaseModel):
    """更正一份记录时页面所需的内容。"""

    id: UUID = Field(description="回访单编号")
    name: str = Field(description="客户称呼")
    questions: list[AskedOut] = Field(description="全部问题，按提问顺序")
    answers: dict[str, Any] = Field(description="现在的答案")
    note: str = Field(description="现在的备注")
    versions: list[VersionOut] = Field(description="记录的各个版本，原记录在前")
    result: str = Field(default="", description="未成功或等待再次联系的单，最后一次联系的结果代码；已完成的为空")

    @classmethod
    def of_result(cls, visit: Visit, questionnaire: Questionnaire | None, last: Attempt) -> "RecordSheet":
        """Of a visit that its last attempt has not completed."""
        return cls(
            id=visit.id,
            name=visit.customer.name or "客户",
            questions=AskedOut.all_of(visit, questionnaire) if questionnaire else [],
            answers=dict(visit.answers),
            note=last.note,
            versions=[],
            result=last.own_code or last.result,
        )

    @classmethod
    def of(cls, visit: Visit, questionnaire: Questionnaire | None, versions: Sequence[Version]) -> "RecordSheet":
        return cls(
            id=visit.id,
            name=visit.customer.name or "客户",
            questions=AskedOut.all_of(visit, questionnaire) if questionnaire else [],
            answers=dict(visit.answers),
            note=versions[-1].note,
            versions=[VersionOut.of(version) for version in versions],
        )


class CallbackTimeOut(BaseModel):
    label: str = Field(description="说法")
    at: datetime = Field(description="约定的时间")
    moved_to: datetime | None = Field(description="不在可拨打时段内时，实际拨打的时间")

    @classmethod
    def of(cls, time: CallbackTime) -> "CallbackTimeOut":
        return cls(label=time.label, at=time.at, moved_to=time.moved_to)


def _matters(visit: Visit, questionnaire: Questionnaire) -> dict[str, str]:
    """Question id → title of the matter it asks about, without the questions that several parts share."""
    parts = questionnaire.parts
    asked_in = Counter(own for part in parts for own in part.ids.values())
    return {
        own: visit.matters[part.matters[0]].title for part in parts for own in part.ids.values() if asked_in[own] == 1
    }
