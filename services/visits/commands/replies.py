"""Digits sent back to a message: one that can be about one visit only is its answer, for the others people decide."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from services.visits.domain import invitations as rules
from services.visits.domain import replies
from services.visits.domain import visit as lifecycle
from services.visits.domain.errors import CodeNotUsable, ReplyAlreadySettled, ReplyNotFound, ReplyOfNoVisit
from services.visits.domain.questionnaire import Questionnaire
from services.visits.domain.replies import Decision, Reason, StrayReply
from services.visits.domain.visit import State, Visit
from services.visits.procedures import invitations
from services.visits.procedures.held import publish
from services.visits.store import invitations as invited
from services.visits.store import replies as store
from services.visits.store import rows
from shared.auth import Principal
from shared.contracts.notifications import (
    Notification,
    NotificationFailed,
    NotificationReplied,
    NotificationSuppressed,
)
from shared.http import audit
from shared.ids import new_id
from shared.messaging import Event, Work
from shared.observability.catalogue import counter
from shared.scope import Scope

DIGITS = counter(
    "huifang_visits_digit_replies_total", "Digits that customers sent back, by what became of them", "数字回复数",
    labels={"outcome": ("answered", *replies.REASONS)},
)  # fmt: skip


UNSENT: dict[str, type[Notification]] = {
    "notification.failed": NotificationFailed,
    "notification.suppressed": NotificationSuppressed,
}


async def take_in(work: Work, events: Sequence[Event]) -> None:
    """Keep what customers answered with a digit."""
    for event in events:  # a few a day each: people write them
        reply = event.read(NotificationReplied)
        about = await _visits_of(work, [_uuid(one.cause_id) for one in reply.answers])
        open_ones = [pair for pair in about if pair[2]]
        reason = await _answer(work, open_ones, reply.digit)
        DIGITS.labels(reason or "answered").inc()
        if reason:
            await store.add(work.session, [_stray(reply, reason, [visit for visit, _, _ in open_ones or about])])


Found = tuple[Visit, Questionnaire | None, bool]


async def _visits_of(work: Work, causes: Sequence[UUID | None]) -> list[Found]:
    """The visits that messages with these causes were about, the newest first, each with whether it can be answered."""
    meant: dict[UUID, UUID | None] = {}  # visit → its invitation
    for cause in filter(None, causes):
        invitation = await invited.get(work.session, cause)
        meant.setdefault(invitation.visit_id if invitation else cause, invitation.id if invitation else None)
    locked = {one: await rows.lock_visit(work.session, one, Scope()) for one in sorted(meant)}  # as everybody locks
    found: list[Found] = []
    for visit_id, own in meant.items():
        if pair := locked[visit_id]:
            visit, asked = pair
            answerable = own is not None and asked is not None and rules.serves(visit, own, work.now())
            found.append((visit, asked, answerable))
    return found


async def _answer(work: Work, found: Sequence[Found], digit: int) -> Reason | None:
    """Let the digit be the answer of the only visit that it can be about; else why it can't."""
    if len(found) != 1:
        return "several" if found else "none"
    visit, asked, _ = found[0]
    answers = replies.answers_of(asked, digit) if asked else {}
    if asked is None or not answers:
        return "digit"
    await invitations.answer(work, visit, asked, answers, whole=replies.is_whole(asked, answers))
    return None


def _stray(reply: NotificationReplied, reason: Reason, about: Sequence[Visit]) -> StrayReply:
    newest = about[0] if about else None
    return StrayReply(
        id=new_id(),
        customer_id=reply.customer_id,
        phone_masked=reply.phone_masked,
        digit=reply.digit,
        reason=reason,
        visits=tuple(visit.id for visit in about),
        branch=newest.branch if newest else "",
        team=newest.team if newest else "",
        received_at=reply.replied_at,
    )


async def settle(work: Work, principal: Principal, reply_id: UUID, decision: Decision) -> StrayReply:
    """Say which visit a digit answers, that the customer refuses, or that it is nothing.

    Raises ReplyNotFound (also outside the caller's units), ReplyAlreadySettled; ReplyOfNoVisit for a visit that it can't be
    about, or that can't be answered any more.
    """
    reply = await store.lock(work.session, reply_id, principal.scope)
    if reply is None:
        raise ReplyNotFound
    if reply.settled_at is not None:
        raise ReplyAlreadySettled(f"{reply.settled_by} 已处理")
    if decision.visit_id is not None:
        await _answer_by_word(work, reply, decision.visit_id)
    if decision.refuses:
        await _refuse(work, reply)
    settled = replace(
        reply,
        visit_id=decision.visit_id,
        refused=decision.refuses,
        remark=decision.remark,
        settled_by=principal.id,
        settled_at=work.now(),
    )
    await store.settle(work.session, settled)
    decided = {"visit_id": decision.visit_id and str(decision.visit_id), "refused": decision.refuses}
    await audit(work, principal, "stray_reply.settled", str(reply_id), **decided, remark=decision.remark)
    return settled


async def _refuse(work: Work, reply: StrayReply) -> None:
    """The visits that the reply may be about end as refused; what is planned or held beside them the scheduler looks at."""
    locked = [await rows.lock_visit(work.session, one, Scope()) for one in sorted(reply.visits)]
    before = [pair[0] for pair in locked if pair and replies.may_refuse(pair[0])]
    failed = [lifecycle.fail(visit, "refused", work.now()) for visit in before]
    await rows.save_visits(work.session, [visit for visit, _ in failed])
    for visit, events in failed:
        publish(work, visit, events)
    invitations.tell_ended(work, [(old, new) for old, (new, _) in zip(before, failed, strict=True)])


async def _answer_by_word(work: Work, reply: StrayReply, visit_id: UUID) -> None:
    locked = await rows.lock_visit(work.session, visit_id, Scope()) if visit_id in reply.visits else None
    if locked is None or locked[1] is None or locked[0].finished:
        raise ReplyOfNoVisit("该单不在可选之列，或已办结")
    visit, asked = locked
    answers = replies.answers_of(asked, reply.digit) if asked else {}
    if asked is None or not answers:
        raise ReplyOfNoVisit(replies.REASONS["digit"])
    await invitations.answer(work, visit, asked, answers, whole=replies.is_whole(asked, answers))


async def note_unsent(work: Work, events: Sequence[Event]) -> None:
    """Customers whom no message could be brought to can't answer: their visits were tried, and reached nobody."""
    for event in events:
        cause = _uuid(event.read(UNSENT[event.name]).cause_id)
        invitation = await invited.get(work.session, cause) if cause else None
        if invitation is None:
            continue
        try:
            visit, _ = await invitations.lock_invited(work, invitation)
        except CodeNotUsable:
            continue
        if visit.state is State.INVITED:
            failed, facts_of_result = rules.lapse(visit, work.now())
            await rows.save_visits(work.session, [failed])
            publish(work, failed, facts_of_result)
            invitations.INVITATIONS.labels("lapsed").inc()


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
