"""The worked example of docs/policies.md is a pack that works as it stands there."""

import re
from pathlib import Path

import pytest
import yaml

from services.scheduler.domain.kinds_file import KINDS
from services.scheduler.domain.pack import policy_of, read_pack
from services.scheduler.domain.pack_check import check_pack
from services.scheduler.domain.rehearsal import books_of, rehearse
from services.scheduler.domain.scenario import Scenario
from services.scheduler.domain.scenario_file import read_scenarios
from services.visits.domain.definition import read_definition

GUIDE = Path(__file__).parents[2] / "docs" / "policies.md"
EXAMPLE = GUIDE.read_text("utf-8").partition("## From a clause to a pack")[2].partition("\n## ")[0]
FILES: dict[str, str] = dict(re.findall(r"```yaml\n# (\S+\.yaml)\n(.*?)```", EXAMPLE, re.DOTALL))
PACK = read_pack(FILES, "lift")
BOOKS = books_of([policy_of(draft.content, 1) for draft in PACK.drafts], PACK.kinds)
SCENARIOS = read_scenarios(FILES, {draft.id for draft in PACK.drafts}, [])


def test_the_example_has_every_part_of_a_pack_and_no_mistakes() -> None:
    assert {path.partition("/")[0] + "/" for path in FILES} >= {"policies/", "questionnaires/", "tests/", KINDS}
    assert check_pack(FILES, "lift") == []


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.clause)
def test_the_example_plans_what_its_tests_expect(scenario: Scenario) -> None:
    assert rehearse(scenario, BOOKS) == []


def test_every_clause_of_the_example_is_carried_out_and_tested() -> None:
    clauses = set(re.findall(r"\*\*(L\d)\*\*", EXAMPLE))
    assert {clause for draft in PACK.drafts for clause in draft.content["clauses"]} == clauses
    assert {scenario.clause for scenario in SCENARIOS} == clauses


@pytest.mark.parametrize("path", [path for path in FILES if path.startswith("questionnaires/")])
def test_its_questionnaires_can_be_asked(path: str) -> None:
    assert read_definition(yaml.safe_load(FILES[path])).id == Path(path).stem
