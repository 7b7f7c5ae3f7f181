"""A questionnaire's definition: its keys, declared once, and the reading of it, which finds everything wrong in Chinese."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from services.visits.domain.conditions import ANSWERS, Condition
from services.visits.domain.errors import InvalidQuestionnaire
from services.visits.domain.lint import faults_of
from services.visits.domain.older_conditions import is_older, modern
from services.visits.domain.questionnaire import (
    YES_NO,
    Kind,
    MeaningRole,
    Objection,
    Option,
    Question,
    Questionnaire,
    plain,
)
from shared.conditions.declared import Tree
from shared.declared.model import Declared, read
from shared.declared.section import Problem, Section, written
from shared.declared.values import Say

MOST_QUESTIONS = 100
MOST_ITEMS = 100  # options of a question, answers of a list
LARGEST_NUMBER = 1e9
MOST_SAID = 20  # faults in one sentence; all are listed
LONGEST = 5_000  # characters of a text that is read out
MAY_BE_NULL = ("min", "max", "score")
FLAGS = {"yes": True, "no": False}
SAY_CONDITION = "条件，如 {field: satisfaction, op: eq, value: dissatisfied}；几个条件写在 all 或 any 之下"
OLDER = "条件是旧写法（question、eq），请用 huifang pack migrate 改写策略包，或写成 {field: 题号, op: eq, value: 答案}"


def _filled(text: str) -> str:
    if not text.strip():
        raise ValueError("不能是空的")
    return text


def _modest(number: float) -> float:
    if not abs(number) <= LARGEST_NUMBER:
        raise ValueError(f"应写数字，最大 {LARGEST_NUMBER:.0f}")
    return number


def _flag(value: Any) -> Any:
    return FLAGS.get(value, value) if isinstance(value, str) else value


Spoken = Annotated[str, Field(max_length=LONGEST), BeforeValidator(plain)]
Text = Annotated[Spoken, AfterValidator(_filled), Say("一段文字")]
Number = Annotated[int | float, AfterValidator(_modest), Say("数字")]
Answer = Annotated[
    str | int | float,
    BeforeValidator(plain),
    WithJsonSchema({"type": ["string", "number", "boolean"]}),
    Say("答案，文字或数字"),
]
Flag = Annotated[bool, BeforeValidator(_flag), Say(" true 或 false")]


class When(Tree):
    """A condition on earlier answers; of one in the old form nothing else is said."""

    def read(self, section: Section, key: str, say: str) -> dict[str, Any] | None:
        if is_older(section.values[key]):
            section.problem(key, OLDER)
            return None
        return super().read(section, key, say)


class OptionEntry(Declared):
    SAY: ClassVar[str] = "一个选项，如 {value: good, label: 好}"
    value: Text = Field(description="选项值，记为答案")
    label: Text = Field(description="选项名称")
    score: Number | None = Field(None, description="得分")


class ObjectionEntry(Declared):
    SAY: ClassVar[str] = "一条常见应答，如 {heard: 没空, reply: 只要一分钟。}"
    heard: Text = Field(description="客户可能说的话")
    reply: Text = Field(description="坐席怎样应答，可用变量")


class QuestionEntry(Declared):
    SAY: ClassVar[str] = "一个问题，如 {id: solved, kind: yes_no, title: 是否解决, ask: 问题解决了吗？}"
    id: Text = Field(description="题号：小写字母、数字、- 和 _，以字母开头")
    kind: Kind = Field(description="题型：单选、多选、评分、是否、文字、数字")
    title: Text = Field(description="题目名称，用在表格和消息里")
    ask: Text = Field(description="照读的话，可用变量")
    required: Flag = Field(False, description="是否必答")
    options: Annotated[list[OptionEntry], Say(most=MOST_ITEMS)] = Field([], description="单选、多选的选项，至少两个")
    when: Annotated[dict[str, Any] | None, When(ANSWERS, SAY_CONDITION)] = Field(
        None,
        description="何时才问：对前面答案的条件，field 写题号；不写则总是问",
        examples=[{"field": "satisfaction", "op": "eq", "value": "dissatisfied"}],
    )
    problem: Annotated[list[Answer], Say(most=MOST_ITEMS)] = Field(
        [], description="哪些答案使回访成为问题件", examples=[["no", "unclear"]]
    )
    role: MeaningRole | None = Field(None, description="答案对平台的意义：满意度、是否响应、是否解决、原因、备注")
    least: Number | None = Field(None, alias="min", description="评分、数字的最小值；评分不写时为 1")
    most: Number | None = Field(None, alias="max", description="评分、数字的最大值；评分不写时为 5")
    hint: Spoken = Field("", description="给坐席的提示")
    objections: Annotated[list[ObjectionEntry], Say(most=MOST_ITEMS)] = Field([], description="常见应答")

    def question(self) -> Question:
        tree = self.place.values.get("when")
        question = Question(
            id=self.id.strip(),
            kind=self.kind,
            title=self.title.strip(),
            ask=self.ask.strip(),
            required=self.required,
            options=YES_NO
            if self.kind == "yes_no"
            else tuple(Option(one.value.strip(), one.label.strip(), one.score) for one in self.options),
            when=Condition(_answers(tree)) if isinstance(tree, Mapping) else None,
            problem=tuple(self.problem),
            role=self.role,
            least=self.least,
            most=self.most,
            hint=self.hint.strip(),
            objections=tuple(Objection(one.heard.strip(), one.reply.strip()) for one in self.objections),
        )
        if question.kind != "rating":
            return question
        return replace(question, least=1 if question.least is None else question.least, most=question.most or 5)


class QuestionnaireFile(Declared):
    id: Text = Field(description="问卷编号：小写字母、数字、- 和 _，以字母开头")
    title: Text = Field(description="名称")
    opening: Spoken = Field("", description="开场白，可用变量 {称呼}、{事项}、{单号}、{日期}、{资料.字段路径}")
    closing: Spoken = Field("", description="结束语，可用变量")
    questions: Annotated[list[QuestionEntry], Field(min_length=1), Say(most=MOST_QUESTIONS)] = Field(
        description="问题，按提问的顺序"
    )

    def questionnaire(self) -> Questionnaire:
        questions = tuple(one.question() for one in self.questions)
        return Questionnaire(self.id.strip(), self.title.strip(), questions, self.opening.strip(), self.closing.strip())


def read_definition(raw: Any) -> Questionnaire:
    """The questionnaire in a definition. Raises InvalidQuestionnaire listing every fault."""
    section = _section(raw)
    questionnaire = read_section(section)
    if questionnaire is None or section.problems:
        raise _invalid(section.problems)
    return questionnaire


def read_section(section: Section) -> Questionnaire | None:
    """The questionnaire of a file; every fault is noted there. None when its shape is wrong."""
    before, declared = len(section.problems), read(QuestionnaireFile, section)
    if len(section.problems) > before:
        return None
    questionnaire = declared.questionnaire()
    for number, fault in faults_of(questionnaire):
        (section if number is None else declared.questions[number].place).problem("", fault)
    return questionnaire


def kept_definition(raw: Any) -> Questionnaire:
    """A definition that was checked when it was published, maybe when conditions had another form or more was allowed.

    Raises InvalidQuestionnaire.
    """
    section = _section(modern_definition(raw))
    declared = read(QuestionnaireFile, section)
    if wrong := [one for one in section.problems if ".when" not in one.key]:
        raise _invalid(wrong)
    return declared.questionnaire()


def modern_definition(raw: Any) -> Any:
    """The definition with its conditions in the language of today; what has another form stays as it is."""
    if not isinstance(raw, Mapping) or not isinstance(raw.get("questions"), list):
        return raw
    entries = [one for one in raw["questions"] if isinstance(one, Mapping)]
    several = {str(one.get("id")) for one in entries if one.get("kind") == "multiple"}
    questions = [
        {**one, "when": modern(one["when"], several)} if isinstance(one, Mapping) and is_older(one.get("when")) else one
        for one in raw["questions"]
    ]
    return {**raw, "questions": questions}


def _without_null(value: Any) -> Any:
    """Numbers that are null are left out."""
    if isinstance(value, list):
        return [_without_null(one) for one in value]
    if not isinstance(value, Mapping):
        return value
    parts = {key: _without_null(one) if key in ("questions", "options") else one for key, one in value.items()}
    return {key: one for key, one in parts.items() if one is not None or key not in MAY_BE_NULL}


def _answers(tree: Any) -> Any:
    """The condition with answers for truth values, as YAML reads a bare true or false."""
    if isinstance(tree, list):
        return [_answers(one) for one in tree]
    if not isinstance(tree, Mapping):
        return plain(tree)
    return {key: one if tree.get("op") == "exists" else _answers(one) for key, one in tree.items()}


def _section(raw: Any) -> Section:
    problems = [] if isinstance(raw, Mapping) else [Problem("", "", f"应为键值结构，现在是 {written(raw)}")]
    return Section("", _without_null(raw) if isinstance(raw, Mapping) else {}, problems)


def _invalid(problems: list[Problem]) -> InvalidQuestionnaire:
    errors = [{"key": one.key, "message": one.message} for one in problems]
    return InvalidQuestionnaire("；".join(map(_said, problems[:MOST_SAID])), errors=errors)


def _said(problem: Problem) -> str:
    """A fault that names its question needs no key."""
    return f"{problem.key}：{problem.message}" if problem.key and "「" not in problem.message else problem.message
