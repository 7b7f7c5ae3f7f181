"""Customers are invited to answer by themselves, and answer."""

import hmac
import secrets
from collections.abc import Sequence

from services.visits.domain import invitations
from services.visits.domain.errors import CodeNotUsable
from services.visits.domain.questionnaire import Questionnaire
from services.visits.domain.visit import Visit
from services.visits.domain.work_rules import WorkRules
from services.visits.procedures.held import publish
from services.visits.procedures.invitations import INVITATIONS, lock_invited
from services.visits.store import invitations as store
from services.visits.store import questionnaires, rows
from services.visits.store.invitations import Invitation
from shared.ids import new_id
from shared.messaging import Work
from shared.privacy import Sealer
from shared.privacy.codes import BITS, hash_code, seal_code, typed, written

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
