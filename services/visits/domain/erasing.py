"""A customer asked that what is kept of them be deleted: nobody contacts them, and records keep what is counted alone."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from services.visits.domain.task_events import cancel
from services.visits.domain.visit import Visit
from shared.contracts.common import CustomerCard, Matter
from shared.contracts.visits import VisitResult
from shared.erasure.scrub import scrubbed_as, scrubbed_own
from shared.profile import REFUSES


def erased(visit: Visit, now: datetime) -> Visit:
    """The visit without a word about whom or what; one that is not over is cancelled. Itself where all that is so already."""
    bare = replace(
        visit,
        customer=CustomerCard.model_validate(scrubbed_as(CustomerCard, visit.customer.model_dump(mode="json"))),
        matters=tuple(
            Matter.model_validate(scrubbed_as(Matter, matter.model_dump(mode="json"))) for matter in visit.matters
        ),
        answers=erased_answers(visit.answers),
        outcome=None if visit.outcome is None else erased_outcome(visit.outcome),
        notices=tuple(one for one in visit.notices if one.get("reason") == REFUSES),
        cancel_reason=_code(visit.cancel_reason),
        postpone_reason=_code(visit.postpone_reason),
        ended=_code(visit.ended),
    )
    bare = visit if bare == visit else replace(bare, version=visit.version + 1)
    return cancel(bare, REFUSES, now)


def erased_answers(answers: Mapping[str, Any]) -> dict[str, Any]:
    """Numbers stay, for they are counted; which choice was made and what was said goes."""
    kept: dict[str, Any] = scrubbed_as(VisitResult, {"answers": dict(answers)})["answers"]
    return kept


def erased_outcome(outcome: Mapping[str, Any]) -> dict[str, Any]:
    return scrubbed_as(VisitResult, dict(outcome))


def _code(reason: str) -> str:
    return str(scrubbed_own({"reason": reason}).get("reason", ""))
