"""The questionnaire as a customer fills it in by themselves: its fields, and what was sent with them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from services.visits.domain.answering import missing, validated, visible
from services.visits.domain.errors import InvalidAnswers
from services.visits.domain.questionnaire import UNCLEAR, Kind, Question, Questionnaire
from services.visits.domain.script import names_matter, read_by_customer, variables_of
from services.visits.domain.visit import Visit
from services.visits.pages.rows import RATINGS
from shared.privacy import PREFIX, Sealer, mask_text

FIELD = "q."  # before a question's id, in the form
SHOWN = "shown"
OF = "of"  # whose questions the page had, see `_of`
UNCLEAR_LABEL = "说不清"  # what an agent notes as 未明确回答
Form = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Choice:
    value: str
    label: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Field:
    """One question on the page; `error` says what is wrong with its answer, `new`: it came with an answer to another one."""

    id: str
    kind: Kind
    ask: str
    required: bool
    choices: Sequence[Choice]
    text: str
    error: str = ""
    new: bool = False


@dataclass(frozen=True, slots=True)
class Filled:
    """What a customer has filled in: `answers` are those that are right, `errors` say by question what is wrong.

    `whole`: nothing is wrong or missing, and no question has come up that the customer has not seen. `of` is sent with them.
    """

    fields: Sequence[Field]
    answers: Mapping[str, object]
    errors: Mapping[str, str]
    whole: bool
    of: str


def about(visit: Visit, questionnaire: Questionnaire) -> str:
    """What the questions are about, where the questionnaire's own opening says so."""
    if not names_matter(questionnaire.opening):
        return ""
    known = variables_of(visit)
    return " ".join(known[name] for name in ("日期", "事项") if known[name])


def filled(visit: Visit, questionnaire: Questionnaire, form: Form, sealer: Sealer) -> Filled:
    """What was sent in, and the fields to show with it. Of a page about other matters than are left by now nothing counts:
    their questions may have had the ids of others."""
    of = _of(visit)
    if form.get(OF, (of,))[-1] != of:
        form = {}
    given = {question.id: _given(question, form.get(FIELD + question.id, ())) for question in questionnaire.questions}
    valid, errors = _checked(questionnaire, given)
    asked = visible(questionnaire, valid)
    shown = set(form.get(SHOWN, ()))
    lacking = {question.id for question in missing(asked, valid)} - errors.keys()
    errors |= dict.fromkeys(lacking & shown, "请回答这一题")
    errors = {question.id: errors[question.id] for question in asked if question.id in errors}
    new = {question.id for question in asked} - shown if shown else set()
    fields = [
        _field(visit, question, form, sealer, errors.get(question.id, ""), question.id in new) for question in asked
    ]
    return Filled(fields, valid, errors, not (errors or lacking or new) and bool(shown), of)


def _of(visit: Visit) -> str:
    """Tells the matters of a visit from those of another, and nothing of them."""
    matters = "\0".join(f"{matter.part}\0{matter.event_source}\0{matter.event_id}" for matter in visit.matters)
    return blake2b(matters.encode(), digest_size=8).hexdigest()


def _given(question: Question, sent: Sequence[str]) -> object:
    if question.kind == "multiple":
        return list(dict.fromkeys(sent))
    last = sent[-1].strip() if sent else ""
    if question.kind in ("rating", "number") and last:
        try:
            number = float(last)
        except ValueError:
            return last
        return int(number) if number.is_integer() else number
    return mask_text(last)


def _checked(questionnaire: Questionnaire, given: Mapping[str, object]) -> tuple[dict[str, object], dict[str, str]]:
    """The answers that are right, and what is wrong with the others."""
    try:
        return validated(questionnaire, given), {}
    except InvalidAnswers as refused:
        wrong = {fault["question"]: fault["message"] for fault in refused.extra["errors"]}
        return validated(questionnaire, {id_: one for id_, one in given.items() if id_ not in wrong}), wrong


def _field(visit: Visit, question: Question, form: Form, sealer: Sealer, error: str, new: bool) -> Field:
    known = {
        name: sealer.masked(value) if value.startswith(PREFIX) else value
        for name, value in variables_of(visit, question.about).items()
    }
    sent = form.get(FIELD + question.id, ())
    choices = [Choice(value, label, value in sent) for value, label in _choices(question)]
    text = sent[-1] if sent and not choices else ""
    ask = read_by_customer(question.ask, known)
    return Field(question.id, question.kind, ask, question.required, choices, text, error, new)


def _choices(question: Question) -> list[tuple[str, str]]:
    if question.kind == "rating":
        scale = range(int(question.least or 1), int(question.most or 5) + 1)
        words = RATINGS if question.role == "satisfaction" and question.most == max(RATINGS) else {}
        return [(str(number), f"{number} 分" + (f"（{words[number]}）" if words else "")) for number in reversed(scale)]
    if question.kind == "yes_no":
        return [(one.value, UNCLEAR_LABEL if one.value == UNCLEAR else one.label) for one in question.options]
    return [(one.value, one.label) for one in question.options]
