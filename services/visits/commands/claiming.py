"""An agent claims visits."""

from datetime import datetime, timedelta

from services.visits.commands.held import Held
from services.visits.domain.hours import read_hours
from services.visits.store import claims, queries, questionnaires
from shared.auth import Principal
from shared.calendar import WorkCalendar
from shared.messaging import Work


async def claim_visits(
    work: Work, principal: Principal, team: str | None, limit: int, lease: timedelta, calendar: WorkCalendar
) -> tuple[list[Held], datetime]:
    """Claim the next visits for the caller; returns them with the end of the lease (machine time)."""
    lease_until = work.clock.machine() + lease
    known = await claims.list_hours(work.session)
    open_hours = ["", *(hours for hours in known if hours and read_hours(hours, calendar).is_open(work.now()))]
    claimed = await claims.claim(work.session, principal.id, lease_until, limit, team, principal.scope, open_hours)
    wanted = {(visit.questionnaire, visit.questionnaire_version) for visit in claimed if visit.questionnaire_version}
    loaded = await questionnaires.load_many(work.session, wanted)
    made = await queries.attempts_of(work.session, claimed)
    held = [
        Held(visit, loaded.get((visit.questionnaire, visit.questionnaire_version)), made.get(visit.id, ()))
        for visit in claimed
    ]
    return held, lease_until
