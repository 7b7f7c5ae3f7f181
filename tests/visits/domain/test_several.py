"""Answers go with the matters they are about when others are taken away."""

from dataclasses import replace
from typing import Any

from services.visits.domain.several import asked_of, carried
from services.visits.domain.visit import Visit
from shared.contracts.common import Matter
from tests.visits.domain.builders import NOW, choice, held, open_one, question, questionnaire

SHARED = question("who", required=True)
OWN = questionnaire(SHARED, question("fixed"), choice("rate", "good", "bad"))
READING = replace(questionnaire(SHARED, choice("rate", "early", "late"), question("why", "text")), id="reading")
KNOWN = {"short": replace(OWN, id="short"), "reading": READING}


def about(event_id: str, part: str = "", asks: str = "") -> Matter:
    return Matter(
        event_id=event_id, event_type="repair.closed", at=NOW, subject=event_id, title=event_id, part=part,
        questionnaire=asks,
    )  # fmt: skip


def visit(*matters: Matter, answers: dict[str, Any]) -> Visit:
    return replace(held(open_one(matters=list(matters))), answers=answers)


def left(before: Visit, *matters: Matter) -> dict[str, Any]:
    after = replace(before, matters=matters)
    asked = asked_of(before, KNOWN)
    assert asked is not None
    return carried(before, asked, after, asked_of(after, KNOWN))


FIRST, SECOND, THIRD = about("e1"), about("e2", "e2", "reading"), about("e3", "e3", "reading")
ALL = {"who": "yes", "fixed": "no", "rate": "bad", "rate~2": "late", "why": "太晚"}


def test_what_was_answered_about_the_first_is_no_answer_about_the_second() -> None:
    assert left(visit(FIRST, SECOND, answers=ALL), SECOND) == {"who": "yes", "rate": "late", "why": "太晚"}


def test_what_was_answered_about_one_that_is_left_stays() -> None:
    assert left(visit(FIRST, SECOND, answers=ALL), FIRST) == {"who": "yes", "fixed": "no", "rate": "bad"}


def test_those_behind_one_that_is_taken_away_move_up_with_their_answers() -> None:
    shared, rate, _ = READING.questions
    alike = {**KNOWN, "reading": replace(READING, questions=(shared, replace(rate, ask="{事项}？")))}
    before = visit(FIRST, SECOND, THIRD, answers={"who": "yes", "rate": "good", "rate~2": "early", "rate~3": "late"})
    after = replace(before, matters=(FIRST, THIRD))
    asked = asked_of(before, alike)
    assert asked is not None
    assert [one.id for one in asked.questions] == ["who", "fixed", "rate", "rate~2", "rate~3"]
    assert carried(before, asked, after, asked_of(after, alike)) == {"who": "yes", "rate": "good", "rate~2": "late"}


def test_where_nothing_is_asked_any_more_nothing_is_left() -> None:
    before = visit(FIRST, SECOND, answers=ALL)
    after = replace(before, matters=(about("e9", "e9", "unknown"),))
    asked = asked_of(before, KNOWN)
    assert asked is not None
    assert carried(before, asked, after, None) == {}
