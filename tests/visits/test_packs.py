"""The demo packs' questionnaires can be published as they are."""

from pathlib import Path

import pytest
import yaml

from services.visits.domain.answering import assess, visible
from services.visits.domain.definition import read_definition
from services.visits.domain.lint import warnings_of
from services.visits.domain.questionnaire import Questionnaire

PACKS = Path(__file__).parents[2] / "deploy" / "packs"
FILES = sorted(PACKS.glob("*/questionnaires/*.yaml"))


def load(name: str) -> Questionnaire:
    return read_definition(yaml.safe_load((PACKS / "r01-gas" / "questionnaires" / f"{name}.yaml").read_text()))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_questionnaire_of_a_pack_is_valid_and_named_as_its_file(path: Path) -> None:
    read = read_definition(yaml.safe_load(path.read_text()))
    assert read.id == path.stem
    assert warnings_of(read) == []


@pytest.mark.parametrize("name", ["gas-service", "gas-repair"])
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
