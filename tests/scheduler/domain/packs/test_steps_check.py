"""Steps that could never come are told with what to write instead."""

from typing import Any

import pytest

from services.scheduler.domain.packs.check import check_pack
from shared.declared.section import Problem
from tests.scheduler.builders import as_yaml, contents

RAIN = {"events": ["weather.rained"], "same": "area", "within": {"days": 9}}


def found(*steps: dict[str, Any], **policy: Any) -> list[Problem]:
    files = contents({"questionnaire": "q", **policy, "steps": list(steps)})
    files["questionnaires/q.yaml"] = as_yaml({"id": "q", "title": "问卷"})
    return check_pack(files)


def result(value: Any, op: str = "eq") -> dict[str, Any]:
    return {"id": "b", "if": {"field": "result", "op": op, "value": value}}


def test_sound_steps_are_not_doubted() -> None:
    unhappy = {
        "any": [
            {"field": "answers.q1", "op": "eq", "value": "no"},
            {"field": "customer.level", "op": "eq", "value": "A"},
        ]
    }
    steps = ({"id": "a", "wait": RAIN}, {"id": "b", "if": unhappy}, {**result(["refused", "expired"], "in"), "id": "c"})
    assert found(*steps, stop={"events": ["order.completed"]}) == []


FIRST = {"id": "a"}
WRONG: dict[str, tuple[list[dict[str, Any]], str, str]] = {
    "a field no result has": (
        [FIRST, {"id": "b", "if": {"field": "ratng", "op": "lt", "value": 3}}],
        "steps[1].if.field",
        "rating",
    ),
    "a result that does not exist": ([FIRST, result("unreached")], "steps[1].if.value", "是否想写 unreachable"),
    "a step after a refusal": ([FIRST, result("refused")], "steps[1].if.value", "永远不会到"),
    "results that contradict each other": (
        [FIRST, {"id": "b", "if": {"all": [result("expired")["if"], result("capped")["if"]]}}],
        "steps[1].if.all[1]",
        "矛盾",
    ),
    "rain without a place": (
        [{"id": "a", "wait": {key: RAIN[key] for key in ("events", "within")}}],
        "steps[0].wait.same",
        "same: area",
    ),
    "a place that rain does not name": (
        [{"id": "a", "wait": {**RAIN, "same": "aera"}}],
        "steps[0].wait.same",
        "是否想写 area",
    ),
    "a deadline before the step": (
        [FIRST, {"id": "b", "from": "planned", "delay": {"days": 3}, "deadline": {"days": 1}}],
        "steps[1].deadline",
        "早于最早",
    ),
    "a questionnaire that the pack lacks": (
        [{"id": "a", "questionnaire": "r"}],
        "steps[0].questionnaire",
        "没有编号为 r",
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_step_that_can_never_come_is_a_mistake(wrong: str) -> None:
    steps, key, says = WRONG[wrong]
    told = {problem.key: problem for problem in found(*steps)}
    problem = told[f"policies[0].{key}"]
    assert says in problem.message
    assert (problem.warning, problem.line > 0) == (False, True)


def test_a_stop_must_name_a_customer() -> None:
    (problem,) = found(FIRST, stop={"events": ["weather.rained"]})
    assert (problem.key, "不带客户" in problem.message) == ("policies[0].stop.events", True)


def test_so_must_a_stop_of_one_step() -> None:
    (problem,) = found({"id": "a", "stop": {"events": ["weather.rained"]}})
    assert (problem.key, "不带客户" in problem.message) == ("policies[0].steps[0].stop.events", True)


def test_an_unknown_awaited_event_is_doubted() -> None:
    (problem,) = found({"id": "a", "wait": {**RAIN, "events": ["weather.raind"]}})
    assert (problem.warning, "weather.rained" in problem.message) == (True, True)
