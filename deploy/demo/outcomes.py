"""How the generated customers answer: a function of the seed and the task, so that the order of calls does not matter."""

import random
from dataclasses import dataclass, field
from typing import Any

# about 64 of 100 calls are effective, as a real call centre of this size reported
RESULTS = (
    ("completed", 0.64),
    ("partly", 0.02),
    ("callback_agreed", 0.04),
    ("refused", 0.02),
    ("wrong_person", 0.01),
    ("no_answer", 0.15),
    ("busy", 0.06),
    ("powered_off", 0.05),
    ("invalid_number", 0.01),
)
DISSATISFIED = 0.035
DISSATISFIED_AGAIN = 0.12


@dataclass(frozen=True)
class Answered:
    """What one call came to."""

    result: str
    talk_seconds: int
    wrap_up_seconds: int
    answers: dict[str, Any] = field(default_factory=dict)
    dissatisfied: bool = False


def call(seed: int, task_id: str, attempt: int, round_: int, questions: list[dict[str, Any]]) -> Answered:
    """The outcome of a task's attempt; `questions` as the visits API lists them."""
    rng = random.Random(f"{seed}/{task_id}/{attempt}")
    result = rng.choices([name for name, _ in RESULTS], [weight for _, weight in RESULTS])[0]
    connected = result in ("completed", "partly", "callback_agreed", "refused", "wrong_person")
    if result not in ("completed", "partly"):
        return Answered(result, rng.randrange(10, 60) if connected else 0, rng.randrange(5, 20))
    dissatisfied = rng.random() < (DISSATISFIED_AGAIN if round_ > 1 else DISSATISFIED)
    answers = {question["id"]: _answer(rng, question, dissatisfied) for question in questions}
    if result == "partly":
        answers = dict(list(answers.items())[:1])
        dissatisfied = False
    return Answered(result, rng.randrange(60, 300), rng.randrange(20, 90), answers, dissatisfied)


def _answer(rng: random.Random, question: dict[str, Any], dissatisfied: bool) -> Any:
    """One answer; the question about satisfaction carries the mood, the rest follow it."""
    kind = question["kind"]
    if kind == "yes_no":
        return not dissatisfied or rng.random() < 0.5
    if kind == "rating":
        return rng.choice((1, 2)) if dissatisfied else rng.choices((3, 4, 5), (1, 4, 6))[0]
    if kind == "number":
        return rng.randrange(1, 4) if dissatisfied else rng.randrange(7, 11)
    if kind == "text":
        return rng.choice(("上门时间不准", "解释不清楚", "问题没有解决")) if dissatisfied else ""
    values = [option["value"] for option in question.get("options", [])]
    if kind == "multiple":
        return rng.sample(values, 1)
    return _choice(rng, question, values, dissatisfied)


def _choice(rng: random.Random, question: dict[str, Any], values: list[str], dissatisfied: bool) -> str:
    unhappy = [value for value in values if "dissatisfied" in value]
    happy = [value for value in values if "satisfied" in value and value not in unhappy] or values[:2]
    if dissatisfied and unhappy and question.get("role") == "satisfaction":
        return rng.choice(unhappy)
    return rng.choice(happy)
