"""Who of the agents is there, for those who oversee them: a panel of the page of people."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request, Response

from services.visits.access import Supervisor
from services.visits.domain.presence import WORDS, Presence, Present
from services.visits.domain.shifts import is_on
from services.visits.pages.rows import clock_text
from services.visits.store import presence
from shared.http import ClockDep, ReadSession
from shared.web import render

router = APIRouter(include_in_schema=False)
MOST = 200
# each state's colour and sign
LOOKS = {
    Present.READY: ("good", "✓"),
    Present.BUSY: ("warn", "!"),
    Present.BREAK: ("warn", "!"),
    Present.OFFLINE: ("plain", "–"),
}


@router.get("/fragments/presence")
async def present(request: Request, supervisor: Supervisor, session: ReadSession, clock: ClockDep) -> Response:
    """Those of the caller's units who have said whether they are there, and who holds visits without having said so."""
    said = await presence.list_present(session, supervisor.scope, "", MOST + 1)
    silent = await presence.list_silent(session, supervisor.scope, MOST)
    rows = [_row(one, held, clock.now()) for one, held in said[:MOST]]
    return render(request, "fragments/presence.html", rows=rows, silent=silent, more=len(said) > MOST)


def _row(said: Presence, held: int, now: datetime) -> dict[str, Any]:
    tone, sign = LOOKS[said.state]
    return {
        "agent": said.agent,
        "name": said.name,
        "word": WORDS[said.state],
        "tone": tone,
        "sign": sign,
        "since": clock_text(said.since, now),
        "held": held,
        "capacity": said.capacity,
        "shift": said.shift,
        "off_shift": not is_on(said.shift, now),
    }
