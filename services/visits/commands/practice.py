"""An agent practises: a call of their own, as often as they like."""

from services.visits.domain.leases import Leases
from services.visits.domain.practice import DEFINITION, practice_call
from services.visits.domain.visit import Visit, give_back
from services.visits.procedures.questionnaires import publish
from services.visits.store import practice, rows
from shared.auth import Principal
from shared.ids import new_id
from shared.messaging import Work

PLATFORM = "huifang"


async def begin(work: Work, agent: Principal, lease: Leases) -> Visit:
    """A new practice call in the agent's hands; an earlier one that was left is over."""
    left = await practice.lock_left(work.session, agent.id)
    await rows.save_visits(work.session, [give_back(visit, work.now()) for visit in left])
    visit = practice_call(
        new_id(),
        agent.id,
        branch=next(iter(agent.units), ""),
        team=next(iter(agent.teams), ""),
        questionnaire_version=await _questionnaire(work),
        now=work.now(),
        lease_until=lease.until("phone", work.clock.machine()),
    )
    await rows.add_visits(work.session, [visit])
    return visit


async def _questionnaire(work: Work) -> int:
    """The version of what is asked, published by the first who practises after it was written or changed."""
    questionnaire, _ = await publish(work, DEFINITION, PLATFORM)
    return questionnaire.version
