"""Ten thousand spellings of numbers: one identity at every door, seen nowhere, and nothing taken for a number that is none."""

import re
import time
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime
from random import Random
from typing import Any

import orjson
import pytest

from services.complaints.schemas import NewCase, report_of
from services.gateway.domain import erpnext, generic, hotline, odoo
from services.gateway.domain.documents import Options, Reading
from services.gateway.domain.envelope import read_envelope
from services.gateway.domain.facts import Candidate, judge, read_candidate, with_read_numbers
from services.notifications.schemas import NewOptOut
from shared.messaging.event import Event
from shared.privacy import Sealer, e164, mask_prose, mask_text, one_number, read_numbers
from shared.zone import ORG_ZONE
from tests.fuzz import spellings
from tests.fuzz.spellings import AROUND, PROSE, Spelling

SEALER = Sealer(bytes(range(64)))
NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
EXAMPLES = 10_000
CASE = {
    "工单编号": "3301202603010000011", "诉求内容": "路灯不亮", "诉求性质": "求助", "事发区域": "西湖区", "诉求人": "何女士",
    "办结时间": "2026-03-01 15:40:12", "主办单位": "区城管局", "工单状态": "已办结", "处置结果": "已更换",
}  # fmt: skip
ORDER = {"name": "SO-1", "doctype": "Sales Order", "status": "Completed", "docstatus": 1, "customer": "K1", "company": "CD",
         "grand_total": 10.5, "modified": "2026-03-01 18:32:07"}  # fmt: skip
SALE = {"_id": 7, "_model": "sale.order", "name": "S7", "state": "sale", "partner_id": [3, "何女士"], "amount_total": 1,
        "write_date": "2026-03-01 10:32:07"}  # fmt: skip


def numbers_of(event: Event | list[Any]) -> list[str]:
    assert isinstance(event, Event), event
    customer = event.data.get("customer", {})
    return [SEALER.unseal(token) for token in (customer.get("phone"), *customer.get("phones", [])) if token]


def _judged(candidate: Candidate | list[Any]) -> Event:
    assert isinstance(candidate, Candidate), candidate
    event = judge(with_read_numbers(candidate), NOW, SEALER)
    assert isinstance(event, Event), event
    return event


def _read(read: Callable[[Any, Options], Any], body: Any, kind: str, **options: Any) -> Event:
    outcome = read(body, Options("s", kind, ORG_ZONE, **options))
    assert isinstance(outcome, Reading), outcome
    assert outcome.candidate is not None, outcome.ignored
    return _judged(outcome.candidate)


def canonical(phone: str) -> Event:
    data = {"customer": {"id": "C1", "phone": phone}}
    envelope = read_envelope(
        orjson.dumps({"specversion": "1.0", "id": "e1", "source": "/erp/1", "type": "my.own", "data": data})
    )
    assert not isinstance(envelope, list)
    return _judged(read_candidate(envelope))


def mapped(phone: str) -> Event:
    body = {"id": "m1", "buyer": {"tel": phone}, "data": {"customer": {"id": "C1"}}}
    return _read(generic.read, body, "generic", type="my.own", fields={"customer.phone": "buyer.tel"})


DOORS: tuple[Callable[[str], list[str]], ...] = (
    lambda phone: numbers_of(canonical(phone)),
    lambda phone: numbers_of(mapped(phone)),
    lambda phone: numbers_of(_read(hotline.read, CASE | {"联系电话": phone}, "hotline")),
    lambda phone: numbers_of(_read(erpnext.read, ORDER | {"contact_mobile": phone}, "erpnext")),
    lambda phone: numbers_of(_read(odoo.read, SALE | {"partner_phone": phone}, "odoo")),
    lambda phone: [one_number(phone)],
    lambda phone: [NewOptOut(phone=phone).phone],
    lambda phone: [SEALER.unseal(str(_case(phone)))],
)


def _case(phone: str) -> str | None:
    return report_of(
        NewCase.model_validate({"customer": {"id": "C1", "phone": phone}, "description": "x"}), SEALER
    ).customer.phone


PHONES = (spellings.mobile, spellings.mobile, spellings.landline, spellings.extended, spellings.foreign)


def test_every_spelling_at_every_door_is_one_number() -> None:
    random = Random(20260302)
    for at in range(EXAMPLES):
        spelling = random.choice(PHONES)(random)
        written = random.choice(AROUND).format(spelling.written)
        assert e164(written) == spelling.number, (at, written)
        assert DOORS[at % len(DOORS)](written) == [spelling.number], (at, written, at % len(DOORS))


def test_two_numbers_in_one_field_are_two() -> None:
    random = Random(11)
    for at in range(EXAMPLES):
        first, second = (random.choice(PHONES)(random) for _ in range(2))
        written = random.choice(("/", "、", ",  ", "；", "\n", "或", " 和 ")).join((first.written, second.written))
        assert read_numbers(written).numbers == tuple(dict.fromkeys((first.number, second.number))), (at, written)


KINDS = (spellings.mobile, spellings.landline, spellings.foreign, spellings.identity, spellings.old_identity)


def digits_of(text: str) -> str:
    """What a search over a database finds, whatever stands between the digits."""
    return re.sub(r"[^0-9A-Z*]", "", unicodedata.normalize("NFKC", text).upper())


def test_no_spelling_in_any_text_is_kept_or_shown() -> None:
    random = Random(7)
    for at in range(EXAMPLES):
        spelling = random.choice(KINDS)(random)
        text = random.choice(PROSE).format(spelling.written)
        kept = SEALER.protect({"备注": text, "list": [{"x": text}], text: 1, "id": text})
        assert spelling.needle not in digits_of(str(kept)), (at, text, kept)
        assert spelling.needle not in digits_of(mask_text(text)), (at, text)
        assert spelling.needle not in digits_of(str(SEALER.masked_tree(kept))), (at, text)
        assert SEALER.protect(kept) == kept
        assert mask_text(mask_text(text)) == mask_text(text), (at, text)


@pytest.mark.parametrize("make", [spellings.mobile, spellings.identity, spellings.old_identity])
def test_no_number_is_kept_as_a_json_number(make: Callable[[Random], Spelling]) -> None:
    random = Random(5)
    for _ in range(1_000):
        needle = make(random).needle
        if not needle.endswith("X"):
            kept = SEALER.protect({"x": int(needle), "y": [float(needle)]})
            assert needle not in str(kept)
            assert f"{float(needle):.0f}" not in str(kept)


def test_what_is_no_number_stays_as_it_is() -> None:
    random = Random(3)
    for at in range(EXAMPLES):
        text = spellings.precise(random)
        assert mask_text(text) == mask_prose(text) == text, (at, text)
        for field in ("备注", "order_no", "id"):
            assert SEALER.protect({field: text}) == {field: text}, (at, field, text)


def test_what_is_no_number_is_nobodys_identity() -> None:
    random = Random(13)
    for at in range(EXAMPLES):
        digits = spellings.mobile(random).needle
        text = random.choice(
            (
                f"{digits[:3]}****{digits[7:]}", f"{digits[:3]}xxxx{digits[7:]}", f"{digits[:7]}****", f"****{digits[4:]}",
                f"{digits[:3]}＊＊＊＊{digits[7:]}", f"{digits[:3]} **** {digits[7:]}", digits[:10], digits + digits[:1],
                random.choice("0123456789") * random.randrange(1, 13), "暂无", "无", "-", "/",
                "不详", "0", "未留", "待补充", "\u3000",
                f"8{digits[1:8]}", f"{digits[:5]}？？？？？？", "0571-8888****", spellings.identity(random).needle,
                spellings.precise(random)[:3], "110", "12345", "95598",
            )
        )  # fmt: skip
        assert read_numbers(text).numbers == (), (at, text)
        event = _read(hotline.read, CASE | {"联系电话": text}, "hotline") if at % 20 == 0 else canonical(text)
        assert numbers_of(event) == [], (at, text)


def test_reading_takes_time_by_length_only() -> None:
    """What was made to be slow takes no longer than ordinary digits."""
    hostile = (
        "1 " * 60_000,
        "0571-" * 24_000,
        "138 0000 " * 13_000,
        "+1" * 60_000,
        "(" * 120_000,
        "1" * 120_000,
        "13 " * 40_000,
    )
    for text in hostile:
        started = time.process_time()
        mask_text(text)
        SEALER.protect({"phone": text, "x": text})
        assert time.process_time() - started < 3, text[:20]  # a quadratic one takes minutes
