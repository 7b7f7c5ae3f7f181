"""The schema and the reference of questionnaires say what their reading says."""

from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from services.visits.domain.definition_reference import questionnaire_reference, questionnaire_schema
from shared.yaml_reader import read_yaml
from tests.visits.domain.builders import question

PACKS = Path(__file__).parents[3]
FILES = sorted(path for part in ("deploy", "docs") for path in (PACKS / part / "packs").glob("*/questionnaires/*.yaml"))
VALID = Draft202012Validator(questionnaire_schema())


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_questionnaire_is_as_the_schema_says(path: Path) -> None:
    VALID.validate(read_yaml(path.read_text("utf-8")).value)


@pytest.mark.parametrize(
    "wrong",
    [
        {"colour": "red"},
        {"kind": "slider"},
        {"when": {"question": "a", "eq": "yes"}},
        {"when": {"cel": "true"}},
        {"when": {"named": "vip"}},
        {"when": {"history": {"events": ["repair.closed"]}, "op": "ge", "value": 1}},
        {"when": {"all": [{"field": "a", "op": "is", "value": "yes"}]}},
    ],
)
def test_an_editor_sees_a_mistake(wrong: dict[str, Any]) -> None:
    sound = {"id": "q", "title": "问卷", "questions": [question("a"), question("b")]}
    VALID.validate(sound)
    assert not VALID.is_valid(sound | {"questions": [question("a"), question("b") | wrong]})


def test_the_reference_names_every_key_and_nothing_that_may_not_stand_there() -> None:
    told = questionnaire_reference()
    assert all(
        f"| `{key}` |" in told for key in ("questions", "when", "objections", "heard", "score", "min", "not", "op")
    )
    assert not any(f"| `{key}` |" in told for key in ("cel", "named", "history", "least"))
