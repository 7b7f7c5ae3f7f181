"""One contact about several matters (X1): whose questions each one has, what is asked once, and what each comes to.

Matters that a fact brought along form one part. Each part has its questionnaire. A question that the parts share word for
word is asked once and counts for all of them, unless its words name the matter: then it is asked for each.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from services.visits.domain.answering import Assessment, assess
from services.visits.domain.questionnaire import Question, Questionnaire, QuestionnairePart
from services.visits.domain.script import names_matter
from services.visits.domain.visit import Visit

MARK = "~"  # between a question's id and the number of its part


@dataclass(frozen=True, slots=True)
class Named:
    """A part as its visit names it: which matters, by position, and the id of its questionnaire ("" = none)."""

    matters: tuple[int, ...]
    questionnaire: str


def parts_named(visit: Visit) -> list[Named]:
    """The parts of a visit in the order in which they joined."""
    found: dict[str, list[int]] = {}
    for position, matter in enumerate(visit.matters):
        found.setdefault(matter.part, []).append(position)
    named = ((positions, visit.matters[positions[0]]) for positions in found.values())
    return [
        Named(tuple(positions), first.questionnaire if first.part else visit.questionnaire)
        for positions, first in named
    ]


def others_of(visit: Visit) -> set[str]:
    """Ids of the questionnaires that a visit needs beside its task's own."""
    return {part.questionnaire for part in parts_named(visit)} - {"", visit.questionnaire}


def asked_of(visit: Visit, known: Mapping[str, Questionnaire]) -> Questionnaire | None:
    """What a visit's agent asks: the questionnaires of all parts in one. `known` are those that are published, by id."""
    parts = [(part.matters, known[part.questionnaire]) for part in parts_named(visit) if part.questionnaire in known]
    if not parts:
        return known.get(visit.questionnaire)
    if len(parts) == 1:
        return parts[0][1]
    asked: dict[str, Question] = {}
    put: list[QuestionnairePart] = []
    for number, (matters, questionnaire) in enumerate(parts, 1):
        title = visit.matters[matters[0]].title
        ids = _add(asked, questionnaire, number, matters[0], title)
        put.append(QuestionnairePart(matters, questionnaire, ids))
    return replace(parts[0][1], questions=tuple(asked.values()), parts=tuple(put))


def _add(asked: dict[str, Question], of: Questionnaire, number: int, matter: int, title: str) -> dict[str, str]:
    """Put a part's questions behind those that are asked already; returns its ids → the ids under which they are asked."""
    ids: dict[str, str] = {}
    for question in of.questions:
        meant = replace(question, when=question.when.renamed(ids) if question.when else None)
        known = asked.get(question.id)
        if known is None:
            ids[question.id] = question.id
            asked[question.id] = replace(meant, about=matter)
        elif replace(known, about=0) == replace(meant, about=0) and not names_matter(question.ask):
            ids[question.id] = question.id
        else:
            own = ids[question.id] = f"{question.id}{MARK}{number}"
            asked[own] = replace(meant, id=own, title=f"{question.title}（{title}）", about=matter)
    return ids


def carried(before: Visit, asked: Questionnaire, after: Visit, asked_now: Questionnaire | None) -> dict[str, Any]:
    """The answers given so far to the questions of the matters that are left, under the ids by which these are asked now:
    they go by the number of their part, and parts move up when one before them is taken away."""
    was = _ids_by_part(before, asked)
    now = _ids_by_part(after, asked_now) if asked_now else {}
    kept = ((own, was[part].get(id_, "")) for part, ids in now.items() if part in was for id_, own in ids.items())
    return {own: before.answers[old] for own, old in kept if old in before.answers}


def _ids_by_part(visit: Visit, asked: Questionnaire) -> dict[str, Mapping[str, str]]:
    """Name of a part → id of each of its questions → the id under which it is asked."""
    if asked.parts:
        return {visit.matters[part.matters[0]].part: part.ids for part in asked.parts}
    only = next((named.matters[0] for named in parts_named(visit) if named.questionnaire == asked.id), 0)
    return {visit.matters[only].part: {question.id: question.id for question in asked.questions}}


def results_of(asked: Questionnaire, answers: Mapping[str, Any]) -> list[tuple[QuestionnairePart, Assessment]]:
    """What each part comes to by the answers given; nothing where there is one part only."""
    return [
        (part, assess(part.questionnaire, {id_: answers[own] for id_, own in part.ids.items() if own in answers}))
        for part in asked.parts
    ]


def worst(whole: Assessment, parts: Sequence[Assessment]) -> Assessment:
    """The whole contact's meaning: the worst rating, and what is not so of every part is not so."""
    rated = [part for part in parts if part.rating is not None]
    lowest = min(rated, key=lambda part: part.rating or 0) if rated else next(iter(parts))
    resolutions = [part.resolution for part in parts if part.resolution]
    return replace(
        whole,
        satisfaction=lowest.satisfaction,
        rating=lowest.rating,
        responded=_all(part.responded for part in parts),
        resolved=_all(part.resolved for part in parts),
        resolution=next((word for word in ("no", "partly", "yes") if word in resolutions), None),
    )


def _all(values: Any) -> bool | None:
    known = [one for one in values if one is not None]
    return all(known) if known else None
