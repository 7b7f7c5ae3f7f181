"""The worked example of docs/policies.md is a pack that works as it stands there."""

import re
from pathlib import Path

import pytest
import yaml

from services.scheduler.domain.packs.check import check_pack
from services.scheduler.domain.packs.kinds_file import KINDS
from services.scheduler.domain.packs.pack import policy_of, read_pack
from services.scheduler.domain.packs.scenario_file import read_scenarios
from services.scheduler.domain.simulation.rehearsal import books_of, rehearse
from services.scheduler.domain.simulation.scenario import Scenario
from services.visits.domain.definition import read_definition
from shared.declared.section import Problem
from tests.scheduler.builders import contents

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


STEPS = re.findall(r"```yaml\n(steps:.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)


@pytest.mark.parametrize("block", STEPS, ids=["twice", "after rain", "cadence"])
def test_the_guides_steps_are_sound(block: str) -> None:
    files = contents({"questionnaire": "q", **yaml.safe_load(block)})
    files |= {f"questionnaires/{name}.yaml": f"id: {name}\ntitle: 问卷\n" for name in ("q", "by-message")}
    assert check_pack(files) == []


WALK = """
tests:
  - name: 没打通先发短信，短信办成后项目完工，其余的不再联系
    given:
      - {fact: repair.closed, id: R1, at: 2026-03-02 10:00, data: {project_no: P1}}
      - {contact: unreachable, about: R1, at: 2026-03-02 11:00}
      - {contact: completed, about: R1, step: often.sms, at: 2026-03-02 15:00, data: {rating: 5}}
      - {fact: project.stage_reached, id: S1, at: 2026-03-04 10:00, data: {project_no: P1, stage: completed}}
    expect:
      - {fact: R1, policy: p1, step: often, due: 2026-03-02 10:00, state: failed}
      - {fact: R1, policy: p1, step: often.sms, due: 2026-03-02 14:00, questionnaire: by-message, state: done}
      - {fact: R1, policy: p1, step: often.2, due: 2026-03-05 09:00, state: cancelled, reason: stopped}
      - {fact: R1, policy: p1, step: often.3, due: 2026-03-09 09:00, state: cancelled, reason: stopped}
      - {fact: R1, policy: p1, step: often.4, state: cancelled, reason: stopped}
      - {fact: R1, policy: p1, step: seldom, state: cancelled, reason: stopped}
      - {fact: R1, policy: p1, step: seldom.2, state: cancelled, reason: stopped}
      - {fact: R1, policy: p1, step: seldom.3, state: cancelled, reason: stopped}
"""


def test_a_pack_test_follows_a_run_through_its_channels_to_its_end() -> None:
    files = contents({"questionnaire": "q", **yaml.safe_load(STEPS[2])}) | {"tests/walk.yaml": WALK}
    policies = [policy_of(draft.content, 1) for draft in read_pack(files).drafts]
    problems: list[Problem] = []
    (scenario,) = read_scenarios(files, {"p1"}, problems)
    assert problems == []
    assert rehearse(scenario, books_of(policies)) == []
