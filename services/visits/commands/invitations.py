"""Customers are invited to answer by themselves, and answer."""

import hmac
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from services.visits.commands.held import publish
from services.visits.domain import invitations
from services.visits.domain.errors import CodeNotUsable
from services.visits.domain.questionnaire import Questionnaire
from services.visits.domain.visit import Visit
from services.visits.domain.work_rules import WorkRules
from services.visits.store import invitations as store
from services.visits.store import questionnaires, rows
from services.visits.store.invitations import Invitation
from shared.ids import new_id
from shared.messaging import Work
from shared.observability.catalogue import counter
from shared.privacy import Sealer
from shared.privacy.codes import BITS, hash_code, seal_code, typed, written
from shared.scope import Scope

INVITATIONS = counter(
    "huifang_visits_invitations_total", "Invitations to answer by oneself, by outcome", "自助作答邀请数",
    labels={"outcome": ("made", "answered", "lapsed", "ended")},
)  # fmt: skip
PORTION = 500


async def invite_waiting(work: Work, sealer: Sealer, rules: WorkRules) -> int:
    """Make codes for the visits whose customers are to be asked by a message, and tell of them."""
    waiting = await questionnaires.with_versions(work.session, await store.lock_to_invite(work.session, PORTION))
    await _invite(work, sealer, waiting, rules)
    return len(waiting)


async def invite_after(work: Work, sealer: Sealer, visit: Visit, result: str, rules: WorkRules) -> Visit:
    """Invite the customer of a visit that an agent has just tried in vain, where the work rules want it."""
    if not invitations.is_wanted(visit, result, rules):
        return visit
    (known,) = await questionnaires.with_versions(work.session, [visit])
    return (await _invite(work, sealer, [known], rules))[0] if known.questionnaire_version else visit


async def _invite(work: Work, sealer: Sealer, visits: Sequence[Visit], rules: WorkRules) -> list[Visit]:
    made, invited = [], []
    for visit in visits:
        id_, code = new_id(), written(secrets.randbits(BITS))
        made.append(Invitation(id_, visit.id, hash_code(sealer, code), work.now()))
        invited.append(invitations.invite(visit, id_, seal_code(sealer, code), rules, work.now()))
    await store.add(work.session, made)
    await rows.save_visits(work.session, [visit for visit, _ in invited])
    for visit, events in invited:
        publish(work, visit, events)
    INVITATIONS.labels("made").inc(len(made))
    return [visit for visit, _ in invited]


async def lapse(work: Work) -> int:
    """End the visits whose customers did not answer in time."""
    lapsed = [
        invitations.lapse(visit, work.now()) for visit in await store.lock_lapsed(work.session, work.now(), PORTION)
    ]
    await rows.save_visits(work.session, [visit for visit, _ in lapsed])
    for visit, events in lapsed:
        publish(work, visit, events)
    INVITATIONS.labels("lapsed").inc(len(lapsed))
    return len(lapsed)


async def open_by_code(work: Work, sealer: Sealer, text: str) -> tuple[Visit, Questionnaire]:
    """The visit that a typed code is for, with its questions, locked. Raises CodeNotUsable, whatever is wrong with it."""
    code = hash_code(sealer, typed(text))
    found = await store.find(work.session, code)
    if found is None or not hmac.compare_digest(found.code_hash, code):
        raise CodeNotUsable
    return await lock_invited(work, found)


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
