"""What the answers of a contact come to: its outcome as it is kept, and as every event of a completed visit tells it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from services.visits.domain.answering import Assessment, assess
from services.visits.domain.questionnaire import Questionnaire, QuestionnairePart
from services.visits.domain.several import results_of, worst
from services.visits.domain.visit import Visit, facts_of

DISSATISFIED = 2  # the best of the ratings that count as dissatisfied


@dataclass(frozen=True, slots=True)
class Found:
    """The answers that count, and the outcome: fields of the contract `VisitResult` by name."""

    answers: Mapping[str, Any]
    outcome: Mapping[str, Any]


def found_in(visit: Visit, asked: Questionnaire, answers: Mapping[str, Any], note: str) -> Found:
    """What valid answers to what was `asked` come to, with the agent's note."""
    found = assess(asked, answers)
    parts = results_of(asked, answers)
    if parts:
        found = worst(found, [meaning for _, meaning in parts])
    return Found(found.answers, _result(found, note) | {"results": _results(visit, parts, note)})


def is_dissatisfied(outcome: Mapping[str, Any]) -> bool:
    rating = outcome.get("rating")
    return rating is not None and rating <= DISSATISFIED


def is_problem(outcome: Mapping[str, Any]) -> bool:
    return bool(outcome.get("problems"))


def facts_of_result(visit: Visit) -> dict[str, Any]:
    """What events tell of a completed visit."""
    assert visit.outcome is not None
    assert visit.finished_at is not None
    return {
        **facts_of(visit),
        **visit.outcome,
        "questionnaire": visit.questionnaire,
        "questionnaire_version": visit.questionnaire_version,
        "answers": visit.answers,
        "completed_at": visit.finished_at,
        "reopened": visit.reopened,
        "on_time": visit.deadline_at is None or visit.finished_at <= visit.deadline_at,
    }


def _results(visit: Visit, parts: Sequence[tuple[QuestionnairePart, Assessment]], note: str) -> list[dict[str, Any]]:
    """What is told of each matter, where a contact was about several."""
    return [
        {
            "event_id": visit.matters[position].event_id,
            "event_source": visit.matters[position].event_source,
            "questionnaire": part.questionnaire.id,
            "questionnaire_version": part.questionnaire.version,
            "answers": dict(meaning.answers),
            **_result(meaning, note),
        }
        for part, meaning in parts
        for position in part.matters
    ]


def _result(found: Assessment, note: str) -> dict[str, Any]:
    outcome = asdict(found)
    del outcome["answers"], outcome["complete"]
    return {
        **outcome,
        "effective": found.complete,
        "reasons": list(found.reasons),
        "problems": list(found.problems),
        "remark": "；".join(text for text in (found.remark, note) if text),
    }
