"""The demo packs' questionnaires can be published as they are."""

from pathlib import Path

import pytest
import yaml

from services.visits.domain.answering import assess, visible
from services.visits.domain.contact_result import is_dissatisfied
from services.visits.domain.definition import read_definition
from services.visits.domain.lint import warnings_of
from services.visits.domain.practice import DEFINITION
from services.visits.domain.questionnaire import Questionnaire

PACKS = Path(__file__).parents[2] / "deploy" / "packs"
FILES = sorted(PACKS.glob("*/questionnaires/*.yaml"))


def load(name: str) -> Questionnaire:
    (path,) = [path for path in FILES if path.stem == name]
    return read_definition(yaml.safe_load(path.read_text()))


def named(start: str) -> list[str]:
    return [path.stem for path in FILES if path.stem.startswith(start)]


def shown(name: str, **answers: str) -> set[str]:
    return {question.id for question in visible(load(name), answers)}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_questionnaire_of_a_pack_is_valid_and_named_as_its_file(path: Path) -> None:
    read = read_definition(yaml.safe_load(path.read_text()))
    assert read.id == path.stem
    assert warnings_of(read) == []


def test_the_questionnaire_of_practice_calls_is_valid_too() -> None:
    assert warnings_of(read_definition(DEFINITION)) == []


@pytest.mark.parametrize("name", named("gas-"))
def test_the_four_indicators_are_always_asked(name: str) -> None:
    """R01.9."""
    questionnaire = load(name)
    always = {question.id for question in questionnaire.questions if question.required and question.when is None}
    assert {"conduct", "attitude", "guidance", "convenience", "satisfaction"} <= always


@pytest.mark.parametrize("name", ["gas-service", "gas-repair", "second-followup"])
def test_reasons_are_asked_of_the_dissatisfied_only(name: str) -> None:
    questionnaire = load(name)
    for word, asked in [
        ("satisfied", False),
        ("basically", False),
        ("dissatisfied", True),
        ("very_dissatisfied", True),
    ]:
        shown = {question.id for question in visible(questionnaire, {"satisfaction": word})}
        assert ("reasons" in shown) is asked


def test_the_hotline_asks_the_three_rates_in_order() -> None:
    questionnaire = load("hotline-three-rates")
    assert [question.role for question in questionnaire.questions[:3]] == ["responded", "resolved", "satisfaction"]
    found = assess(questionnaire, {"responded": "yes", "resolved": "no", "satisfaction": "no_comment"})
    assert (found.responded, found.resolved, found.rating, found.complete) == (True, False, None, True)


def test_the_second_follow_up_asks_what_was_rectified_and_how_satisfied_one_is_now() -> None:
    questionnaire = load("second-followup")
    assert {question.role for question in questionnaire.questions if question.required} >= {"resolved", "satisfaction"}


@pytest.mark.parametrize("name", ["estate-complaint", "estate-service"])
def test_the_estate_asks_quality_effect_satisfaction_shortcomings_and_suggestions(name: str) -> None:
    """R03.3."""
    assert {"quality", "effect", "satisfaction", "shortcomings", "suggestion"} <= shown(name)


@pytest.mark.parametrize("name", named("tower-"))
def test_the_office_tower_asks_first_whether_it_is_convenient(name: str) -> None:
    """R04.5."""
    opening = load(name).opening
    assert "方便" in opening
    assert "不方便的话" in opening


def test_a_record_of_a_visit_in_person_without_signature_is_a_problem_case() -> None:
    """R06.4."""
    found = assess(
        load("effect-onsite"), {"answered": "yes", "solved": "yes", "satisfaction": "satisfied", "signed": "no"}
    )
    assert (found.complete, found.problems) == (True, ("客户签字",))


LIFE = ["life-ordinary", "life-participating", "life-universal", "life-unit-linked"]


@pytest.mark.parametrize("name", [*LIFE, "life-explained"])
def test_nothing_is_asked_of_the_insured_before_their_identity_is_verified(name: str) -> None:
    """R07.1."""
    assert shown(name) == {"identity"}
    assert shown(name, identity="no") == {"identity"}


@pytest.mark.parametrize("name", LIFE)
def test_what_every_insured_is_asked_is_asked_one_by_one(name: str) -> None:
    """R07.2, R07.3."""
    asked = shown(name, identity="yes")
    assert {"received", "terms", "statement", "notice", "copied", "cover", "exclusions"} <= asked
    assert {"period", "surrender", "cash_value"} <= asked
    assert [question.ask for question in load(name).questions if question.ask.count("？") > 1] == []


@pytest.mark.parametrize(
    ("name", "only"),
    [
        ("life-ordinary", set()),
        ("life-participating", {"dividend"}),
        ("life-universal", {"initial_fee", "policy_fee", "risk_fee", "surrender_fee", "interest"}),
        ("life-unit-linked", {"initial_fee", "policy_fee", "risk_fee", "surrender_fee", "asset_fee", "loss"}),
    ],
)
def test_further_questions_depend_on_product_and_payment(name: str, only: set[str]) -> None:
    """R07.4."""
    assert shown(name, identity="yes", payment="lump") - shown("life-ordinary", identity="yes", payment="lump") == only
    assert "instalments" not in shown(name, identity="yes", payment="lump")
    assert "instalments" in shown(name, identity="yes", payment="instalment")


@pytest.mark.parametrize("name", LIFE)
def test_whatever_is_not_a_clear_yes_makes_a_problem_case(name: str) -> None:
    """R07.5."""
    questionnaire = load(name)
    clear = {question.id: "yes" for question in questionnaire.questions if question.kind == "yes_no"}
    clear |= {"payment": "instalment", "satisfaction": "satisfied", "asked_back": "no"}
    assert assess(questionnaire, clear).problems == ()
    assert assess(questionnaire, {**clear, "asked_back": "yes"}).problems == ("客户反问",)
    for question in questionnaire.questions:
        if question.kind == "yes_no":
            assert assess(questionnaire, {**clear, question.id: "unclear"}).problems == (question.title,)


@pytest.mark.parametrize("name", named("decoration-"))
def test_every_stage_of_a_decoration_gets_a_score_of_one_to_ten(name: str) -> None:
    """R09.3."""
    score = next(question for question in load(name).questions if question.id == "score")
    assert (score.kind, score.least, score.most, score.required) == ("rating", 1, 10, True)
    assert assess(load(name), {"score": 10}).rating == 5
    assert is_dissatisfied({"rating": assess(load(name), {"score": 1}).rating})


def test_the_record_of_an_appointment_holds_time_and_place_and_of_every_contact_the_problems() -> None:
    """R12.2, R12.3."""
    assert "when_where" in shown("appointment", agreed="yes")
    assert "when_where" not in shown("appointment", agreed="no")
    assert "problems" in shown("agent-call") & shown("appointed-visit")
