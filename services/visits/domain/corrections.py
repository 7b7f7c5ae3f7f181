"""A finished record is corrected: by its agent for a while, later by a supervisor, with a reason. No version is lost.

What corrected answers mean is found as it was at the end of the contact; how the contact itself went, its attempts, is not
corrected.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from services.visits.domain import contact_result
from services.visits.domain.answering import validated
from services.visits.domain.contact_result import is_dissatisfied, is_problem
from services.visits.domain.errors import CorrectionTooLate, NotCorrectable, NothingCorrected, NotYourRecord
from services.visits.domain.questionnaire import Questionnaire
from services.visits.domain.visit import State, Visit, changed
from shared.contracts import EventData
from shared.contracts.visits import Record, VisitCorrected, VisitDissatisfied, VisitProblemFound


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """What is to stand instead; without a `note` the one that stands."""

    answers: Mapping[str, Any]
    note: str | None = None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A record as it stood from `at` on: 0 is the first, written by who finished the visit."""

    visit_id: UUID
    number: int
    at: datetime
    by: str
    reason: str = ""
    answers: Mapping[str, Any]
    outcome: Mapping[str, Any]
    note: str = ""


def first_version(visit: Visit, note: str) -> Version:
    """The record as the contact ended; `note` is the agent's. Raises NotCorrectable."""
    if visit.state is not State.COMPLETED or visit.finished_at is None or visit.outcome is None:
        raise NotCorrectable
    return Version(
        visit_id=visit.id,
        number=0,
        at=visit.finished_at,
        by=visit.agent,
        answers=visit.answers,
        outcome=visit.outcome,
        note=note,
    )


def require_may_correct(
    agent: str, since: datetime | None, who: str, supervises: bool, within: timedelta, now: datetime
) -> None:
    """May `who` correct what `agent` recorded at `since`? A supervisor may, and the agent until `within` has passed.

    Raises NotYourRecord, CorrectionTooLate.
    """
    if supervises:
        return
    if agent != who:
        raise NotYourRecord
    if since is not None and now > since + within:
        raise CorrectionTooLate


def correct(
    visit: Visit, asked: Questionnaire, known: Sequence[Version], correction: Correction, by: str, now: datetime
) -> tuple[Visit, Version, list[EventData]]:
    """The visit with its record corrected, the new version, and what is told of it. `known` are all versions so far.

    Raises InvalidAnswers and NothingCorrected.
    """
    stood = known[-1]
    note = stood.note if correction.note is None else correction.note
    found = contact_result.found_in(visit, asked, validated(asked, correction.answers), note)
    if found.answers == stood.answers and note == stood.note:
        raise NothingCorrected
    corrected = changed(visit, answers=found.answers, outcome=found.outcome)
    version = Version(
        visit_id=visit.id,
        number=stood.number + 1,
        at=now,
        by=by,
        reason=correction.reason,
        answers=found.answers,
        outcome=found.outcome,
        note=note,
    )
    return corrected, version, _events(corrected, known, version)


def _events(visit: Visit, known: Sequence[Version], version: Version) -> list[EventData]:
    """The correction, and beside it that the customer is dissatisfied, or that it is a problem case, where the record did
    not say so before: what was planned because of an earlier word was called off when that was taken back."""
    stood, facts = known[-1], contact_result.facts_of_result(visit) | {"correction": version.number}
    before = Record(**stood.outcome, answers=dict(stood.answers), dissatisfied=is_dissatisfied(stood.outcome))
    events: list[EventData] = [
        VisitCorrected(
            **facts,
            before=before,
            dissatisfied=is_dissatisfied(version.outcome),
            reason=version.reason,
            corrected_by=version.by,
            corrected_at=version.at,
        )
    ]
    for is_so, event in ((is_dissatisfied, VisitDissatisfied), (is_problem, VisitProblemFound)):
        if is_so(version.outcome) and not is_so(stood.outcome):
            events.append(event(**facts))
    return events
