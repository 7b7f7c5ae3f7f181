"""When a question is asked: a condition on earlier answers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Operator = Literal["eq", "ne", "in", "lt", "gt"]
Answers = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One answer compared; false while there is no answer. A multiple choice is compared by each chosen value."""

    question: str
    operator: Operator
    value: Any

    def holds(self, answers: Answers) -> bool:
        answer = answers.get(self.question)
        if answer is None:
            return False
        chosen = answer if isinstance(answer, list | tuple) else (answer,)
        match self.operator:
            case "eq":
                return self.value in chosen
            case "ne":
                return self.value not in chosen
            case "in":
                return any(value in self.value for value in chosen)
            case "lt":
                return all(value < self.value for value in chosen)
            case "gt":
                return all(value > self.value for value in chosen)

    def comparisons(self) -> Iterator["Comparison"]:
        yield self


@dataclass(frozen=True, slots=True)
class AllOf:
    parts: tuple["Condition", ...]

    def holds(self, answers: Answers) -> bool:
        return all(part.holds(answers) for part in self.parts)

    def comparisons(self) -> Iterator[Comparison]:
        for part in self.parts:
            yield from part.comparisons()


@dataclass(frozen=True, slots=True)
class AnyOf:
    parts: tuple["Condition", ...]

    def holds(self, answers: Answers) -> bool:
        return any(part.holds(answers) for part in self.parts)

    def comparisons(self) -> Iterator[Comparison]:
        for part in self.parts:
            yield from part.comparisons()


Condition = Comparison | AllOf | AnyOf
