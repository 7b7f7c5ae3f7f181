"""Accepting facts: whatever door they came through, an identity is accepted once and published once."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from services.gateway.domain import facts as rules
from services.gateway.domain.envelope import read_envelope
from services.gateway.domain.facts import (
    read_candidate,
)
from services.gateway.domain.problems import FieldError
from services.gateway.procedures.accepting import API, Judged, claim, in_place, judge_read, with_read_people
from services.gateway.store.facts import Identity, Incoming
from shared import texts
from shared.bodies import aside
from shared.contracts.intake import branch_of
from shared.messaging.event import Event
from shared.messaging.work import Work
from shared.privacy import Sealer, mask_text
from shared.scope import WHOLE, Scope


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
    placed = await in_place(work, judged)
    accepted = await aside(size, lambda: _incoming(placed, submitted, sealer))
    fresh, originals = await claim(work, accepted)
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
        judged = judge_read(with_read_people(candidate), received, sealer, submitted.traceparent)
    if isinstance(judged, Judged):
        judged = _foreign_unit(judged.event, submitted.scope) or judged
    if isinstance(judged, list):
        return Receipt(mask_text(_shown(envelope.id)), mask_text(_shown(envelope.source)), "rejected", errors=judged)
    return judged


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
