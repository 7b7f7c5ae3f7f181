"""Accepting facts: whatever door they came through, an identity is accepted once and published once."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple, TypeVar

import msgspec

from services.gateway.domain import facts as rules
from services.gateway.domain.customers import with_read_customer
from services.gateway.domain.documents import (
    OLDER,
    SAME,
    WITHDRAWN,
    Document,
    Known,
    News,
    Read,
    Reading,
    Refused,
    again,
    following,
    news,
    number_faults,
)
from services.gateway.domain.envelope import read_envelope
from services.gateway.domain.facts import (
    FOREIGN,
    Accepted,
    Candidate,
    judge,
    of_fact,
    read_candidate,
    with_read_numbers,
    withdrawal,
)
from services.gateway.domain.order_lines import with_first_lines
from services.gateway.domain.problems import FieldError
from services.gateway.store import documents, facts
from services.gateway.store.facts import Identity, Incoming
from shared import texts
from shared.aside import aside
from shared.contracts.base import INTAKE
from shared.contracts.intake import branch_of
from shared.messaging.event import Event
from shared.messaging.outbox import Outgoing
from shared.messaging.work import Work
from shared.observability.catalogue import counter
from shared.privacy import ForeignToken, Sealer, mask_text
from shared.scope import WHOLE, Scope

T = TypeVar("T")
API = "api"
EVENTS = counter(
    "huifang_gateway_events_total", "Received events by outcome", "接入事件数",
    labels={"source_kind": 16, "outcome": 16},
)  # fmt: skip


def count(source_kind: str, outcome: str, number: int = 1) -> None:
    """Count events after their transaction: accepted, new, duplicate, rejected, ignored, forged …"""
    EVENTS.labels(source_kind, outcome).inc(number)


class Receipt(msgspec.Struct, frozen=True):
    """The answer to one submitted event; `lineage` follows its fact through every later event. `notes`: what in it could
    not be read and refuses nothing.
    """

    id: str
    source: str
    status: str
    event_id: str = ""
    lineage: str = ""
    errors: list[FieldError] = []
    notes: Sequence[FieldError] = ()


class Judged(msgspec.Struct, frozen=True):
    """An event to accept, with what is noted of it."""

    event: Event
    notes: Sequence[FieldError] = ()


class Submitted(NamedTuple):
    """A structured CloudEvent, with its request's traceparent and the scope of who sent it."""

    body: bytes
    traceparent: str = ""
    scope: Scope = WHOLE


async def submit(work: Work, sealer: Sealer, submitted: Sequence[Submitted]) -> list[Receipt]:
    """Accept events, each on its own; receipts in their order."""
    received = work.now()
    size = sum(len(one.body) for one in submitted)
    judged = await aside(size, lambda: [_judge(one, received, sealer) for one in submitted])
    placed = await _in_place(work, judged)
    accepted = await aside(size, lambda: _incoming(placed, submitted, sealer))
    fresh, originals = await _claim(work, accepted)
    return [_receipt(item, fresh, originals) if isinstance(item, Judged) else item for item in placed]


def _incoming(judged: Sequence[Judged | Receipt], submitted: Sequence[Submitted], sealer: Sealer) -> list[Incoming]:
    pairs = zip(judged, submitted, strict=True)
    return [Incoming(item.event, API, sealer.seal_bytes(one.body)) for item, one in pairs if isinstance(item, Judged)]


def _judge(submitted: Submitted, received: datetime, sealer: Sealer) -> Judged | Receipt:
    envelope = read_envelope(submitted.body)
    if isinstance(envelope, list):
        return Receipt("", "", "rejected", errors=envelope)
    candidate = read_candidate(envelope)
    judged: Judged | list[FieldError]
    if isinstance(candidate, list):
        judged = candidate
    else:
        judged = _judge_read(_with_read_people(candidate), received, sealer, submitted.traceparent)
    if isinstance(judged, Judged):
        judged = _foreign_unit(judged.event, submitted.scope) or judged
    if isinstance(judged, list):
        return Receipt(mask_text(_shown(envelope.id)), mask_text(_shown(envelope.source)), "rejected", errors=judged)
    return judged


def _judge_read(
    candidate: Candidate, received: datetime, sealer: Sealer, traceparent: str = ""
) -> Judged | list[FieldError]:
    """The fact that a candidate is whose people have been read, or why it is none."""
    judged = judge(candidate, received, sealer, traceparent)
    return judged if isinstance(judged, list) else Judged(judged, candidate.notes)


def _with_read_people(candidate: Candidate) -> Candidate:
    return with_read_customer(with_read_numbers(candidate))


def _foreign_unit(event: Event, scope: Scope) -> list[FieldError]:
    """Why a sender limited to units may not tell this fact; a withdrawal may be of any unit's fact."""
    if scope.whole:
        return []
    if event.type == rules.WITHDRAWN:
        return [FieldError("type", "限于部分单位的密钥不能撤回事实")]
    if not scope.sees(branch_of(event.data)):
        return [FieldError("data.org.code", f"应为您权限内的单位：{'、'.join(scope.units)}")]
    return []


def _shown(value: object) -> str:
    return texts.printable(value[:256]) if isinstance(value, str) else ""


def _receipt(judged: Judged, fresh: set[Identity], originals: dict[Identity, str]) -> Receipt:
    event = judged.event
    identity = (event.id, event.source)
    if identity in fresh:
        fresh.discard(identity)  # the same identity again in this batch is a duplicate of the first
        return Receipt(event.id, event.source, "accepted", event.id, event.lineage, notes=judged.notes)
    return Receipt(event.id, event.source, "duplicate", event.id, originals[identity])


async def _in_place(work: Work, items: Sequence[T | Judged]) -> list[T | Judged]:
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


async def _claim(work: Work, incoming: Sequence[Incoming]) -> tuple[set[Identity], dict[Identity, str]]:
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


@dataclass(frozen=True, slots=True)
class Understood:
    """A message or row as its canonicaliser read it; `digest` identifies it where its sender gives nothing that does."""

    outcome: Read
    received_at: datetime
    document_source: str = ""
    digest: str = ""
    rephrase: Callable[[list[FieldError]], list[FieldError]] = lambda errors: errors


@dataclass(frozen=True, slots=True)
class Absorbed:
    """What a message or row came to: new, duplicate, rejected or ignored; `notes` are what it could not be read of."""

    result: str
    reason: str = ""
    errors: list[FieldError] = field(default_factory=list)
    event_id: str = ""
    number: str = ""
    notes: Sequence[FieldError] = ()


async def absorb(work: Work, sealer: Sealer, items: Sequence[Understood]) -> list[Absorbed]:
    """Take in what canonicalisers read: only a document's newest state counts, each of its facts once."""
    read = await asyncio.to_thread(lambda: [_protected(item, sealer) for item in items])
    keys = {key for item in read if (key := _document_key(item)) is not None}
    batch = _Documents(await documents.lock_documents(work.session, sorted(keys)))
    decided = await _in_place(work, await asyncio.to_thread(lambda: [_decide(item, sealer, batch) for item in read]))
    incoming = [Incoming(item.event) for item in decided if isinstance(item, Judged)]
    fresh, _ = await _claim(work, incoming)
    await documents.save_documents(work.session, batch.newest)
    results = [_absorbed(item, fresh) if isinstance(item, Judged) else item for item in decided]
    return [_with_notes(result, item.outcome) for result, item in zip(results, read, strict=True)]


def _protected(item: Understood, sealer: Sealer) -> Understood:
    """With what is kept of the document free of people's numbers."""
    if isinstance(item.outcome, Refused) or item.outcome.document is None:
        return item
    document = item.outcome.document
    try:
        document = replace(document, number=sealer.protect(document.number), status=mask_text(document.status))
    except ForeignToken:
        return replace(item, outcome=Refused([FieldError("body", FOREIGN)]))
    if faults := number_faults(document):
        return replace(item, outcome=Refused(faults))
    return replace(
        item, outcome=replace(item.outcome, document=document, source=sealer.protect_path(item.outcome.source))
    )


def _with_notes(result: Absorbed, outcome: Read) -> Absorbed:
    notes = outcome.notes if isinstance(outcome, Reading) else ()
    return replace(result, notes=(*notes, *result.notes)) if notes else result


def _document_key(item: Understood) -> tuple[str, str] | None:
    if isinstance(item.outcome, Refused) or item.outcome.document is None:
        return None
    return (item.document_source, item.outcome.document.number)


class _Documents:
    """The documents of a batch: what is known of each, and what is to be written."""

    def __init__(self, known: dict[tuple[str, str], Known]) -> None:
        self.known = known
        self.newest: dict[tuple[str, str], tuple[str, Known]] = {}

    def note(self, key: tuple[str, str], document: Document, event_id: str) -> None:
        after = following(self.known[key], document, event_id)
        self.known[key], self.newest[key] = after, (document.status, after)


def _decide(item: Understood, sealer: Sealer, batch: _Documents) -> Judged | Absorbed:
    outcome = item.outcome
    if isinstance(outcome, Refused):
        return Absorbed("rejected", errors=item.rephrase(outcome.errors))
    document, key = outcome.document, _document_key(item)
    number = document.number if document else ""
    known = batch.known.get(key) if key is not None else None
    if document is not None and known is not None:
        match news(known, document):
            case News.OLDER:
                return Absorbed("ignored", OLDER, number=number)
            case News.SAME:
                return Absorbed(
                    "duplicate", SAME, event_id=known.event_id or mask_text(_event_id(outcome, item)), number=number
                )
    judged = _judge_candidate(outcome, item, sealer, known)
    if isinstance(judged, list):
        return Absorbed("rejected", errors=item.rephrase(judged), number=number)
    if document is not None and key is not None:
        batch.note(key, document, judged.event.id if judged else "")
    if judged is None:
        return Absorbed("ignored", outcome.ignored, number=number)
    return Judged(judged.event, item.rephrase(list(judged.notes)))


def _judge_candidate(
    reading: Reading, item: Understood, sealer: Sealer, known: Known | None
) -> Judged | list[FieldError] | None:
    """The fact a reading amounts to, or the withdrawal of the one its document amounted to before; None for neither."""
    if (document := reading.document) is not None and known is not None and document.undone and known.event_id:
        errors = rules.time_faults(document.modified_at, item.received_at)
        told = withdrawal(reading.source, known.event_id, document.undone, document.modified_at)
        return errors or Judged(told)
    if reading.candidate is None:
        return None
    candidate = reading.candidate
    candidate = msgspec.structs.replace(candidate, id=again(candidate.id, known) or item.digest)
    return _judge_read(with_first_lines(_with_read_people(candidate)), item.received_at, sealer)


def _event_id(reading: Reading, item: Understood) -> str:
    return (reading.candidate.id or item.digest) if reading.candidate else ""


def _absorbed(judged: Judged, fresh: set[Identity]) -> Absorbed:
    event = judged.event
    identity = (event.id, event.source)
    if identity in fresh:
        fresh.discard(identity)
        reason = WITHDRAWN[event.data["reason"]] if event.type == rules.WITHDRAWN else ""
        return Absorbed("new", reason, event_id=event.id, number=event.subject, notes=judged.notes)
    return Absorbed("duplicate", SAME, event_id=event.id, number=event.subject)
