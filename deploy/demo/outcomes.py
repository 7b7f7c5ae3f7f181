"""How the generated customers answer: a function of the seed and the task, so that the order of calls does not matter."""

import random
from dataclasses import dataclass
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
LEFT_UNSOLVED = 0.006
UNHAPPY = ("dissatisfied", "very_dissatisfied", "poor", "slow", "none")
COMPLAINTS = ("上门时间不准", "解释不清楚", "问题没有解决", "等了很久才有人来")
# the few questions to which "yes" is bad news
YES_IS_BAD = ("hazard",)


@dataclass(frozen=True)
class Answered:
    """What one call came to; `dissatisfied` is the mood its answers follow."""

    result: str
    talk_seconds: int
    wrap_up_seconds: int
    dissatisfied: bool = False

    @property
    def talked(self) -> bool:
        """Whether questions were asked at all."""
        return self.result in ("completed", "partly")


def call(seed: int, task_id: str, attempt: int, round_: int) -> Answered:
    """The outcome of a task's attempt."""
    rng = random.Random(f"{seed}/{task_id}/{attempt}")
    result = rng.choices([name for name, _ in RESULTS], [weight for _, weight in RESULTS])[0]
    dissatisfied = rng.random() < (DISSATISFIED_AGAIN if round_ > 1 else DISSATISFIED)
    if result in ("completed", "partly"):
        return Answered(result, rng.randrange(60, 300), rng.randrange(20, 90), dissatisfied and result == "completed")
    connected = result in ("callback_agreed", "refused", "wrong_person")
    return Answered(result, rng.randrange(10, 60) if connected else 0, rng.randrange(5, 20))


def answer(seed: int, task_id: str, question: dict[str, Any], dissatisfied: bool) -> Any:
    """One answer, as the visits API takes it; None leaves an optional question out."""
    rng = random.Random(f"{seed}/{task_id}/{question['id']}")
    values = [option["value"] for option in question["options"]]
    match question["kind"]:
        case "yes_no":
            bad = rng.random() < (0.5 if dissatisfied else LEFT_UNSOLVED)
            return "yes" if bad == (question["id"] in YES_IS_BAD) else "no"
        case "single":
            wanted = [value for value in values if (value in UNHAPPY) == dissatisfied]
            return rng.choice((wanted or values)[:2])
        case "multiple":
            return rng.sample(values, 1)
        case "text":
            return rng.choice(COMPLAINTS) if dissatisfied else None
        case _:
            return rng.randrange(1, 3) if dissatisfied else rng.randrange(4, 6)
