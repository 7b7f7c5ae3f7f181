"""What canonicalisers read of messages and rows is taken in."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import msgspec

from services.gateway.domain import facts as rules
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
from services.gateway.domain.facts import (
    FOREIGN,
    withdrawal,
)
from services.gateway.domain.order_lines import with_first_lines
from services.gateway.domain.practice import practice_source, practised
from services.gateway.domain.problems import FieldError
from services.gateway.procedures.accepting import Judged, claim, in_place, judge_read, with_read_people
from services.gateway.store import documents
from services.gateway.store.facts import Identity, Incoming
from shared.messaging.work import Work
from shared.privacy import ForeignToken, Sealer, mask_text


@dataclass(frozen=True, slots=True)
class Understood:
    """A message or row as its canonicaliser read it; `digest` identifies it where its sender gives nothing that does.

    What is sent as `practice` is a document of its own: the same one may come in earnest afterwards.
    """

    outcome: Read
    received_at: datetime
    document_source: str = ""
    digest: str = ""
    practice: bool = False
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
    decided = await in_place(work, await asyncio.to_thread(lambda: [_decide(item, sealer, batch) for item in read]))
    incoming = [Incoming(item.event) for item in decided if isinstance(item, Judged)]
    fresh, _ = await claim(work, incoming)
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
    source = practice_source(item.document_source) if item.practice else item.document_source
    return (source, item.outcome.document.number)


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
        withdrawn = withdrawal(reading.source, known.event_id, document.undone, document.modified_at)
        return errors or Judged(practised(withdrawn) if item.practice else withdrawn)
    if reading.candidate is None:
        return None
    candidate = reading.candidate
    candidate = msgspec.structs.replace(
        candidate, id=again(candidate.id, known) or item.digest, practice=candidate.practice or item.practice
    )
    return judge_read(with_first_lines(with_read_people(candidate)), item.received_at, sealer)


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
