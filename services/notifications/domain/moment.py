"""May this send go out now? Asked again right before every try, whatever was planned."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.notifications.domain.refusals import covers
from services.notifications.domain.send import Category, Send
from services.notifications.domain.windows import Window
from shared.practice import is_practice
from shared.zone import local_day, midnight

LOOKED_AT_AGAIN = timedelta(minutes=15)  # promotion that waits for a decision about a reply


@dataclass(frozen=True)
class Facts:
    """What is true of the recipient now. `reachable`: has an address the channel can use; `sent_today` counts tries;
    `undecided`: they sent a reply that may be a refusal, about which nobody has decided."""

    reachable: bool = True
    refusals: frozenset[str] = frozenset()
    do_not_contact: bool = False
    consented: bool = False
    sent_today: int = 0
    undecided: bool = False


@dataclass(frozen=True)
class Limits:
    """Hours per category (SMS only: an e-mail wakes nobody) and messages a day to one number."""

    windows: Mapping[Category, Window]
    daily_cap: int


@dataclass(frozen=True)
class Go:
    pass


@dataclass(frozen=True)
class Wait:
    until: datetime


@dataclass(frozen=True)
class Stop:
    """Never send it; `reason` is the machine name the ledger keeps."""

    reason: str


Verdict = Go | Wait | Stop


def may_go(send: Send, facts: Facts, limits: Limits, now: datetime) -> Verdict:
    """The verdict on a planned send. A wait beyond its validity is a stop."""
    held = facts.undecided and send.category == "promotion" and send.audience == "customer"
    if now >= send.expires_at:
        return Stop("reply_undecided" if held else "expired")
    if reason := _forbidden(send, facts):
        return Stop(reason)
    if held:
        return Wait(min(now + LOOKED_AT_AGAIN, send.expires_at))
    opens = _next_chance(send, facts, limits, now)
    if opens <= now:
        return Go()
    return Wait(opens) if opens < send.expires_at else Stop("expired")


def _forbidden(send: Send, facts: Facts) -> str:
    if is_practice(send.customer_id):
        return "practice"  # whoever it is for: our own people are told of nothing that has not happened
    if send.audience == "customer":
        if any(covers(scope, send.purpose, send.category) for scope in facts.refusals):
            return "opted_out"
        if facts.do_not_contact:
            return "do_not_contact"
        if send.needs_consent and not facts.consented:
            return "no_consent"
    if not facts.reachable:
        return "no_mobile_number" if send.channel == "sms" else "no_address"
    return ""


def _next_chance(send: Send, facts: Facts, limits: Limits, now: datetime) -> datetime:
    if send.channel != "sms":
        return now
    earliest = midnight(local_day(now) + timedelta(days=1)) if facts.sent_today >= limits.daily_cap else now
    window = limits.windows.get(send.category)
    return window.next_open(earliest) if window else earliest
