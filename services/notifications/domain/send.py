"""The life cycle of one send.

    planned ─▶ leased ─▶ accepted ─▶ delivered | failed
       ▲          │  └▶ unknown ─▶ accepted | delivered | failed      suppressed: decided not to send
       └──────────┴──────── ┘ only when the provider definitely never took it

Sending is not idempotent, so an unknown outcome is settled by a receipt or by asking the provider, never by sending again.
Every lease has a fencing token; an answer counts only for the lease it belongs to. Leases whose process died are counted:
what the provider never took although MOST_ATTEMPTS processes were to hand it over is set aside as failed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import takewhile
from typing import Literal, NewType
from uuid import UUID

from services.notifications.domain.answers import (
    Absent,
    Accepted,
    Answer,
    CannotTell,
    Finding,
    Found,
    NotTried,
    Receipt,
    Refused,
    Unclear,
)
from shared.contracts import EventData
from shared.contracts.notifications import (
    NotificationDelivered,
    NotificationFailed,
    NotificationSent,
    NotificationSuppressed,
)
from shared.leases import MOST_ATTEMPTS, SUSPECT

SendId = NewType("SendId", UUID)
Channel = Literal["sms", "email"]
Category = Literal["verify", "notice", "promotion"]
Audience = Literal["customer", "manager", "supervisor"]
UNCONFIRMED = "unconfirmed"
SET_ASIDE = "set_aside"


class State(StrEnum):
    PLANNED = "planned"
    LEASED = "leased"
    ACCEPTED = "accepted"
    UNKNOWN = "unknown"
    DELIVERED = "delivered"
    FAILED = "failed"
    SUPPRESSED = "suppressed"


FINAL = frozenset({State.DELIVERED, State.FAILED, State.SUPPRESSED})


@dataclass(frozen=True)
class Send:
    """One message to one recipient. `key` is unique in the ledger: purpose, recipient and cause.

    `recipient` is a sealed phone token or an e-mail address, "" for the customer's newest number. `not_before`,
    `expires_at` and the `*_at` below are business time; `retry_at`, `leased_until`, `checked_from` (since when the outcome is
    unknown) and `check_at` (when to ask the provider) machine time. `lost`: how many leases in a row, the present one
    included, nobody has recorded an answer to.
    """

    id: SendId
    key: str
    channel: Channel
    category: Category
    purpose: str
    template: str
    template_version: int
    audience: Audience
    customer_id: str
    recipient: str
    params: Mapping[str, str]
    subject: str
    text: str
    cause_id: str
    lineage: str
    branch: str
    kind: str
    priority: int
    needs_consent: bool
    planned_at: datetime
    not_before: datetime
    expires_at: datetime
    state: State = State.PLANNED
    reason: str = ""
    provider: str = ""
    provider_ref: str = ""
    token: int = 0
    attempts: int = 0
    lost: int = 0
    retry_at: datetime | None = None
    leased_until: datetime | None = None
    checked_from: datetime | None = None
    check_at: datetime | None = None
    submitted_at: datetime | None = None
    accepted_at: datetime | None = None
    finished_at: datetime | None = None
    resend_of: UUID | None = None


@dataclass(frozen=True)
class Patience:
    """How long, in machine time, before: a lease is lost, an unknown is asked about, an absence is believed, a receipt
    is missed."""

    lease: timedelta = timedelta(seconds=120)
    ask: timedelta = timedelta(seconds=5)
    absence: timedelta = timedelta(seconds=30)
    receipt: timedelta = timedelta(minutes=5)


@dataclass(frozen=True)
class Change:
    """A send after something happened, and the events to publish."""

    send: Send
    events: tuple[EventData, ...] = field(default=())


def taken_together(due: Sequence[Send], idle: bool) -> Sequence[Send]:
    """What is leased at once of what is due: all before the first that processes may have died of. That one goes alone, and
    only while nothing else is under way (`idle`).
    """
    return list(takewhile(lambda send: send.lost < SUSPECT, due)) or (due[:1] if idle else [])


def lease(send: Send, token: int, provider: str, now: datetime, machine: datetime, patience: Patience) -> Send:
    """Take a planned send for one try; commit this before the provider is called."""
    return replace(
        send,
        state=State.LEASED,
        reason="",
        token=token,
        provider=provider,
        attempts=send.attempts + 1,
        lost=send.lost + 1,
        submitted_at=now,
        leased_until=machine + patience.lease,
        checked_from=None,
        check_at=None,
    )


def suppress(send: Send, reason: str, now: datetime) -> Send:
    return replace(send, state=State.SUPPRESSED, reason=reason, finished_at=now)


def refuse(send: Send, reason: str, now: datetime) -> Change:
    """It may not go to the customer, which is told to who waits for an answer; of promotion nobody is told."""
    after = suppress(send, reason, now)
    if send.audience != "customer" or send.category == "promotion":
        return Change(after)
    return Change(after, (NotificationSuppressed(**_base(after), reason=reason, suppressed_at=now),))


def call_off(send: Send, reason: str, now: datetime) -> Send:
    """What it is about doesn't stand any more; its place in the ledger is free for a message about what stands."""
    return replace(suppress(send, reason, now), key=f"{reason}|{send.id}")


def erased(send: Send, now: datetime) -> Change:
    """Its customer was erased: what it said and to whom is gone, that it was sent stays. What has not left never leaves."""
    recipient = "" if send.audience == "customer" else send.recipient
    bare = replace(send, key=f"erased|{send.id}", recipient=recipient, params={}, subject="", text="")
    return refuse(bare, "do_not_contact", now) if send.state is State.PLANNED else Change(bare)


def postpone(send: Send, until: datetime) -> Send:
    return replace(send, not_before=until)


def lose_lease(send: Send, machine: datetime) -> Send:
    """The one who leased it is gone: whether the provider was called is not known."""
    if send.state is not State.LEASED:
        return send
    return replace(send, state=State.UNKNOWN, reason="lease_lost", checked_from=machine, check_at=machine)


def take_answer(send: Send, token: int, answer: Answer, now: datetime, machine: datetime, patience: Patience) -> Change:
    """The provider's answer to the try with `token`. Ignored when a receipt was faster or another try has begun."""
    if send.token != token or send.state not in (State.LEASED, State.UNKNOWN):
        return Change(send)
    if isinstance(answer, NotTried):
        untouched = replace(send, attempts=send.attempts - 1, lost=send.lost - 1)
        return Change(replace(_again(untouched, "", machine), retry_at=None))
    send = replace(send, lost=0)
    match answer:
        case Accepted(ref):
            return _accepted(replace(send, provider_ref=ref), now, machine + patience.receipt)
        case Refused(reason, temporary=True):
            return Change(_again(send, reason, machine))
        case Refused(reason):
            return _failed(send, reason, now)
        case Unclear(reason):
            asked = machine + patience.ask
            return Change(replace(send, state=State.UNKNOWN, reason=reason, checked_from=machine, check_at=asked))


def take_receipt(send: Send, receipt: Receipt, now: datetime) -> Change:
    """A receipt proves that the provider took it, whatever we thought; a final state stays as it is."""
    if send.state in FINAL:
        return Change(send)
    found = Found("delivered" if receipt.success else "failed", receipt.ref, receipt.code)
    return _settled(send, found, now)


def take_finding(
    send: Send, token: int, finding: Finding, asked_at: datetime, now: datetime, machine: datetime, patience: Patience
) -> Change:
    """What the provider said when asked, at machine time `asked_at`, about the try with `token`.

    Only this may send an unknown one again.
    """
    if send.token != token or send.state not in (State.UNKNOWN, State.ACCEPTED):
        return Change(send)
    match finding:
        case Found("waiting", ref):
            taken = replace(send, provider_ref=ref or send.provider_ref)
            later = machine + patience.receipt
            return (
                _accepted(taken, now, later) if send.state is State.UNKNOWN else Change(replace(taken, check_at=later))
            )
        case Found():
            return _settled(send, finding, now)
        case Absent() if send.state is State.UNKNOWN and absence_is_proof(send, asked_at, patience):
            if send.lost >= MOST_ATTEMPTS:
                return _failed(send, SET_ASIDE, now)
            return Change(replace(_again(send, "never_accepted", machine), retry_at=None))
        case CannotTell(ever=False) if send.state is State.UNKNOWN:
            return _failed(send, UNCONFIRMED, now)
        case CannotTell(ever=False):
            return Change(replace(send, check_at=None))
        case _:
            pause = patience.ask if send.state is State.UNKNOWN else patience.receipt
            return Change(replace(send, check_at=machine + pause))


def absence_is_proof(send: Send, asked_at: datetime, patience: Patience) -> bool:
    """A message the provider doesn't know may still be on its way to it, until this long after the try was given up."""
    return send.checked_from is not None and asked_at - send.checked_from >= patience.absence


def back_off(attempts: int) -> timedelta:
    """Machine time before try number `attempts` + 1: 1 s doubling to a minute."""
    return timedelta(seconds=min(60, 2 ** max(0, attempts - 1)))


def _again(send: Send, reason: str, machine: datetime) -> Send:
    return replace(
        send,
        state=State.PLANNED,
        reason=reason,
        retry_at=machine + back_off(send.attempts),
        leased_until=None,
        check_at=None,
        submitted_at=None,
    )


def _accepted(send: Send, now: datetime, check_at: datetime | None) -> Change:
    after = replace(send, state=State.ACCEPTED, reason="", accepted_at=now, leased_until=None, check_at=check_at)
    return Change(after, (NotificationSent(**_base(after), sent_at=now),))


def _settled(send: Send, found: Found, now: datetime) -> Change:
    """Delivered or failed at the receiver; says first that it was sent, when that was not known."""
    taken = replace(send, provider_ref=found.ref or send.provider_ref)
    sent = Change(taken) if send.state is State.ACCEPTED else _accepted(taken, now, None)
    if found.status == "failed":
        end = _failed(sent.send, found.code or "not_delivered", now)
    else:
        after = replace(sent.send, state=State.DELIVERED, reason="", finished_at=now, check_at=None)
        end = Change(after, (NotificationDelivered(**_base(after), delivered_at=now),))
    return Change(end.send, sent.events + end.events)


def _failed(send: Send, reason: str, now: datetime) -> Change:
    after = replace(send, state=State.FAILED, reason=reason, finished_at=now, leased_until=None, check_at=None)
    return Change(after, (NotificationFailed(**_base(after), reason=reason, failed_at=now),))


def _base(send: Send) -> dict[str, str]:
    return {
        "send_id": str(send.id),
        "channel": send.channel,
        "purpose": send.purpose,
        "template": send.template,
        "provider": send.provider,
        "customer_id": send.customer_id,
        "branch": send.branch,
        "kind": send.kind,
        "cause_id": send.cause_id,
    }
