"""Settle what nobody heard of again: lost leases, unknown outcomes, missing receipts."""

import asyncio

import structlog

from services.notifications.commands.settling import give_up_lost_leases, record_findings, take_questions
from services.notifications.domain.answers import CannotTell, Finding
from services.notifications.domain.parcel import Parcel
from services.notifications.domain.send import SendId
from services.notifications.office import Office, office_of
from shared.runtime import Runtime

log = structlog.get_logger(__name__)
PORTION = 100


async def settle(runtime: Runtime) -> int:
    """One portion; returns how many sends changed, so that an idle provider is not asked in a tight loop."""
    office = office_of(runtime)
    async with runtime.db.work(background=True) as work:
        lost = await give_up_lost_leases(work, PORTION)
    async with runtime.db.work(background=True) as work:
        questions = await take_questions(work, office.rules, PORTION)
    if not questions:
        return lost
    asked_at = runtime.clock.machine()
    findings = await _ask(office, [parcel for _, parcel in questions])
    tokens = {parcel.send_id: token for token, parcel in questions}
    async with runtime.db.work(background=True, notify=True) as work:
        await record_findings(work, tokens, findings, asked_at, office.rules.patience)
    return len(questions)


async def _ask(office: Office, parcels: list[Parcel]) -> dict[SendId, Finding]:
    async with asyncio.TaskGroup() as group:
        asked = {parcel.send_id: group.create_task(_find(office, parcel)) for parcel in parcels}
    return {send_id: task.result() for send_id, task in asked.items()}


async def _find(office: Office, parcel: Parcel) -> Finding:
    provider = office.providers.get(parcel.channel)
    if provider is None or not parcel.addresses:
        return CannotTell()
    async with office.slots:
        try:
            return await provider.find(parcel)
        except Exception:
            log.exception("provider_query_failed", provider=provider.name, send_id=str(parcel.send_id))
            return CannotTell()
