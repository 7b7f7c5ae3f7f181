"""Customers answer by themselves, by a code or a digit; codes that serve no more are told of."""

from collections.abc import Mapping, Sequence
from typing import Any

from services.visits.domain import invitations
from services.visits.domain.errors import CodeNotUsable
from services.visits.domain.questionnaire import Questionnaire
from services.visits.domain.visit import Visit
from services.visits.procedures.held import publish
from services.visits.store import rows
from services.visits.store.invitations import Invitation
from shared.ids import new_id
from shared.messaging import Work
from shared.observability.catalogue import counter
from shared.scope import Scope

INVITATIONS = counter(
    "huifang_visits_invitations_total", "Invitations to answer by oneself, by outcome", "自助作答邀请数",
    labels={"outcome": ("made", "answered", "lapsed", "ended")},
)  # fmt: skip


async def lock_invited(work: Work, invitation: Invitation) -> tuple[Visit, Questionnaire]:
    """The visit of an invitation, with its questions, locked. Raises CodeNotUsable where nothing can be answered (any more)."""
    locked = await rows.lock_visit(work.session, invitation.visit_id, Scope())
    if locked is None or locked[1] is None or not invitations.serves(locked[0], invitation.id, work.now()):
        raise CodeNotUsable
    return locked[0], locked[1]


async def answer(
    work: Work, visit: Visit, questionnaire: Questionnaire, answers: Mapping[str, Any], whole: bool = True
) -> Visit:
    """Keep the answers of the customer of a locked visit. Raises InvalidAnswers, AnswersMissing."""
    answered, events = invitations.answer(visit, questionnaire, answers, new_id(), work.now(), whole)
    await rows.save_visits(work.session, [answered])
    publish(work, answered, events)
    INVITATIONS.labels("answered").inc()
    return answered


def tell_ended(work: Work, changes: Sequence[tuple[Visit, Visit]]) -> None:
    """Tell of the codes that serve no more after visits (before, after) have changed."""
    for before, after in changes:
        events = invitations.ended(before, after, work.now())
        publish(work, after, events)
        INVITATIONS.labels("ended").inc(len(events))
