"""What complaints shows on the pages of other services: fragments, with the authorisation of the API."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from services.complaints import store
from services.complaints.access import Reader
from services.complaints.api import ReadRules
from services.complaints.domain.case import UNFINISHED
from services.complaints.schemas import shown
from services.complaints.store import CaseFilter
from shared.contracts.words import GRADES
from shared.http import ClockDep, ReadSession, SealerDep
from shared.web import render

router = APIRouter(include_in_schema=False)
MOST = 5
STATES = {"opened": "待派发", "assigned": "整改中", "resolved": "待二次回访", "reopened": "重办中"}


@router.get("/fragments/cases")
async def open_cases(
    request: Request,
    session: ReadSession,
    rules: ReadRules,
    sealer: SealerDep,
    clock: ClockDep,
    principal: Reader,
    customer_id: Annotated[str, Query(max_length=64)],
) -> Response:
    """A customer's cases that are not closed, newest first, as far as the caller sees them."""
    wanted = CaseFilter(states=UNFINISHED, customer_id=customer_id, scope=principal.scope)
    now = clock.now()
    found = await store.list_cases(session, wanted, now, None, MOST)
    cases = [shown(case, rules.limits, sealer, now) for case in found]
    return render(request, "fragments/cases.html", cases=cases, states=STATES, grades=GRADES)
