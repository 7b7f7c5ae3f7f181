"""From a fact, a rule and a template to the planned send."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from services.notifications.domain.contacts import Contact, address_in, view
from services.notifications.domain.errors import CannotRender
from services.notifications.domain.rules import Rule, timing
from services.notifications.domain.send import Category, Send, SendId, State
from services.notifications.domain.templates import Message, MessageTemplate, compose
from shared.contracts.intake import branch_of, number_of
from shared.ids import derived_id
from shared.mail_addresses import one_address
from shared.messaging.event import Event
from shared.zone import local_day

PRIORITIES: Mapping[Category, int] = {"verify": 1, "notice": 4, "promotion": 7}
MANAGER_PRIORITY = 2
OF_NO_CUSTOMER = "policy."
INVITED = "visit.invited"
_KEPT_WHEN_SENT_AGAIN = (
    "channel",
    "category",
    "purpose",
    "template",
    "template_version",
    "audience",
    "customer_id",
    "recipient",
    "params",
    "subject",
    "text",
    "cause_id",
    "lineage",
    "branch",
    "kind",
    "priority",
    "needs_consent",
)


@dataclass(frozen=True)
class Versioned:
    """A template as the catalogue holds it."""

    version: int
    template: MessageTemplate


@dataclass(frozen=True)
class Fact:
    """What leads to a message: an event, or a day of the calendar for one customer.

    `cause` names the matter, so that a second event about it leads to nothing new; where that is a number or an event's
    id, it is unique at its `source` only ("" where it is the platform's own). `phone` (sealed) and `email` come from the
    fact itself where it has them.
    """

    name: str
    at: datetime
    cause: str
    lineage: str
    data: Mapping[str, Any] = field(default_factory=dict)
    customer_id: str = ""
    phone: str = ""
    email: str = ""
    source: str = ""

    @property
    def branch(self) -> str:
        return branch_of(self.data) or str(self.data.get("branch") or "")


def fact_of(event: Event) -> Fact:
    """The fact in an event. Two events about the same source's document, about a task or a case round have the same cause."""
    data = event.data
    customer = _customer(data)
    own = _own_cause(event.name, data)
    return Fact(
        name=event.name,
        at=event.time,
        cause=own or number_of(data) or event.id,
        source="" if own else event.source,
        lineage=event.lineage or event.id,
        data=data,
        customer_id=str(customer.get("id") or ("" if event.name.startswith(OF_NO_CUSTOMER) else event.key)),
        phone=address_in(customer.get("phone")),
        email=one_address(address_in(customer.get("email"))),
    )


def _customer(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the data says of its customer; nothing where a sender means something else by that name."""
    customer = data.get("customer")
    return customer if isinstance(customer, Mapping) else {}


def _own_cause(name: str, data: Mapping[str, Any]) -> str:
    """The platform's own invitation, case, visit or task; "" for what others have told.

    A visit's customer may be invited again, with another code: that is another message.
    """
    if name == INVITED:
        return str(data["invitation_id"])
    if data.get("case_id") and name.startswith("complaint."):
        return f"{data['case_id']}/{data.get('round', 1)}"
    return str(data.get("visit_id") or data.get("task_id") or "")


def needs_text(fact: Fact) -> bool:
    """Whether somebody wants a message, so that the ledger says why none is sent where no rule words it.

    One with questions goes out when its customer is invited to answer them.
    """
    if fact.name == INVITED:
        return True
    by_message = fact.data.get("channel") in ("sms", "email") and not fact.data.get("questionnaire")
    return fact.name == "followup.released" and (fact.data.get("purpose") in ("greeting", "notice") or by_message)


CALLED_OFF = {
    "fact.withdrawn": "fact_withdrawn",
    "followup.cancelled": "task_cancelled",
    "followup.postponed": "task_postponed",
    "visit.invitation_ended": "invitation_ended",
}


def called_off_by(name: str, data: Mapping[str, Any]) -> list[str]:
    """Causes (`Fact.cause`) that an event takes away: a withdrawn fact's document or event, a task called off or put off, an
    invitation that nobody can follow any more."""
    if name == "fact.withdrawn":
        return [cause for cause in (str(data.get("number") or ""), str(data["event_id"])) if cause]
    if name == "visit.invitation_ended":
        return [str(data["invitation_id"])]
    return [str(data["task_id"])] if name in CALLED_OFF else []


def outlasting(events: Sequence[Event]) -> list[Event]:
    """Without those whose cause a later one of them takes away."""
    gone: set[tuple[str, str]] = set()
    left = []
    for event in reversed(events):
        fact = fact_of(event)
        if (fact.cause, fact.lineage) not in gone:
            left.append(event)
        gone |= {(cause, fact.lineage) for cause in called_off_by(event.name, event.data)}
    return left[::-1]


def plan(fact: Fact, rule: Rule, held: Versioned | None, contact: Contact | None, now: datetime) -> Send:
    """The send a rule makes of a fact; suppressed at once when no usable template or no text can be had.

    The recipient is the fact's own; where it has none, and for our own people, it is looked up when the message is sent.
    """
    template = held.template if held else None
    message, reason = _message(fact, template, contact)
    not_before, expires_at = timing(rule, fact.at, now)
    channel = template.channel if template else "sms"
    own = fact.phone if channel == "sms" else fact.email
    key = ledger_key(rule.purpose, _addressee(rule, fact), _period(rule, fact))
    category = template.category if template else "notice"
    return Send(
        id=SendId(derived_id(fact.at, "send", key, fact.lineage)),
        key=key,
        channel=channel,
        category=category,
        purpose=rule.purpose,
        template=rule.template,
        template_version=held.version if held else 0,
        audience=rule.audience,
        customer_id=fact.customer_id,
        recipient=own if rule.audience == "customer" else "",
        params=message.params,
        subject=message.subject,
        text=message.text,
        cause_id=fact.cause,
        lineage=fact.lineage,
        branch=fact.branch or (contact.branch if contact else ""),
        kind=str(fact.data.get("kind") or fact.name),
        priority=MANAGER_PRIORITY if rule.audience != "customer" else PRIORITIES[category],
        needs_consent=rule.needs_consent,
        planned_at=now,
        not_before=not_before,
        expires_at=expires_at,
        state=State.SUPPRESSED if reason else State.PLANNED,
        reason=reason,
        finished_at=now if reason else None,
    )


def ledger_key(purpose: str, recipient: str, cause: str) -> str:
    """What may be sent only once."""
    return f"{purpose}|{recipient}|{cause}"


def _addressee(rule: Rule, fact: Fact) -> str:
    match rule.audience:
        case "customer":
            return fact.customer_id
        case "manager":
            return "managers"
        case "supervisor":
            return f"supervisors/{fact.branch}"


def _period(rule: Rule, fact: Fact) -> str:
    if rule.once_per == "day":
        return str(local_day(fact.at))
    return f"{fact.source}#{fact.cause}" if fact.source else fact.cause


def older_key(rule: Rule, fact: Fact) -> str:
    """The key of the message in a ledger that was written before keys named the source; "" where nothing changed."""
    named = fact.source and rule.once_per != "day"
    return ledger_key(rule.purpose, _addressee(rule, fact), fact.cause) if named else ""


def again(failed: Send, now: datetime) -> Send:
    """A new send of what failed, by hand; its key ties it to the failed one, so that there is only one."""
    key = f"resend|{failed.id}"
    return Send(
        id=SendId(derived_id(now, "send", key)),
        key=key,
        planned_at=now,
        not_before=now,
        expires_at=now + timedelta(days=3),
        resend_of=failed.id,
        **{name: getattr(failed, name) for name in _KEPT_WHEN_SENT_AGAIN},
    )


def _message(
    fact: Fact, template: MessageTemplate | None, contact: Contact | None
) -> tuple[Message, Literal["", "no_template", "no_text"]]:
    nothing = Message({}, "", "")
    if template is None:
        return nothing, "no_template"
    try:
        return compose(template, _facts_for_text(fact, contact)), ""
    except CannotRender:
        return nothing, "no_text"


def _facts_for_text(fact: Fact, contact: Contact | None) -> dict[str, Any]:
    customer = _customer(fact.data)
    told = {name: customer[name] for name in ("id", "name", "level") if customer.get(name)}
    known = view(contact) if contact else {"name": "", "level": "", "branch": ""}
    return {
        "event": fact.name,
        "at": fact.at,
        "number": number_of(fact.data) or str(fact.data.get("case_no") or ""),
        "customer": {**known, **told},
        "data": fact.data,
    }
