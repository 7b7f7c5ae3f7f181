"""What visits shows on 「我的业绩」: the remarks that supervisors have written on an agent's own visits."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from services.visits.access import Agent
from services.visits.pages.rows import clock_text, source_of
from services.visits.store import reviews
from shared.http import ClockDep, ReadSession
from shared.moments import Day
from shared.web import render
from shared.zone import midnight

router = APIRouter(include_in_schema=False)
MOST = 20


@router.get("/fragments/reviews")
async def received(
    request: Request, agent: Agent, session: ReadSession, clock: ClockDep,
    first: Annotated[Day, Query()], last: Annotated[Day, Query()],
) -> Response:  # fmt: skip
    """Remarks written from the first day to the last on visits that the caller finished, newest first."""
    since = midnight(first)
    until = midnight(last + timedelta(days=1))
    found, more = await reviews.received_by(session, agent.id, agent.scope, since, until, MOST)
    now = clock.now()
    remarks = [(clock_text(one.at, now), one, source_of(one.visit)) for one in found]
    return render(request, "fragments/reviews.html", remarks=remarks, more=more)
