"""Agents say whether they are there."""

from dataclasses import replace

from services.visits.domain.presence import Presence, Present
from services.visits.domain.work_rules import WorkRules
from services.visits.store import presence
from shared.auth import Principal
from shared.messaging import Work


async def get_presence(work: Work, principal: Principal, rules: WorkRules) -> tuple[Presence, int]:
    """What the caller has said, with how many visits they hold; who never said anything is there."""
    said, held, shift = await presence.get(work.session, principal.id)
    return said or replace(_said(work, principal, Present.READY, rules.most_held), shift=shift), held


async def set_presence(
    work: Work, principal: Principal, state: Present, capacity: int | None, rules: WorkRules
) -> tuple[Presence, int]:
    """Keep what the caller says, without a capacity the one they had; returns it with how many visits they hold."""
    before, held = await get_presence(work, principal, rules)
    now = _said(work, principal, state, capacity or before.capacity)
    return replace(now, since=await presence.save(work.session, now), shift=before.shift), held


def _said(work: Work, principal: Principal, state: Present, capacity: int) -> Presence:
    return Presence(
        agent=principal.id,
        name=principal.name,
        state=state,
        since=work.now(),
        capacity=capacity,
        units=principal.units,
        teams=principal.teams,
    )
