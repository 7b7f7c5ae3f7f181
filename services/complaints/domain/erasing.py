"""A customer asked that what is kept of them be deleted: their cases stay work and stay counted, without words about them."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from services.complaints.domain.case import Case, Change, Entry, changed, unchanged
from shared.contracts.common import CustomerCard, Matter
from shared.erasure.scrub import scrubbed_as, scrubbed_names, scrubbed_own


def erased(case: Case, now: datetime) -> Change:
    """The case with its numbers, unit, grade, deadlines and ratings alone; its timeline says why. Unchanged where it is so."""
    said = scrubbed_names({"reasons": list(case.reasons), "subject": list(case.subjects)})
    after = replace(
        case,
        customer=CustomerCard.model_validate(scrubbed_as(CustomerCard, case.customer.model_dump(mode="json"))),
        matters=tuple(
            Matter.model_validate(scrubbed_as(Matter, matter.model_dump(mode="json"))) for matter in case.matters
        ),
        subjects=tuple(said.get("subject", ())),
        reasons=tuple(said.get("reasons", ())),
        description="",
        measures="",
        close_reason="",
    )
    return unchanged(case) if after == case else Change(changed(after, now), (), (Entry(now, "erased"),))


def erased_detail(detail: dict[str, Any]) -> dict[str, Any]:
    """What a line of the timeline says besides what happened."""
    return dict(scrubbed_own(detail))
