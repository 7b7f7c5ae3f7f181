"""Texts, lists and depths of every size at the doors of facts: taken whole, or refused with a reason; nothing is cut off,
nobody's fact is taken for another's, and no worker stumbles over it later.

HUIFANG_FUZZ_EXAMPLES is how many messages each door is sent.
"""

import copy
import os
import random
import re
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, NamedTuple

import httpx
import orjson
import pytest
from sqlalchemy import text

from services.gateway.app import create_app
from services.gateway.domain import hotline
from services.gateway.domain.documents import Options, Reading, fact_id
from services.gateway.domain.facts import withdrawal
from services.gateway.settings import GatewaySettings
from shared.clock import ManualClock
from shared.messaging.event import Event, decode
from shared.messaging.kafka import LARGEST_MESSAGE
from shared.messaging.outbox import unpack_headers
from shared.testing.events import NOON, example
from shared.testing.served import Served, serve
from shared.zone import ORG_ZONE
from tests.gateway.test_api_ingress import ORDER, SALE, new_source, signed

EXAMPLES = int(os.environ.get("HUIFANG_FUZZ_EXAMPLES", "200"))
PORTION = 50
LIMITS = (20, 50, 64, 100, 128, 200, 240, 256, 500, 512, 2_000, 4_000, 8_000)
COUNTS = (0, 1, 2, 9, 10, 11, 19, 20, 21, 49, 50, 51, 100, 199, 200, 201, 400)
DEPTHS = (1, 2, 25, 28, 29, 30, 31, 32, 33, 64, 400)
HUGE = (30_000, 90_000, 255_000, 262_000, 300_000)
BEGUN = re.compile(r"b(\d{6})(?=[e长])")
CASE = example("hotline.case_closed", closed_at="2026-03-01T15:40:12+08:00", customer=None)
VISIT = {
    "name": "MV-1", "doctype": "Maintenance Visit", "docstatus": 1, "completion_status": "Fully Completed",
    "customer": "CUST-1", "customer_name": "周先生", "contact_mobile": "13911112222", "company": "CD",
    "customer_feedback": "漏气", "modified": "2026-03-01 18:32:07.1",
    "purposes": [{"item_code": "K1", "serial_no": "S1", "description": "漏气", "work_done": "换管", "service_person": "丁"}],
}  # fmt: skip
LINE = {
    "item_code": "K1",
    "item_name": "灶具",
    "qty": 1,
    "uom": "台",
    "amount": 10,
    "serial_no": "S1",
    "item_group": "灶",
}
REPAIR = {
    "_id": 8, "_model": "repair.order", "name": "R8", "state": "done", "partner_id": [3, "周先生"],
    "product_id": [5, "灶具"], "user_id": [2, "丁"], "company_id": [1, "城东"], "lot_id": [9, "S9"],
    "internal_notes": "换管", "partner_email": "a@example.com", "write_date": "2026-03-01 10:32:07",
}  # fmt: skip
SEEN = {"type": "meter.seen", "order_no": "M1", "status": "done", "time": "2026-03-01T10:00:00+08:00",
        "customer": {"id": "C1", "name": "周"}, "org": {"code": "CD", "name": "城东"}, "note": "好"}  # fmt: skip
UPDATED = {"type": "customer.updated", "id": "U1", "data": example("customer.updated")}


class Door(NamedTuple):
    """What a source of a kind is sent; `number` is the member that tells its documents apart."""

    kind: str
    number: str
    body: dict[str, Any]


DOORS = [
    Door("erpnext", "name", ORDER | {"items": [LINE]}),
    Door("erpnext", "name", VISIT),
    Door("odoo", "_id", SALE),
    Door("odoo", "_id", REPAIR),
    Door("hotline", "case_no", CASE),
    Door("generic", "order_no", SEEN),
    Door("generic", "id", UPDATED),
    Door("cloudevents", "id", {"specversion": "1.0", "source": "/erp/hz", "id": "E1", "type": "order.completed",
                               "subject": "SO-1", "partitionkey": "C1", "time": "2026-03-01T10:00:00+08:00",
                               "data": example("order.completed")}),
]  # fmt: skip


class Sent(NamedTuple):
    body: bytes
    field: str
    text: str
    """what stands in the field; "" where a list or a depth was made"""
    count: int = 0


def messages(door: Door, seed: str) -> Iterator[Sent]:
    """Messages about a document each, with one value of some size. What is told apart by its end only begins alike."""
    draw = random.Random(seed)
    for serial in range(EXAMPLES):
        body = copy.deepcopy(door.body)
        body[door.number] = serial if isinstance(body[door.number], int) else f"N{serial}"
        places = [*_places(body), (body, "unknown", "unknown")]
        holder, key, path = draw.choice(places)
        if draw.randrange(5) == 0:  # what makes a fact out of the document is where most is lost
            holder, key, path = body, door.number, door.number
        value = holder.get(key) if isinstance(holder, dict) else holder[key]
        if isinstance(value, list) and value:
            count = draw.choice(COUNTS)
            holder[key] = [copy.deepcopy(value[0]) for _ in range(count)]
            yield Sent(orjson.dumps(body), path, "", count)
        elif path == "unknown" or draw.randrange(40) == 0:
            depth = draw.choice(DEPTHS)
            holder[key] = "@@"
            yield Sent(orjson.dumps(body).replace(b'"@@"', b"[" * depth + b"]" * depth), path, "")
        else:
            limit = draw.choice(LIMITS)
            size = draw.choice((0, 1, limit - 1, limit, limit + 1, 2 * limit, 10 * limit, draw.choice(HUGE)))
            text = _text(serial, size, draw.choice("e长"))
            holder[key] = text
            yield Sent(orjson.dumps(body), path, text)


def _places(value: Any, path: str = "") -> Iterator[tuple[Any, Any, str]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in list(items):
        where = f"{path}.{key}".strip(".")
        yield value, key, where
        yield from _places(inner, where)


def _text(serial: int, size: int, letter: str) -> str:
    """A text of this many letters; those of one size differ in their first letters and their last ones only."""
    if size < 20:
        return letter * size
    return f"b{serial:06}{letter * (size - 14)}{serial:06}z"


@pytest.fixture
async def gateway(service_dsn: Callable[[str], Awaitable[str]], clock: ManualClock) -> Any:
    async with serve(create_app, GatewaySettings, await service_dsn("gateway"), clock=clock) as served:
        yield served


@pytest.mark.parametrize("number", range(len(DOORS)), ids=lambda number: f"{DOORS[number].kind}-{number}")
async def test_a_message_of_any_size_is_taken_whole_or_refused_with_a_reason(gateway: Served, number: int) -> None:
    door = DOORS[number]
    source = await new_source(gateway, door.kind)
    waiting: list[Sent] = []
    came_to: dict[str, int] = {}
    for sent in messages(door, f"{door.kind} {number}"):
        async with gateway.client(None) as client:
            headers = {"Content-Type": "application/json"} | signed(sent.body, source.get("secret") or "")
            answer = await client.post(source["path"], content=sent.body, headers=headers)
        if answer.is_success:
            waiting.append(sent)
        else:
            refused_well(answer, sent)
            came_to["refused"] = came_to.get("refused", 0) + 1
        if len(waiting) == PORTION:
            await _settle(gateway, waiting, came_to)
    await _settle(gateway, waiting, came_to)
    assert came_to["new"] * 5 > EXAMPLES, came_to
    assert came_to["rejected"] * 50 > EXAMPLES, came_to


async def _settle(gateway: Served, waiting: list[Sent], came_to: dict[str, int]) -> None:
    """What became of the messages that wait, and of what was published of them."""
    await gateway.run_job("canonicalise")
    async with gateway.runtime.db.work() as work:
        rows = await work.session.execute(
            text("SELECT state, result, reason FROM raw_message ORDER BY received_at, id")
        )
        results = [tuple(row) for row in rows]
        published = await work.session.execute(text("DELETE FROM outbox RETURNING headers, value"))
        events = [(decode(unpack_headers(row.headers), bytes(row.value)), len(row.value)) for row in published]
        await work.session.execute(text("DELETE FROM raw_message"))
    assert len(results) == len(waiting)
    for sent, (state, result, reason) in zip(waiting, results, strict=True):
        about = (sent.field, len(sent.text), sent.count, state, result, reason, sent.text[-20:])
        assert result in ("new", "ignored", "rejected") or (len(sent.text) < 20 and result == "duplicate"), about
        if result == "rejected":
            assert re.search("[\u4e00-\u9fff]", reason), about
            assert "：" in reason, about
        came_to[result] = came_to.get(result, 0) + 1
    by_serial = {sent.text[1:7]: sent for sent in waiting if sent.text[:1] == "b"}
    for event, size in events:
        assert size < LARGEST_MESSAGE, (event.type, size)
        _whole(event, by_serial)
    waiting.clear()


def _whole(event: Event, by_serial: dict[str, Sent]) -> None:
    told = orjson.dumps([event.data, event.subject]).decode()
    for serial in by_serial.keys() & BEGUN.findall(told):  # an id may look like the beginning of a text
        sent = by_serial[serial]
        assert sent.text in told, (event.type, sent.field, len(sent.text), "was cut off")


def refused_well(answer: httpx.Response, sent: Sent) -> None:
    told = answer.json()
    assert 400 <= answer.status_code < 500, (sent.field, answer.status_code, answer.text[:300])
    assert answer.headers["content-type"] == "application/problem+json", answer.headers
    assert re.search("[\u4e00-\u9fff]", told["title"]), told
    assert told["detail"], told


@pytest.mark.parametrize("length", [1, 199, 200, 201, 400, 1_000])
async def test_the_name_of_a_file_is_kept_whole_or_refused(gateway: Served, length: int) -> None:
    name = "月" * length
    async with gateway.client("integrator") as client:
        answer = await client.post("/api/v1/imports", files={"file": (name, b"a,b\n1,2\n")})
        if length > 200:
            assert (answer.status_code, answer.json()["detail"]) == (422, "文件名超过 200 个字，请改短后再上传")
        else:
            assert answer.json()["filename"] == name, answer.text


@pytest.mark.parametrize("length", [16, 199, 200, 201, 400, 5_000])
async def test_a_content_type_is_read_whole_or_refused(gateway: Served, length: int) -> None:
    source = await new_source(gateway, "generic", options={"type": "meter.seen"})
    told = "application/json" + ";" + "x" * (length - 17) if length > 16 else "application/json"
    async with gateway.client(None) as client:
        answer = await client.post(source["path"], content=b'{"a":1}', headers={"Content-Type": told})
    assert answer.status_code == (400 if length > 200 else 202), answer.text
    assert length <= 200 or answer.json()["detail"] == "Content-Type 超过 200 个字符"


def test_long_names_that_begin_alike_stay_two() -> None:
    first, second = (fact_id("单" * 300, end, "2026-03-01") for end in "ab")
    assert first != second
    assert max(len(first), len(second)) == 256
    assert fact_id("单", "a") == "单/a"
    events = [withdrawal("/erp", "E" * 250 + end, "cancelled", NOON) for end in "ab"]
    assert events[0].id != events[1].id


def test_departments_whose_long_names_begin_alike_stay_two() -> None:
    options = Options("city", "hotline", ORG_ZONE)
    codes = set()
    for end in "ab":
        read = hotline.read(CASE | {"host_dept": "局" * 70 + end}, options)
        assert isinstance(read, Reading), read
        assert read.candidate is not None
        codes.add(read.candidate.data["host_dept"]["code"])
    assert len(codes) == 2
    assert max(map(len, codes)) == 64
