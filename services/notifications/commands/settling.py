"""Finding out what became of sends nobody heard of again."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from services.notifications.domain.answers import Finding
from services.notifications.domain.parcel import Parcel
from services.notifications.domain.send import Change, Patience, SendId, lose_lease, take_finding
from services.notifications.procedures.ledger import UNDECIDED, UNKNOWN, UNRECEIPTED, save_changes
from services.notifications.procedures.parcels import SendRules, parcels_of
from services.notifications.store import doubtful, fence, sends
from shared.messaging import Work

RECEIPT_BY = timedelta(hours=1)
ASKED_AGAIN_AFTER = timedelta(seconds=15)  # should the one who asks now die; asking twice does no harm


async def give_up_lost_leases(work: Work, limit: int) -> int:
    """Make unknown what a process leased and then died; returns how many."""
    machine = work.clock.machine()
    lost = await fence.lock_abandoned(work.session, machine, limit)
    await save_changes(work, lost, [Change(lose_lease(send, machine)) for send in lost])
    UNKNOWN.set(await sends.count_unknown(work.session))
    UNRECEIPTED.set(await sends.count_unreceipted(work.session, work.clock.business(machine - RECEIPT_BY)))
    UNDECIDED.set(await doubtful.count_open(work.session))
    return len(lost)


async def take_questions(work: Work, rules: SendRules, limit: int) -> list[tuple[int, Parcel]]:
    """Sends to ask providers about now, with the token of the try in question."""
    machine = work.clock.machine()
    due = await sends.lock_to_check(work.session, machine, limit)
    await sends.save(work.session, [replace(send, check_at=machine + ASKED_AGAIN_AFTER) for send in due])
    return list(zip((send.token for send in due), await parcels_of(work, rules, due), strict=True))


async def record_findings(
    work: Work,
    tokens: Mapping[SendId, int],
    findings: Mapping[SendId, Finding],
    asked_at: datetime,
    patience: Patience,
) -> int:
    """Record what providers found when asked at machine time `asked_at`; returns how many sends changed."""
    now, machine = work.now(), work.clock.machine()
    before = await sends.lock(work.session, findings)
    changes = [
        take_finding(send, tokens[send.id], findings[send.id], asked_at, now, machine, patience)
        for send in before.values()
    ]
    return await save_changes(work, before.values(), changes)
