"""Ten thousand bodies in every encoding, shape and state of damage: read as they are, or refused with field and reason."""

import json
import random
from typing import Any
from urllib.parse import urlencode

import orjson

from services.gateway.commands import parse_body
from services.gateway.domain import erpnext, generic, hotline, odoo
from services.gateway.domain.documents import Options, Reading, Refused
from services.gateway.domain.envelope import read_envelope
from services.gateway.domain.facts import read_candidate
from shared.texts import storage_fault
from shared.zone import ORG_ZONE

EXAMPLES = 10_000
READERS = {"erpnext": erpnext.read, "odoo": odoo.read, "hotline": hotline.read, "generic": generic.read}
PIECES = (
    "维修",
    "张三　",
    "a",
    "100%",
    "\0",
    "\ud83d",
    "\ud83d\ude00",
    "<p>甲</p>",
    "\x07",
    "\x85",
    "é",
    "\ufeff",
    "&nbsp;",
    "=",
    "&",
)
NAMES = ("name", "doctype", "status", "docstatus", "modified", "customer", "purposes", "_model", "_id", "state", "write_date",
         "partner_id", "工单编号", "工单状态", "办结时间", "诉求内容", "data", "type", "id", "time", "is_return",
         "grand_total")  # fmt: skip
KNOWN = (
    "Sales Order",
    "Maintenance Visit",
    "Completed",
    "sale.order",
    "sale",
    "2026-11-20 09:00:00",
    "已办结",
    "meter.read",
    1,
    2,
    0,
)
HEADERS = (
    "",
    "application/json",
    "application/x-www-form-urlencoded",
    "text/plain; charset=gbk",
    "application/json; charset=utf-8",
)
ENCODINGS = ("utf-8", "utf-8", "utf-8-sig", "gb18030", "utf-16", "big5", "latin-1")


def value(draw: random.Random, depth: int = 0) -> Any:
    match draw.randrange(9 if depth < 3 else 6):
        case 0 | 1:
            return draw.choice(KNOWN)
        case 2 | 3:
            return "".join(draw.choice(PIECES) for _ in range(draw.randrange(4)))
        case 4:
            return draw.choice((None, True, False, -1, 1e300, 10**30, 3.5))
        case 5:
            return "字" * draw.randrange(50)
        case 6:
            return [value(draw, depth + 1) for _ in range(draw.randrange(3))]
        case _:
            return {draw.choice(NAMES): value(draw, depth + 1) for _ in range(draw.randrange(4))}


def body(draw: random.Random) -> tuple[dict[str, Any], bytes]:
    fields = {draw.choice(NAMES): value(draw) for _ in range(draw.randrange(8))}
    if draw.randrange(5) == 0:
        text = urlencode({name: one for name, one in fields.items() if isinstance(one, str)}, errors="replace")
    else:
        text = json.dumps(fields, ensure_ascii=draw.randrange(2) == 0)
    raw = text.encode(draw.choice(ENCODINGS), "replace")
    if draw.randrange(4) == 0 and raw:
        at = draw.randrange(len(raw))
        raw = draw.choice((raw[:at], raw[:at] + bytes([draw.randrange(256)]) + raw[at:], raw[at:]))
    return fields, raw


def _storable(read: Any) -> bool:
    if isinstance(read, str):
        return not storage_fault(read)
    if isinstance(read, dict):
        return all(_storable(name) and _storable(one) for name, one in read.items())
    return all(map(_storable, read)) if isinstance(read, list) else True


def test_a_body_is_read_or_refused_with_field_and_reason() -> None:
    draw = random.Random(7)
    for _ in range(EXAMPLES):
        _, raw = body(draw)
        read = parse_body(raw, draw.choice(HEADERS))
        if isinstance(read, list):
            assert all(error.field and error.reason for error in read), raw
            continue
        assert _storable(read), raw
        for kind, reader in READERS.items():
            outcome = reader(read, Options("s", kind, ORG_ZONE, type="meter.read"))
            if isinstance(outcome, Refused):
                assert all(error.reason for error in outcome.errors)
                continue
            assert isinstance(outcome, Reading)
            assert outcome.candidate is None or "{'" not in orjson.dumps(outcome.candidate.data, default=str).decode()


def test_whole_json_is_read_as_it_was_written_whatever_the_header() -> None:
    draw = random.Random(8)
    for _ in range(EXAMPLES):
        fields = {draw.choice(NAMES): draw.choice(("维修 100%", "张三　", "😀", 1, None, ["甲"])) for _ in range(5)}
        for encoding in ("utf-8", "utf-8-sig", "utf-16"):
            text = json.dumps(fields, ensure_ascii=False)
            assert parse_body(text.encode(encoding), draw.choice(HEADERS)) == fields, (encoding, text)


def test_events_are_read_or_refused_with_field_and_reason() -> None:
    draw = random.Random(9)
    for _ in range(EXAMPLES):
        told = {
            name: value(draw)
            for name in ("specversion", "id", "source", "type", "time", "subject", "data")
            if draw.randrange(6)
        }
        raw = json.dumps(told, ensure_ascii=draw.randrange(2) == 0).encode("utf-8", "surrogatepass")
        envelope = read_envelope(raw)
        read = envelope if isinstance(envelope, list) else read_candidate(envelope)
        if isinstance(read, list):
            assert read
            assert all(error.field and error.reason for error in read)
