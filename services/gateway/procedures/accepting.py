"""Facts are accepted: an identity is claimed once and published once, whatever door it came through."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

import msgspec

from services.gateway.domain import facts as rules
from services.gateway.domain.customers import with_read_customer
from services.gateway.domain.facts import (
    Accepted,
    Candidate,
    judge,
    of_fact,
    with_read_numbers,
)
from services.gateway.domain.problems import FieldError
from services.gateway.store import facts
from services.gateway.store.facts import Identity, Incoming
from shared.contracts.base import INTAKE
from shared.messaging.event import Event
from shared.messaging.outbox import Outgoing
from shared.messaging.work import Work
from shared.observability.catalogue import counter
from shared.privacy import Sealer

T = TypeVar("T")


API = "api"


EVENTS = counter(
    "huifang_gateway_events_total", "Received events by outcome", "接入事件数",
    labels={"source_kind": 16, "outcome": 16},
)  # fmt: skip


def count(source_kind: str, outcome: str, number: int = 1) -> None:
    """Count events after their transaction: accepted, new, duplicate, rejected, ignored, forged …"""
    EVENTS.labels(source_kind, outcome).inc(number)


class Judged(msgspec.Struct, frozen=True):
    """An event to accept, with what is noted of it."""

    event: Event
    notes: Sequence[FieldError] = ()


def judge_read(
    candidate: Candidate, received: datetime, sealer: Sealer, traceparent: str = ""
) -> Judged | list[FieldError]:
    """The fact that a candidate is whose people have been read, or why it is none."""
    judged = judge(candidate, received, sealer, traceparent)
    return judged if isinstance(judged, list) else Judged(judged, candidate.notes)


def with_read_people(candidate: Candidate) -> Candidate:
    return with_read_customer(with_read_numbers(candidate))


async def in_place(work: Work, items: Sequence[T | Judged]) -> list[T | Judged]:
    """Withdrawals take their facts' places: known from earlier, or from before them in this batch."""
    events = [item.event for item in items if isinstance(item, Judged)]
    wanted = {_withdrawn(event) for event in events if event.type == rules.WITHDRAWN}
    if not wanted:
        return list(items)
    known = await facts.find_accepted(work.session, sorted(wanted))
    placed: list[T | Judged] = []
    for item in items:
        if isinstance(item, Judged):
            event = item.event
            if event.type == rules.WITHDRAWN and (fact := known.get(_withdrawn(event))):
                item = Judged(of_fact(event, fact), item.notes)
            elif (event.id, event.source) in wanted:
                known.setdefault(
                    (event.id, event.source), Accepted(event.type, event.subject, event.key, event.lineage)
                )
        placed.append(item)
    return placed


def _withdrawn(event: Event) -> Identity:
    return str(event.data["event_id"]), str(event.data["event_source"])


async def claim(work: Work, incoming: Sequence[Incoming]) -> tuple[set[Identity], dict[Identity, str]]:
    """Claim identities and publish what is new, in order; returns the new ones and everybody's first lineage."""
    first: dict[Identity, Incoming] = {}
    for item in incoming:
        first.setdefault(item.identity, item)
    if not first:
        return set(), {}
    fresh = await facts.claim(work.session, list(first.values()), work.now())
    work.outgoing += [Outgoing(INTAKE, item.event) for identity, item in first.items() if identity in fresh]
    known = await facts.get_originals(work.session, [identity for identity in first if identity not in fresh])
    repeated = {identity: item.event.lineage for identity, item in first.items()}
    return fresh, repeated | known
