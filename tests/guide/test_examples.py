"""Every example of the documents is a pack, or a part of one, that works as it stands there."""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest

from deploy.commands._pack_messages import message_problems
from deploy.local.pack_folder import read_files
from services.scheduler.domain.packs.check import check_pack
from services.scheduler.domain.packs.pack import policy_of, read_pack
from services.scheduler.domain.packs.scenario_file import read_scenarios
from services.scheduler.domain.simulation.rehearsal import books_of, rehearse
from services.scheduler.domain.simulation.scenario import Scenario
from services.visits.domain.definition import read_definition
from shared.declared.section import Problem
from shared.yaml_reader import read_yaml
from tests.guide.blocks import DOCS, FRAME, Block, guide, pack_of, yaml_blocks
from tests.scheduler.builders import as_yaml, contents

PACKS = DOCS.parent / "deploy" / "packs"
SHOWN = [page for page in guide() if page != FRAME and pack_of(page)]
PARTS = [block for block in yaml_blocks(guide()) if not block.file]


def _name(files: Mapping[str, str]) -> str:
    return str(read_yaml(files["pack.yaml"]).value["name"])


def _scenarios(files: Mapping[str, str]) -> list[Scenario]:
    problems: list[Problem] = []
    scenarios = read_scenarios(files, {draft.id for draft in read_pack(files, _name(files)).drafts}, problems)
    assert problems == []
    return scenarios


def _rehearsed(files: Mapping[str, str], scenario: Scenario) -> list[str]:
    pack = read_pack(files, _name(files))
    books = books_of([policy_of(draft.content, 1) for draft in pack.drafts], pack.kinds)
    return [str(failure) for failure in rehearse(scenario, books)]


def _cases() -> Iterator[Any]:
    for page in SHOWN:
        for scenario in _scenarios(pack_of(page)):
            yield pytest.param(page, scenario, id=f"{page.relative_to(DOCS)}-{scenario.clause}-{scenario.line}")


@pytest.mark.parametrize("page", SHOWN, ids=lambda page: str(page.relative_to(DOCS)))
def test_the_pack_of_a_page_has_no_mistakes_and_a_test_for_each_of_its_policies(page: Path) -> None:
    files = pack_of(page)
    assert [str(one) for one in (*check_pack(files, _name(files)), *message_problems(files, _name(files)))] == []
    clauses = {clause for draft in read_pack(files, _name(files)).drafts for clause in draft.content["clauses"]}
    assert clauses
    assert {scenario.clause for scenario in _scenarios(files)} == clauses


@pytest.mark.parametrize(("page", "scenario"), list(_cases()))
def test_the_pack_of_a_page_plans_what_its_tests_expect(page: Path, scenario: Scenario) -> None:
    assert _rehearsed(pack_of(page), scenario) == []


QUESTIONNAIRES = [block for block in yaml_blocks(guide()) if block.file.startswith("questionnaires/")]


@pytest.mark.parametrize("block", QUESTIONNAIRES, ids=str)
def test_its_questionnaires_can_be_asked(block: Block) -> None:
    assert read_definition(read_yaml(block.text).value).id == Path(block.file).stem


@pytest.mark.parametrize("page", [page for page in SHOWN if page.name.endswith(".en.md")], ids=lambda page: page.name)
def test_a_page_in_english_shows_the_pack_of_the_chinese_one(page: Path) -> None:
    assert pack_of(page) == pack_of(page.with_name(page.name.replace(".en.md", ".md")))


Files = dict[str, str]
ASKED = {"questionnaire": "q"}
HEAD = "format: 1\nname: test\ntitle: 测试\n"


def _whole(block: Block, *policies: Mapping[str, Any], **head: Any) -> Files:
    """A pack of these policies, with a questionnaire for every id that the block names."""
    named = {"q"} | {
        one
        for line in re.findall("questionnaire: (.*)", block.text)
        for one in re.findall(r"[a-z][a-z0-9-]+", line.partition("#")[0])
    }
    files = contents(*({**ASKED, **one} for one in policies), **head)
    return files | {f"questionnaires/{one}.yaml": f"id: {one}\ntitle: 问卷\n" for one in named}


def _policies(shown: Any, block: Block) -> list[Files]:
    """Keys of a policy, or a list of such; what a policy needs besides is there."""
    several = shown if isinstance(shown, list) else shown.get("policies", [shown])
    return [_whole(block, one) for one in several]


def _pack(shown: Any, block: Block) -> list[Files]:
    """Keys of `pack.yaml`, of a pack with one policy."""
    begun = "" if "format" in shown else HEAD
    return [_whole(block, {}) | {"pack.yaml": begun + block.text}]


def _conditions(shown: Any, block: Block) -> list[Files]:
    """A condition, or a list of such; `vip` has a name in the pack."""
    named = {"vip": {"field": "customer.level", "op": "eq", "value": "A"}}
    several = shown if isinstance(shown, list) else [shown.get("condition", shown)]
    return [_whole(block, {"condition": one}, conditions=named) for one in several]


def _organisation(shown: Any, block: Block) -> list[Files]:
    """`organisation.yaml`, of a pack that has the calendar `site`."""
    return [_whole(block, {}, calendars={"site": {"days": {}}}) | {"organisation.yaml": as_yaml(shown)}]


def _kinds(_: Any, block: Block) -> list[Files]:
    """A file of `kinds/`."""
    return [_whole(block, {}) | {"kinds/shown.yaml": block.text}]


def _tests(shown: Any, block: Block) -> list[Files]:
    """Tests of a pack in `deploy/packs`, which the block names; or one test without `name`."""
    begun = "tests:\n  - name: 例\n"
    name = block.frame.split()[1]
    files = {path: text for path, text in read_files(PACKS / name).items() if not path.startswith("tests/")}
    files["tests/shown.yaml"] = block.text if "tests" in shown else begun + indent(block.text, " " * 4)
    for scenario in _scenarios(files):
        assert _rehearsed(files, scenario) == [], scenario.name
    return [files]


FRAMES: Mapping[str, Callable[[Any, Block], list[Files]]] = {
    "policy": _policies,
    "pack": _pack,
    "condition": _conditions,
    "organisation": _organisation,
    "kinds": _kinds,
    "tests": _tests,
}


@pytest.mark.parametrize("block", PARTS, ids=str)
def test_a_part_that_a_page_shows_is_sound_in_its_frame(block: Block) -> None:
    kind = block.frame.split()[0] if block.frame else ""
    assert kind in {*FRAMES, "other"}, f"{block} does not say what it is a part of: ```yaml {' | '.join(FRAMES)}"
    if kind != "other":
        for files in FRAMES[kind](read_yaml(block.text).value, block):
            wrong = [str(one) for one in check_pack(files, _name(files)) if not one.warning]
            assert wrong == [], block


def test_parts_and_packs_are_found() -> None:
    assert len(SHOWN) >= 2
    assert len(PARTS) >= 10
