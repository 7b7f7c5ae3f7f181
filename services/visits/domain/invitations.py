"""A customer answers by themselves: invited by a message whose code opens the questionnaire, once and for some days.

What the customer says is a result as any other, of the message's channel and of no agent. A code dies with the visit, and
serves nobody while the visit is postponed or about to be cancelled.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from services.visits.domain import attempts
from services.visits.domain.answering import validated
from services.visits.domain.attempts import Decision, Report
from services.visits.domain.errors import QuestionnaireNotPublished
from services.visits.domain.questionnaire import Questionnaire
from services.visits.domain.results import RESULTS
from services.visits.domain.visit import State, Visit, changed, expires_at, facts_of, fail
from services.visits.domain.work_rules import WorkRules
from shared.contracts import EventData
from shared.contracts.common import Channel
from shared.contracts.visits import VisitInvitationEnded, VisitInvited

BY_PHONE_TOO: Channel = "sms"  # how somebody is invited whom agents also call


def invite(visit: Visit, invitation: UUID, code: str, rules: WorkRules, now: datetime) -> Decision:
    """The customer may answer for as long as codes live, and not longer than the visit. `code` is sealed."""
    last = expires_at(visit, rules.grace)
    until = min(now + rules.code_lives, last) if last else now + rules.code_lives
    invited = changed(visit, invitation=invitation, invited_until=until)
    event = VisitInvited(**facts_of(invited), invitation_id=str(invitation), code=code, expires_at=until)
    return invited, [event]


def is_wanted(visit: Visit, result: str, rules: WorkRules) -> bool:
    """Whether the customer of a visit that was just tried in vain is to be invited now; agents may go on trying."""
    trying = visit.state in (State.OPEN, State.WAITING, State.INVITED) and visit.invitation is None
    return trying and result in rules.invite_after and attempts.is_askable(visit)


def serves(visit: Visit, invitation: UUID, now: datetime) -> bool:
    """Whether the customer may answer with this invitation's code now."""
    called_off = visit.finished or visit.cancel_reason or visit.postpone_reason or visit.state is State.POSTPONED
    return (
        not called_off
        and visit.invitation == invitation
        and visit.invited_until is not None
        and now < visit.invited_until
    )


def answer(
    visit: Visit, questionnaire: Questionnaire | None, answers: Mapping[str, Any], report: UUID, now: datetime,
    whole: bool = True,
) -> Decision:  # fmt: skip
    """The visit with the customer's own answers, and the events of any completed one.

    Raises InvalidAnswers, AnswersMissing (unless they need not be `whole`), QuestionnaireNotPublished.
    """
    if questionnaire is None:
        raise QuestionnaireNotPublished
    channel = visit.channel if visit.by_message else BY_PHONE_TOO
    answered = changed(visit, agent="", channel=channel, answers=validated(questionnaire, answers))
    result = Report(id=report, code=RESULTS["completed" if whole else "partly"])
    return attempts.complete(answered, result, questionnaire, now)


def lapse(visit: Visit, now: datetime) -> Decision:
    """The code's time is over, and nobody has answered."""
    return fail(visit, "unreachable", now)


def ended(before: Visit, after: Visit, now: datetime) -> list[EventData]:
    """What is told when a visit changes so that its code serves no more."""
    if before.invitation is None or before.invitation == after.invitation:
        return []
    return [VisitInvitationEnded(**facts_of(after), invitation_id=str(before.invitation), ended_at=now)]
