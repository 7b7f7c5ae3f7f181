"""Questionnaires as shown: whole to their authors, and as a script to the agent in a call."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Self

import orjson
from pydantic import BaseModel, Field
from sqlalchemy import Row

from services.visits.domain.answering import missing, visible
from services.visits.domain.questionnaire import Kind, Question, Questionnaire
from services.visits.domain.script import spoken, variables_of
from services.visits.domain.visit import Visit


class PublishedOut(BaseModel):
    id: str = Field(description="问卷编号")
    version: int = Field(description="版本号；内容没有变化时为原版本")
    created: bool = Field(description="是否产生了新版本")
    warnings: list[str] = Field(description="建议修改之处，不影响发布")


class QuestionnaireOut(BaseModel):
    id: str = Field(description="问卷编号")
    version: int = Field(description="第几版")
    title: str = Field(description="名称")
    published_at: datetime = Field(description="发布时间")
    published_by: str = Field(description="发布者")

    @classmethod
    def of(cls, row: Row[Any]) -> "QuestionnaireOut":
        return cls.model_validate(row._mapping)


class QuestionnaireDetail(QuestionnaireOut):
    definition: dict[str, Any] = Field(description="发布时的定义")

    @classmethod
    def of(cls, row: Row[Any]) -> "QuestionnaireDetail":
        return cls.model_validate({**row._mapping, "definition": orjson.loads(row.definition)})


class OptionOut(BaseModel):
    value: str = Field(description="选项值")
    label: str = Field(description="选项名称")


class ObjectionOut(BaseModel):
    heard: str = Field(description="客户可能说的话")
    reply: str = Field(description="应答，变量已填好")


class QuestionOut(BaseModel):
    id: str = Field(description="题号")
    kind: Kind = Field(description="题型")
    title: str = Field(description="题目名称")
    ask: str = Field(description="照读的话，变量已填好")
    required: bool = Field(description="是否必答")
    options: list[OptionOut] = Field(default=[], description="选项")
    min: float | None = Field(default=None, description="最小值")
    max: float | None = Field(default=None, description="最大值")
    hint: str = Field(default="", description="给坐席的提示")
    objections: list[ObjectionOut] = Field(default=[], description="常见应答")
    answer: Any = Field(default=None, description="已暂存的答案")

    @classmethod
    def of(cls, question: Question, variables: Mapping[str, str], answer: Any) -> Self:
        objections = [
            ObjectionOut(heard=objection.heard, reply=spoken(objection.reply, variables))
            for objection in question.objections
        ]
        options = [OptionOut(value=option.value, label=option.label) for option in question.options]
        return cls(
            id=question.id,
            kind=question.kind,
            title=question.title,
            ask=spoken(question.ask, variables),
            required=question.required,
            options=options,
            min=question.least,
            max=question.most,
            hint=question.hint,
            objections=objections,
            answer=answer,
        )


class Script(BaseModel):
    """此刻的话术：按已有答案可见的问题，依次列出。"""

    id: str = Field(description="问卷编号")
    version: int = Field(description="问卷版本")
    title: str = Field(description="名称")
    opening: str = Field(description="开场白")
    closing: str = Field(description="结束语")
    questions: list[QuestionOut] = Field(description="当前可见的问题，按提问顺序")
    next_question: str | None = Field(description="下一道要问的题；为空表示都已回答")
    missing: list[str] = Field(description="还没有回答的必答题")

    @classmethod
    def of(cls, visit: Visit, questionnaire: Questionnaire) -> "Script":
        variables = variables_of(visit)
        asked, answers = visible(questionnaire, visit.answers), visit.answers
        return cls(
            id=questionnaire.id,
            version=questionnaire.version,
            title=questionnaire.title,
            opening=spoken(questionnaire.opening, variables),
            closing=spoken(questionnaire.closing, variables),
            questions=[
                QuestionOut.of(question, variables_of(visit, question.about), answers.get(question.id))
                for question in asked
            ],
            next_question=next((question.id for question in asked if question.id not in answers), None),
            missing=[question.id for question in missing(asked, answers)],
        )
