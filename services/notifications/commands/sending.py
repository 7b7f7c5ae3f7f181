"""The two transactions around a provider call: lease before it, record after it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from services.notifications.commands.ledger import save_changes
from services.notifications.domain.answers import Answer
from services.notifications.domain.contacts import Contact
from services.notifications.domain.moment import Facts, Go, Limits, Stop, Wait, may_go
from services.notifications.domain.parcel import Batch, Parcel
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
from services.notifications.domain.windows import day_of, start_of
from services.notifications.store import catalogue, contacts, doubtful, sends
from services.notifications.store.contacts import Refusal
from shared.leases import SUSPECT
from shared.messaging import Work
from shared.privacy import PREFIX, Sealer, is_mobile
from shared.privacy.codes import hide_codes, show_codes


@dataclass(frozen=True)
class SendRules:
    """What sending needs to know beside the database: `providers` names the one in use per channel, `supervisors` the
    addresses of each branch's; where a branch has none the managers are told, and where there are no managers either, the
    supervisors of all branches."""

    providers: Mapping[str, str]
    managers: tuple[str, ...]
    supervisors: Mapping[str, tuple[str, ...]]
    limits: Limits
    patience: Patience
    sealer: Sealer


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
    """Who gets it: the plan's own number or address, else the customer's newest; an SMS goes to the first mobile number."""
    if send.audience == "manager":
        return send.recipient or ",".join(rules.managers)
    if send.audience == "supervisor":
        everybody = dict.fromkeys(address for some in rules.supervisors.values() for address in some)
        return send.recipient or ",".join(rules.supervisors.get(send.branch) or rules.managers or everybody)
    if send.channel == "email":
        return send.recipient or (contact.email if contact else "")
    known = (contact.phone, *contact.phones) if contact else ()
    numbers = [number for number in (send.recipient, *known) if number]
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
    refusals = await contacts.refusals(work.session, ids, recipients)
    consented = await contacts.consented(work.session, ids)
    numbers, customers = await doubtful.undecided(work.session, recipients, ids)
    tries = await sends.tries_since(work.session, recipients, start_of(day_of(work.now())))
    return [
        Facts(
            reachable=bool(addresses_of(send, rules.sealer)),
            refusals=_scopes(send, refusals),
            do_not_contact=bool((contact := known.get(send.customer_id)) and contact.do_not_contact),
            consented=send.customer_id in consented,
            sent_today=tries.get(send.recipient, 0),
            undecided=send.recipient in numbers or send.customer_id in customers,
        )
        for send in due
    ]


def _scopes(send: Send, refusals: Sequence[Refusal]) -> frozenset[str]:
    return frozenset(
        refusal.scope
        for refusal in refusals
        if refusal.channel == send.channel
        and (refusal.recipient == send.recipient or (refusal.customer_id == send.customer_id != ""))
    )


def addresses_of(send: Send, sealer: Sealer) -> tuple[str, ...]:
    """The plain addresses to send to; none when it is no mobile number or no e-mail address."""
    if send.channel == "email":
        # managers and supervisors are named by a list of ours; a customer's address is one, whatever its sender wrote
        listed = [send.recipient] if send.audience == "customer" else send.recipient.split(",")
        addresses = (_opened(address, sealer) for address in listed)
        return tuple(address for address in addresses if "@" in address)
    number = mobile_number(send.recipient, sealer)
    return (number,) if number else ()


def mobile_number(token: str, sealer: Sealer) -> str:
    """The number of a sealed token when it can take an SMS, else ""."""
    number = _opened(token, sealer) if token.startswith(PREFIX) else ""
    return number if is_mobile(number) else ""


def _opened(recipient: str, sealer: Sealer) -> str:
    """A recipient in clear; "" for a token of another deployment. An address that holds a number is a token too."""
    try:
        return sealer.unseal(recipient) if recipient.startswith(PREFIX) else recipient
    except ValueError:
        return ""


async def parcels_of(work: Work, rules: SendRules, tried: Sequence[Send]) -> list[Parcel]:
    """What the provider is handed, or asked about: here alone a customer's code stands in clear."""
    templates = await catalogue.template_versions(work.session, ((s.template, s.template_version) for s in tried))
    return [
        Parcel(
            send_id=send.id,
            channel=send.channel,
            addresses=addresses_of(send, rules.sealer),
            sign=(template := templates[send.template, send.template_version]).sign,
            codes=template.codes,
            params={name: _readable(send, value, rules.sealer) for name, value in send.params.items()},
            subject=send.subject,
            text=_readable(send, send.text, rules.sealer),
            submitted_at=send.submitted_at or send.planned_at,
        )
        for send in tried
    ]


def _readable(send: Send, text: str, sealer: Sealer) -> str:
    """With the codes in it, where it is the customer who reads it."""
    return show_codes(sealer, text) if send.audience == "customer" else hide_codes(sealer, text)


async def record_answers(work: Work, token: int, answers: Mapping[SendId, Answer], patience: Patience) -> None:
    """Record what providers answered to the tries of one lease."""
    now, machine = work.now(), work.clock.machine()
    before = await sends.lock(work.session, answers)
    changes = [take_answer(send, token, answers[send.id], now, machine, patience) for send in before.values()]
    await save_changes(work, before.values(), changes)


def ends_before(batch: Batch, machine: datetime) -> bool:
    """Whether the batch's lease is over: no call may be begun on it any more."""
    return machine >= batch.leased_until
