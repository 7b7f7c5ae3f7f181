"""What is asked: a questionnaire and its questions, immutable once published."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from services.visits.domain.conditions import Condition

Kind = Literal["single", "multiple", "rating", "yes_no", "text", "number"]
MeaningRole = Literal["satisfaction", "responded", "resolved", "reason", "remark"]
YES, NO, UNCLEAR = "yes", "no", "unclear"


@dataclass(frozen=True, slots=True)
class Option:
    value: str
    label: str
    score: float | None = None


def plain(value: Any) -> Any:
    """YAML reads a bare true or false as a truth value; here they are answers."""
    return {True: YES, False: NO}[value] if isinstance(value, bool) else value


YES_NO = (Option(YES, "是"), Option(NO, "否"), Option(UNCLEAR, "未明确回答"))


@dataclass(frozen=True, slots=True)
class Objection:
    """What customers say instead of an answer, and what the agent replies."""

    heard: str
    reply: str


@dataclass(frozen=True, slots=True)
class Question:
    """One question. `ask` is read aloud, `title` is its short name in tables and messages.

    `problem` lists the answers that make the visit a problem case (R07.5); `role` says what the answer means to the
    platform; `least` and `most` bound ratings and numbers; `objections` help the agent when no answer comes. Of
    several matters of one contact it names the one at position `about`.
    """

    id: str
    kind: Kind
    title: str
    ask: str
    required: bool = False
    options: tuple[Option, ...] = ()
    when: Condition | None = None
    problem: tuple[str | float, ...] = ()
    role: MeaningRole | None = None
    least: float | None = None
    most: float | None = None
    hint: str = ""
    objections: tuple[Objection, ...] = ()
    about: int = 0

    def option(self, value: Any) -> Option | None:
        return next((option for option in self.options if option.value == value), None)


@dataclass(frozen=True, slots=True)
class QuestionnairePart:
    """What is asked about some matters of a contact about several: their own questionnaire, and under which id each of its
    questions is asked."""

    matters: tuple[int, ...]
    questionnaire: "Questionnaire"
    ids: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Questionnaire:
    """`parts` where it is made of several (`several.asked_of`)."""

    id: str
    title: str
    questions: tuple[Question, ...]
    opening: str = ""
    closing: str = ""
    version: int = 0
    parts: tuple[QuestionnairePart, ...] = ()

    def question(self, question_id: str) -> Question | None:
        return next((question for question in self.questions if question.id == question_id), None)

    def for_role(self, role: MeaningRole) -> tuple[Question, ...]:
        return tuple(question for question in self.questions if question.role == role)
