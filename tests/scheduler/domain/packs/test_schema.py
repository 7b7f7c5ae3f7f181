"""The published schema says what reading says, as far as a schema can."""

import json
import re
from pathlib import Path
from typing import Any

import orjson
import pytest
from jsonschema import Draft202012Validator

from deploy.docs import FOLDER, PACK_SCHEMA
from services.scheduler.domain.packs.schema import pack_schema
from shared.yaml_reader import read_yaml
from tests.scheduler.domain.packs.test_check import FILES, MISTAKES
from tests.scheduler.test_pack_tests import FOLDERS

VALID = Draft202012Validator(pack_schema())
# what only `huifang pack check` knows: order, other files, events, arithmetic, and YAML itself
BEYOND = {
    *(
        "weekend that is worked",
        "unknown calendar",
        "unknown calendar of a unit",
        "window of no way",
        "window of a way written twice",
    ),
    *(
        "blackout back to front",
        "target behind the deadline",
        "target before the earliest",
        "warning without a deadline",
    ),
    *("months too short for the delay", "the same day too short for the delay", "date without quotation marks"),
    *("warning of a greeting", "deadline of no time at all", "deadline that comes with the earliest moment"),
    *("deadline before the window opens", "season without a worked day"),
    *("test of a fact heard before it happened", "test out of the order of arrival"),
    *("name unlike the folder", "overlapping frames", "frame back to front", "cap of days without days"),
    *("id written twice", "deadline before the first contact", "list for one value", "one value for a list"),
    *("cap of a tier that is not there", "unit written twice", "team of an unknown unit", "team written twice"),
    *("team that is not there", "role that nobody has", "case of an unknown questionnaire"),
    *("stand-ins without independence", "never alone by phone"),
    *("bad expression", "contradiction that never holds", "bounds that never hold", "questionnaire missing"),
    *("step with a questionnaire that is missing",),
    *("questionnaire without id", "tab", "key written twice", "alias", "bracket that is not closed"),
    *("quotation mark that is not closed", "colon inside a text", "indentation that does not fit", "tag"),
    *("date that does not exist", "list in place of a mapping"),
    *("test of an unknown policy", "test of an unknown fact", "test with a bad time", "test out of order"),
    *("test about nothing", "test that expects nothing", "test that watches an unknown policy"),
    *("kind that the platform has", "kind declared twice", "schema with a bad expression"),
    *("schema that leads elsewhere", "schema that leads nowhere", "schema with a key that is no text"),
    *("day that closes on a weekday",),
    *("merging of mappings", "another encoding", "number without end", "test with a day for a moment"),
}


def as_an_editor_sees(text: str) -> Any:
    """Days are texts there, as keys and as values."""
    return json.loads(orjson.dumps(read_yaml(text).value, option=orjson.OPT_NON_STR_KEYS))


def test_the_published_schema_is_the_one_of_the_code() -> None:
    assert json.loads((FOLDER / PACK_SCHEMA).read_text()) == pack_schema(), "run `python -m deploy.docs`"


def test_the_schema_itself_is_sound() -> None:
    Draft202012Validator.check_schema(pack_schema())


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_pack_satisfies_the_schema(folder: Path) -> None:
    files = [
        folder / "pack.yaml",
        *folder.glob("policies/*.yaml"),
        *folder.glob("kinds/*.yaml"),
        *folder.glob("tests/*.yaml"),
    ]
    for file in files:
        VALID.validate(as_an_editor_sees(file.read_text()))


@pytest.mark.parametrize("name", [name for name, one in MISTAKES.items() if not one.warning and name not in BEYOND])
def test_an_editor_sees_a_mistake_of_form(name: str) -> None:
    mistake = MISTAKES[name]
    wrong = FILES[mistake.file].replace(mistake.right, mistake.wrong, 1)
    assert not VALID.is_valid(as_an_editor_sees(wrong))


def test_the_examples_of_the_guide_satisfy_the_schema() -> None:
    """Those that are whole files of a pack: on the pages that teach how to write one."""
    pages = [FOLDER.parent / "tutorial.en.md", FOLDER.parent / "tutorial.md", *(FOLDER.parent / "how-to").glob("*.md")]
    found = [re.findall(r"```yaml[^\n]*\n(.*?)```", page.read_text(), re.DOTALL) for page in pages]
    blocks = [as_an_editor_sees(block) for page in found for block in page if block.startswith("# ")]
    whole = [block for block in blocks if isinstance(block, dict) and {"format", "policies", "tests"} & block.keys()]
    assert len(whole) >= 6
    for block in whole:
        VALID.validate(block)
