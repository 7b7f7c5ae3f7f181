"""Raw messages: kept at once, understood by a job, replayed by hand."""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

import orjson
import re2

from services.gateway.domain import erpnext, generic, hotline, odoo
from services.gateway.domain.documents import Options, Read, Reading, Refused
from services.gateway.domain.envelope import read_envelope
from services.gateway.domain.facts import read_candidate
from services.gateway.domain.faults import find_faults
from services.gateway.domain.options import options_of
from services.gateway.domain.problems import FieldError, joined
from services.gateway.procedures.absorbing import Absorbed, Understood, absorb
from services.gateway.procedures.accepting import API
from services.gateway.store import messages, sources
from services.gateway.store.messages import Pending, Result
from services.gateway.store.sources import Source
from shared import texts
from shared.auth import Principal
from shared.errors import Conflict, NotFound
from shared.http import audit
from shared.leases import set_aside
from shared.messaging.work import Work
from shared.privacy import Sealer

READERS = {"erpnext": erpnext.read, "odoo": odoo.read, "hotline": hotline.read, "generic": generic.read}
MOST_ATTEMPTS = 5
LEASE = timedelta(seconds=20)
FORM = "application/x-www-form-urlencoded"
MOST_FORM_FIELDS = 1000
_FORM_BEGINS = re2.compile(r"[\w.\[\]%+-]{1,200}=")


async def keep_messages(
    work: Work, sealer: Sealer, source: Source, content_type: str, bodies: Sequence[bytes], practice: bool = False
) -> list[UUID]:
    """Store what arrived, sealed, before anything is read of it; `practice`: its sender says that it is to try."""
    sealed = [sealer.seal_bytes(body) for body in bodies]
    return await messages.add_messages(
        work.session, source.name, source.kind, content_type, sealed, work.now(), work.clock.machine(), practice
    )


async def lease_messages(work: Work, limit: int) -> list[Pending]:
    """What to understand next; commit this first. What workers may have died of goes alone, and is set aside in the end."""
    now = work.clock.machine()
    await messages.set_aside(work.session, MOST_ATTEMPTS, set_aside(MOST_ATTEMPTS), now)
    alone = await messages.lease_pending(work.session, now, now + LEASE, 1, suspects=True)
    return alone or await messages.lease_pending(work.session, now, now + LEASE, limit)


async def canonicalise(work: Work, sealer: Sealer, pending: Sequence[Pending]) -> list[Absorbed]:
    """Understand claimed messages, accept the facts in them and write down what each came to."""
    known = {source.name: source for source in await sources.list_sources(work.session)}
    understood = await asyncio.to_thread(lambda: [_understand(one, known.get(one.source), sealer) for one in pending])
    absorbed = await absorb(work, sealer, understood)
    await messages.settle(
        work.session, [_result(message.id, item) for message, item in zip(pending, absorbed, strict=True)]
    )
    return absorbed


def _result(message_id: UUID, item: Absorbed) -> Result:
    reason = item.reason or joined(item.errors) or joined(item.notes)
    return Result(message_id, item.result, reason[:2000], item.event_id, item.number[:256])


def _understand(message: Pending, source: Source | None, sealer: Sealer) -> Understood:
    body = sealer.unseal_bytes(message.body)
    if message.kind in (API, "cloudevents"):
        read = _read_event(body, message.content_type)
        return Understood(read, message.received_at, practice=message.practice)
    if source is None:
        return Understood(Refused([FieldError("source", "来源已不存在")]), message.received_at)
    options = options_of(source.name, source.kind, source.zone, source.options)
    fields = parse_body(body, message.content_type)
    if isinstance(fields, list):
        return Understood(Refused(fields), message.received_at)
    return Understood(
        outcome=_read(message.kind, fields, options),
        received_at=message.received_at,
        document_source=source.name,
        practice=message.practice,
        digest=hashlib.sha256(orjson.dumps(fields, option=orjson.OPT_SORT_KEYS)).hexdigest(),
        rephrase=partial(hotline.in_senders_words, fields=fields, options=options)
        if message.kind == "hotline"
        else lambda errors: errors,
    )


def _read(kind: str, fields: Mapping[str, Any], options: Options) -> Read:
    return READERS[kind](fields, options)


def _read_event(body: bytes, content_type: str = "") -> Read:
    try:
        body = texts.utf8(body, content_type)
    except texts.Undecodable as error:
        return Refused([FieldError("event", str(error))])
    envelope = read_envelope(body)
    candidate = envelope if isinstance(envelope, list) else read_candidate(envelope)
    return Refused(candidate) if isinstance(candidate, list) else Reading(None, candidate)


def parse_body(body: bytes, content_type: str) -> dict[str, Any] | list[FieldError]:
    """A message's fields: a JSON object or a form, whichever it is; the Content-Type only settles what neither looks like.

    Senders' libraries put a form's header on JSON, leave the charset out, or name another than they use.
    """
    try:
        text = texts.decode(body, texts.charset_of(content_type)).strip()
    except texts.Undecodable as error:
        return [FieldError("body", str(error))]
    if not text.startswith(("{", "[", '"')) and (content_type.startswith(FORM) or _FORM_BEGINS.match(text)):
        return _parse_form(text)
    try:
        fields = orjson.loads(text)
    except (ValueError, RecursionError):
        where, reason = texts.json_fault(text)
        return [FieldError(where or "body", reason)]
    return find_faults(fields) if isinstance(fields, dict) else [FieldError("body", "应为 JSON 对象")]


def _parse_form(text: str) -> dict[str, Any] | list[FieldError]:
    try:
        fields = dict(parse_qsl(text, keep_blank_values=True, strict_parsing=True, max_num_fields=MOST_FORM_FIELDS))
    except ValueError:
        return [FieldError("body", "不是有效的表单")]
    return find_faults(fields)


async def put_off_message(work: Work, message: Pending) -> None:
    """A message that failed for a reason of ours: tried again with growing pauses, then marked for somebody to look at."""
    attempts = message.attempts
    if attempts >= MOST_ATTEMPTS:
        await messages.settle(work.session, [Result(message.id, "failed", "系统内部错误，修复后可重放")])
        return
    due = work.clock.machine() + timedelta(seconds=2**attempts * 5)
    await messages.put_off(work.session, message.id, due, f"系统内部错误，第 {attempts} 次处理未成功")


async def replay_message(work: Work, principal: Principal, message_id: UUID) -> None:
    """Understand a stored message anew. Raises NotFound, or Conflict while it waits anyway."""
    if not await messages.reopen(work.session, message_id, work.clock.machine()):
        if await messages.get_message(work.session, message_id) is None:
            raise NotFound("没有这条原文")
        raise Conflict("这条原文正在等待处理")
    await audit(work, principal, "message.replayed", str(message_id))
