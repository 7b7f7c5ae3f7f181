"""A digit that a customer sent back to a message, as the answer to how satisfied they are."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from services.visits.domain.answering import missing, visible
from services.visits.domain.questionnaire import Questionnaire
from services.visits.domain.visit import State, Visit

Reason = Literal["none", "several", "digit"]
REASONS: Mapping[Reason, str] = {
    "none": "没有可以作答的回访单：可能已办结、已过期或已撤销",
    "several": "这个号码有几张单都可以作答",
    "digit": "回复的数字不是满意度问题的选项",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StrayReply:
    """A digit that no visit, or more than one, could be meant by; people look at it.

    `visits` are those that it may be about, `branch` and `team` those of the newest. Settled, it is the answer of `visit_id`,
    or a refusal of them (`refused`), or nothing.
    """

    id: UUID
    customer_id: str
    phone_masked: str
    digit: int
    reason: Reason
    visits: tuple[UUID, ...] = ()
    branch: str = ""
    team: str = ""
    received_at: datetime
    visit_id: UUID | None = None
    remark: str = ""
    settled_by: str = ""
    settled_at: datetime | None = None
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person says that a stray reply is: the answer of `visit_id`, a refusal, or neither."""

    visit_id: UUID | None = None
    refuses: bool = False
    remark: str = ""


def answers_of(questionnaire: Questionnaire, digit: int) -> dict[str, Any]:
    """What the digit answers: 1 is the first option of the question about satisfaction, and so on; of a rating the digit is
    the answer itself. Nothing where there is no such answer."""
    for question in questionnaire.for_role("satisfaction"):
        if question.when is not None:
            continue
        if question.kind == "rating" and (question.least or 1) <= digit <= (question.most or 5):
            return {question.id: digit}
        if question.kind == "single" and 1 <= digit <= len(question.options):
            return {question.id: question.options[digit - 1].value}
    return {}


def word_of(questionnaire: Questionnaire, answers: Mapping[str, Any]) -> str:
    """What a digit's answer is called in the questionnaire's own words; "" where it is none."""
    for question_id, value in answers.items():
        question = questionnaire.question(question_id)
        option = question.option(value) if question else None
        return option.label if option else f"{value} 分"
    return ""


def is_whole(questionnaire: Questionnaire, answers: Mapping[str, Any]) -> bool:
    """Whether nothing more has to be asked."""
    return not missing(visible(questionnaire, answers), answers)


def may_refuse(visit: Visit) -> bool:
    """Whether a refusal by message ends this visit. One that somebody holds is theirs to end; the scheduler tells them."""
    return not visit.finished and visit.state is not State.CLAIMED
