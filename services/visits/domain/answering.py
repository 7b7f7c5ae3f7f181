"""What the answers to a questionnaire are worth: visible questions, validity, completeness, and their meaning."""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from services.visits.domain.errors import AnswersMissing, InvalidAnswers
from services.visits.domain.questionnaire import NO, YES, Question, Questionnaire, plain
from shared.contracts.common import RATINGS, Resolution, Satisfaction

LONGEST_TEXT = 2000
_WORDS: Mapping[int, Satisfaction] = {rating: word for word, rating in RATINGS.items()}


@dataclass(frozen=True, slots=True)
class Assessment:
    """The meaning of a set of answers. `rating` is 1 (worst) to 5; `problems` names the questions that make it a problem
    case; `complete` says that every required visible question was answered."""

    answers: Mapping[str, Any]
    complete: bool
    satisfaction: Satisfaction | None = None
    rating: int | None = None
    responded: bool | None = None
    resolved: bool | None = None
    resolution: Resolution | None = None
    score: float | None = None
    reasons: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    remark: str = ""


def visible(questionnaire: Questionnaire, answers: Mapping[str, Any]) -> list[Question]:
    """The questions to ask, in order: a condition sees only answers to questions that are visible themselves."""
    seen: dict[str, Any] = {}
    asked = []
    for question in questionnaire.questions:
        if question.when is None or question.when.holds(seen):
            asked.append(question)
            if question.id in answers:
                seen[question.id] = answers[question.id]
    return asked


def validated(questionnaire: Questionnaire, answers: Mapping[str, Any]) -> dict[str, Any]:
    """The answers in their plain form; an empty one is left out. Raises InvalidAnswers naming each question."""
    valid: dict[str, Any] = {}
    errors = []
    for question_id, given in answers.items():
        question, answer = questionnaire.question(question_id), _normal(given)
        if answer is None:
            continue
        fault = _fault(question, answer) if question else "问卷里没有这道题"
        if fault:
            errors.append(_named(question_id, question, fault))
        valid[question_id] = answer
    if errors:
        raise InvalidAnswers("；".join(error["message"] for error in errors), errors=errors)
    return valid


def missing(asked: Iterable[Question], answers: Mapping[str, Any]) -> list[Question]:
    """Required questions among `asked` without an answer."""
    return [question for question in asked if question.required and question.id not in answers]


def require_complete(questionnaire: Questionnaire, answers: Mapping[str, Any]) -> None:
    """Raises AnswersMissing naming every required visible question without an answer."""
    lacking = missing(visible(questionnaire, answers), answers)
    if lacking:
        errors = [_named(question.id, question, "必答，还没有回答") for question in lacking]
        raise AnswersMissing("；".join(error["message"] for error in errors), errors=errors)


def assess(questionnaire: Questionnaire, answers: Mapping[str, Any]) -> Assessment:
    """What valid answers mean; answers to questions that are not visible count for nothing."""
    asked = visible(questionnaire, answers)
    kept = {question.id: answers[question.id] for question in asked if question.id in answers}
    answered = [(question, kept[question.id]) for question in asked if question.id in kept]
    satisfaction, rating = _satisfaction(answered)
    return Assessment(
        answers=kept,
        complete=not missing(asked, kept),
        satisfaction=satisfaction,
        rating=rating,
        responded=_yes_or_no(answered, "responded"),
        resolved=_yes_or_no(answered, "resolved"),
        resolution=_resolution(answered),
        score=_score(answered),
        reasons=tuple(_words(answered, "reason")),
        problems=tuple(question.title for question, answer in answered if _is_problem(question, answer)),
        remark="；".join(_words(answered, "remark")),
    )


Answered = list[tuple[Question, Any]]


def _normal(answer: Any) -> Any:
    answer = plain(answer)
    if isinstance(answer, str):
        answer = answer.strip()
    return None if answer in ("", []) else answer


def _fault(question: Question, answer: Any) -> str:
    match question.kind:
        case "single" | "yes_no":
            return "" if isinstance(answer, str) and question.option(answer) else "答案不在选项内"
        case "multiple":
            return _multiple_fault(question, answer)
        case "text":
            return (
                "" if isinstance(answer, str) and len(answer) <= LONGEST_TEXT else f"应为不超过 {LONGEST_TEXT} 字的文字"
            )
        case "rating" | "number":
            return _number_fault(question, answer)


def _multiple_fault(question: Question, answer: Any) -> str:
    if not isinstance(answer, list) or not all(isinstance(value, str) for value in answer):
        return "应为选项的列表"
    if len(set(answer)) < len(answer):
        return "选项重复"
    return "" if all(question.option(value) for value in answer) else "答案不在选项内"


def _number_fault(question: Question, answer: Any) -> str:
    if not isinstance(answer, int | float) or not math.isfinite(answer):
        return "应为数字"
    if question.kind == "rating" and answer != int(answer):
        return "应为整数"
    if question.least is not None and answer < question.least:
        return f"不能小于 {question.least:g}"
    if question.most is not None and answer > question.most:
        return f"不能大于 {question.most:g}"
    return ""


def _named(question_id: str, question: Question | None, fault: str) -> dict[str, str]:
    title = question.title if question else question_id
    return {"question": question_id, "title": title, "message": f"「{title}」{fault}"}


def _satisfaction(answered: Answered) -> tuple[Satisfaction | None, int | None]:
    for question, answer in answered:
        if question.role == "satisfaction":
            if question.kind == "single":
                return answer, RATINGS.get(answer)
            rating = max(1, math.ceil(answer * 5 / (question.most or 5)))
            return _WORDS[rating], rating
    return None, None


def _yes_or_no(answered: Answered, role: str) -> bool | None:
    for question, answer in answered:
        if question.role == role:
            return {YES: True, NO: False}.get(answer)
    return None


def _resolution(answered: Answered) -> Resolution | None:
    """What the customer says of the problem: solved, partly or not; None where that was not asked or is unclear."""
    word = next((answer for question, answer in answered if question.role == "resolved"), None)
    return word if word in get_args(Resolution) else None


def _score(answered: Answered) -> float | None:
    scores = [score for question, answer in answered for score in _scores(question, answer)]
    return float(sum(scores)) if scores else None


def _scores(question: Question, answer: Any) -> Iterator[float]:
    if question.kind == "rating":
        yield answer
    for option in _chosen(question, answer):
        if option.score is not None:
            yield option.score


def _chosen(question: Question, answer: Any) -> list[Any]:
    values = answer if isinstance(answer, list) else [answer]
    return [option for value in values if (option := question.option(value))]


def _words(answered: Answered, role: str) -> Iterator[str]:
    for question, answer in answered:
        if question.role == role:
            yield from [answer] if question.kind == "text" else (option.label for option in _chosen(question, answer))


def _is_problem(question: Question, answer: Any) -> bool:
    values = answer if isinstance(answer, list) else [answer]
    return any(value in question.problem for value in values)
