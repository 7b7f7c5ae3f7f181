"""The two transactions around a provider call: lease before it, record after it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from services.notifications.domain.addresses import refused_as
from services.notifications.domain.answers import Answer
from services.notifications.domain.contacts import Contact
from services.notifications.domain.moment import Facts, Go, Stop, Wait, may_go
from services.notifications.domain.parcel import Batch
from services.notifications.domain.send import (
    Change,
    Patience,
    Send,
    SendId,
    State,
    lease,
    postpone,
    refuse,
    take_answer,
    taken_together,
)
from services.notifications.procedures.ledger import save_changes
from services.notifications.procedures.parcels import SendRules, addresses_of, mobile_number, parcels_of
from services.notifications.store import contacts, doubtful, sends
from services.notifications.store.contacts import Refusal
from shared.leases import SUSPECT
from shared.messaging import Work
from shared.privacy import Sealer
from shared.profile import right_numbers
from shared.zone import local_day, midnight


async def lease_due(work: Work, rules: SendRules, limit: int, idle: bool = True) -> Batch:
    """Decide again on every planned send whose time has come, and lease those that may go out now.

    `idle`: this process sends nothing else; only then what processes may have died of is leased, alone.
    """
    now, machine = work.now(), work.clock.machine()
    found = await sends.lock_due(work.session, now, machine, list(rules.providers), limit)
    due = taken_together(found, idle)
    if not due:
        return Batch(0, machine, (), 0)
    token = await sends.next_token(work.session)
    known = await contacts.load(work.session, (send.customer_id for send in due))
    addressed = [replace(send, recipient=_recipient(send, known.get(send.customer_id), rules)) for send in due]
    changes = await _decide(work, rules, addressed, known, token)
    await save_changes(work, due, changes)
    parcels = await parcels_of(work, rules, [change.send for change in changes if change.send.state is State.LEASED])
    alone = due[0].lost >= SUSPECT
    return Batch(token, machine + rules.patience.lease, tuple(parcels), len(due), alone)


def _recipient(send: Send, contact: Contact | None, rules: SendRules) -> str:
    """Who gets it: the plan's own number or address, else the customer's newest; an SMS goes to the first mobile number that
    is not known to be wrong."""
    if send.audience == "manager":
        return send.recipient or ",".join(rules.managers)
    if send.audience == "supervisor":
        everybody = dict.fromkeys(address for some in rules.supervisors.values() for address in some)
        return send.recipient or ",".join(rules.supervisors.get(send.branch) or rules.managers or everybody)
    if send.channel == "email":
        return send.recipient or (contact.email if contact else "")
    known, wrong = ((contact.phone, *contact.phones), contact.wrong_phones) if contact else ((), ())
    numbers = right_numbers((send.recipient, *known), wrong)
    return next((number for number in numbers if mobile_number(number, rules.sealer)), next(iter(numbers), ""))


async def _decide(
    work: Work, rules: SendRules, due: Sequence[Send], contacts_known: Mapping[str, Contact], token: int
) -> list[Change]:
    now, machine = work.now(), work.clock.machine()
    facts = await _facts(work, rules, due, contacts_known)
    tried: dict[str, int] = {}
    changes = []
    for send, known in zip(due, facts, strict=True):
        here = replace(known, sent_today=known.sent_today + tried.get(send.recipient, 0))
        match may_go(send, here, rules.limits, now):
            case Go():
                tried[send.recipient] = tried.get(send.recipient, 0) + 1
                change = Change(lease(send, token, rules.providers[send.channel], now, machine, rules.patience))
            case Wait(until):
                change = Change(postpone(send, until))
            case Stop(reason):
                change = refuse(send, reason, now)
        changes.append(change)
    return changes


async def _facts(work: Work, rules: SendRules, due: Sequence[Send], known: Mapping[str, Contact]) -> list[Facts]:
    ids = sorted({send.customer_id for send in due})
    recipients = sorted({send.recipient for send in due if send.recipient})
    refused = {send.recipient: _refused_as(send, rules.sealer) for send in due}
    refusals = await contacts.refusals(work.session, rules.sealer, ids, sorted(filter(None, refused.values())))
    consented = await contacts.consented(work.session, ids)
    numbers, customers = await doubtful.undecided(work.session, recipients, ids)
    tries = await sends.tries_since(work.session, recipients, midnight(local_day(work.now())))
    return [
        Facts(
            reachable=bool(addresses_of(send, rules.sealer)),
            refusals=_scopes(send, refused[send.recipient], refusals),
            do_not_contact=bool((contact := known.get(send.customer_id)) and contact.do_not_contact),
            consented=send.customer_id in consented,
            sent_today=tries.get(send.recipient, 0),
            undecided=send.recipient in numbers or send.customer_id in customers,
        )
        for send in due
    ]


def _refused_as(send: Send, sealer: Sealer) -> str:
    return refused_as(send.recipient, sealer) if send.channel == "email" else send.recipient


def _scopes(send: Send, recipient: str, refusals: Sequence[Refusal]) -> frozenset[str]:
    return frozenset(
        refusal.scope
        for refusal in refusals
        if refusal.channel == send.channel
        and (refusal.recipient == recipient or (refusal.customer_id == send.customer_id != ""))
    )


async def record_answers(work: Work, token: int, answers: Mapping[SendId, Answer], patience: Patience) -> None:
    """Record what providers answered to the tries of one lease."""
    now, machine = work.now(), work.clock.machine()
    before = await sends.lock(work.session, answers)
    changes = [take_answer(send, token, answers[send.id], now, machine, patience) for send in before.values()]
    await save_changes(work, before.values(), changes)


def ends_before(batch: Batch, machine: datetime) -> bool:
    """Whether the batch's lease is over: no call may be begun on it any more."""
    return machine >= batch.leased_until
