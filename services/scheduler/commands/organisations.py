"""Packs' organisations are told to all services: when one changes, and again every day for who came later."""

from datetime import timedelta

from services.scheduler.domain.organisation import Organisation
from services.scheduler.store import organisations
from shared.contracts.organisation import OrganisationPublished, TeamEntry, UnitEntry
from shared.messaging import Work

PUBLISHED_AGAIN_AFTER = timedelta(days=1)


async def note_organisation(work: Work, pack: str, organisation: Organisation) -> None:
    """What this pack says from now on; whoever publishes packs holds the lock of the book."""
    units = tuple(
        UnitEntry(code=u.code, title=u.title, tier=u.tier, parent=u.parent) for u in organisation.units.values()
    )
    teams = tuple(TeamEntry(code=t.code, title=t.title, unit=t.unit, role=t.role) for t in organisation.teams.values())
    told = OrganisationPublished(pack=pack, version=1, units=units, teams=teams)
    await organisations.save_organisation(work.session, told)


async def tell_organisations(work: Work) -> int:
    """Publish those not told of for a day; returns how many. `told_at` is machine time."""
    now = work.clock.machine()
    due = await organisations.claim_unpublished(work.session, now, now - PUBLISHED_AGAIN_AFTER)
    for told in due:
        work.publish(told, key=told.pack)
    return len(due)
