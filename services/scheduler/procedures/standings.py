"""Decisions that let a fact enter a population, with what its draw has said since."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.scheduler.domain.detail import KeptDetail
from services.scheduler.domain.occasion import ARRIVED
from services.scheduler.store import picks
from services.scheduler.store.decisions import StoredDecision
from services.scheduler.store.picks import Asked
from shared.ids import derived_id

NOTHING_SAID: KeptDetail = {}


def _fact_key(decision: StoredDecision) -> UUID:
    """Of the fact in its population; the record of what time brings has a key of its own."""
    if decision.event_type != ARRIVED:
        return decision.event_key
    return derived_id(decision.at, decision.source, decision.event_id)


async def with_standings(session: AsyncSession, decisions: Sequence[StoredDecision]) -> list[StoredDecision]:
    """Decisions as recorded, and of what entered a population also what its draw has said since."""
    asked = {
        (number, place): Asked(
            detail["policy"], detail["version"], date.fromisoformat(str(detail["from"])), _fact_key(one)
        )
        for number, one in enumerate(decisions)
        for place, detail in enumerate(one.details)
        if detail["result"] == "enrolled"
    }
    said = await picks.find_standings(session, list(asked.values()))
    return [
        replace(
            one,
            details=[
                detail | said.get(asked.get((number, place)), NOTHING_SAID) for place, detail in enumerate(one.details)
            ],
        )
        for number, one in enumerate(decisions)
    ]
