"""What changes as time passes."""

from services.visits.domain import shifts
from services.visits.domain import visit as lifecycle
from services.visits.domain.work_rules import WorkRules
from services.visits.procedures.held import publish
from services.visits.procedures.invitations import tell_ended
from services.visits.store import rows
from services.visits.store import shifts as shift_store
from shared.messaging import Work

PORTION = 500


async def return_leases(work: Work) -> int:
    """Put claimed visits back whose lease has run out."""
    lapsed = await rows.lock_lapsed(work.session, work.clock.machine(), PORTION)
    back = [lifecycle.give_back(visit, work.now()) for visit in lapsed]
    await rows.save_visits(work.session, back)
    tell_ended(work, list(zip(lapsed, back, strict=True)))
    return len(lapsed)


async def bring_back(work: Work, rules: WorkRules) -> int:
    """Open waiting visits whose time has come, and appointed ones a little before it."""
    due = await rows.lock_called_for(work.session, work.now(), rules.callback_lead, PORTION)
    await rows.save_visits(work.session, [lifecycle.bring_back(visit) for visit in due])
    return len(due)


async def hand_over(work: Work, rules: WorkRules) -> int:
    """Give everybody the callbacks that have come due, if whose they were is away, off shift, or has let their time pass."""
    off = await _off_shift(work)
    left = await rows.lock_left_callbacks(work.session, work.now() - rules.callback_expiry, off, PORTION)
    await rows.save_visits(work.session, [lifecycle.hand_over(visit) for visit in left])
    return len(left)


async def expire(work: Work, rules: WorkRules) -> int:
    """Fail visits nobody worked on in time."""
    now = work.now()
    late = await rows.lock_expired(work.session, now, rules.grace, PORTION)
    failed = [lifecycle.expire(visit, now) for visit in late]
    await rows.save_visits(work.session, [visit for visit, _ in failed])
    for visit, events in failed:
        publish(work, visit, events)
    tell_ended(work, [(before, after) for before, (after, _) in zip(late, failed, strict=True)])
    return len(late)


async def _off_shift(work: Work) -> list[str]:
    """Who holds visits, or has callbacks of their own that have come due, outside their shift."""
    known = await shift_store.of_those_with_work(work.session)
    return sorted(person for person, frames in known.items() if not shifts.is_on(frames, work.now()))


async def give_back_unbegun(work: Work) -> int:
    """Put back what people hold whose shift is over, unless they have begun with it."""
    off = await _off_shift(work)
    left = (
        [visit for visit in await shift_store.lock_unbegun(work.session, off, PORTION) if not visit.practice_call]
        if off
        else []
    )
    back = [lifecycle.give_back(visit, work.now()) for visit in left]
    await rows.save_visits(work.session, back)
    tell_ended(work, list(zip(left, back, strict=True)))
    return len(back)
