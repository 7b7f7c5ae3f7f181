"""The schema and the reference of templates and rules say what their reading says."""

from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from services.notifications.domain.template_reference import template_reference, template_schema
from shared.yaml_reader import read_yaml
from tests.notifications.samples import template_document

FILES = sorted((Path(__file__).parents[2] / "deploy" / "packs").glob("*/templates/*.yaml"))
VALID = Draft202012Validator(template_schema())
RULE = {"id": "r", "events": ["order.completed"], "purpose": "p", "template": "note"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_template_is_as_the_schema_says(path: Path) -> None:
    VALID.validate(read_yaml(path.read_text("utf-8")).value)


@pytest.mark.parametrize(
    "wrong",
    [
        {"colour": "red"},
        {"when": "25:00"},
        {"events": []},
        {"where": {"grade": "major"}},
        {"condition": {"named": "vip"}},
        {"condition": {"history": {"events": ["repair.closed"]}, "op": "ge", "value": 1}},
    ],
)
def test_an_editor_sees_a_mistake(wrong: dict[str, Any]) -> None:
    VALID.validate(template_document(rules=[RULE | {"condition": {"cel": "data.amount > 1"}}]))
    assert not VALID.is_valid(template_document(rules=[RULE | wrong]))


def test_the_reference_names_every_key_and_nothing_that_may_not_stand_there() -> None:
    told = template_reference()
    assert all(f"| `{key}` |" in told for key in ("params", "codes", "events", "condition", "once_per", "cel", "op"))
    assert not any(f"| `{key}` |" in told for key in ("where", "named", "history"))
