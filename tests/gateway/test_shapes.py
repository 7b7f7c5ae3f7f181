"""Bodies, texts and mappings in the shapes that real senders give them."""

from typing import Any
from urllib.parse import urlencode

import orjson
import pytest

from services.gateway.commands import parse_body
from services.gateway.domain import erpnext, generic, odoo
from services.gateway.domain.documents import Options, Reading, Refused
from services.gateway.domain.markup import plain_text
from services.gateway.domain.options import check_options
from shared.zone import ORG_ZONE

FRAPPE = Options("f", "erpnext", ORG_ZONE)
ODOO = Options("o", "odoo", ORG_ZONE)
VISIT: dict[str, Any] = {
    "doctype": "Maintenance Visit", "name": "MV-7", "docstatus": 1, "status": "Submitted",
    "completion_status": "Fully Completed", "customer": "K7", "customer_name": "丁", "company": "CD",
    "modified": "2026-11-20 09:00:00",
}  # fmt: skip
SALE = {"_model": "sale.order", "_id": 7, "name": "S7", "state": "sale", "write_date": "2026-11-20 01:30:00"}


def data(read: Any) -> dict[str, Any]:
    assert isinstance(read, Reading), read
    assert read.candidate is not None, read.ignored
    return read.candidate.data


JSON = orjson.dumps({"a": "维修 100%", "b": {"c": 1}})
FORM = urlencode({"a": "维修 100%", "b": "1"}).encode()


@pytest.mark.parametrize(
    "header", ["", "application/json", "application/x-www-form-urlencoded", "text/plain; charset=gbk"]
)
def test_the_body_says_what_it_is_whatever_the_header_says(header: str) -> None:
    assert parse_body(JSON, header) == {"a": "维修 100%", "b": {"c": 1}}
    assert parse_body(b"\xef\xbb\xbf \n" + JSON, header) == {"a": "维修 100%", "b": {"c": 1}}
    assert parse_body(FORM, header) == {"a": "维修 100%", "b": "1"}


@pytest.mark.parametrize("charset", ["", "gbk", "GB2312", "utf-8", "nonsense"])
@pytest.mark.parametrize("written", ["utf-8", "gb18030", "utf-16"])
def test_chinese_is_read_in_the_encoding_it_has(charset: str, written: str) -> None:
    body = '{"name": "张三维修"}'.encode(written)
    assert parse_body(body, f"application/json; charset={charset}") == {"name": "张三维修"}


def test_bytes_that_may_be_either_are_read_as_declared() -> None:
    body = b'{"name": "' + "联通".encode("gbk") + b'"}'
    assert parse_body(body, "application/json; charset=gbk") == {"name": "联通"}


@pytest.mark.parametrize(
    ("body", "field", "told"),
    [
        (b'{"a": {"b": ["x", "\\ud83d"]}}', "a.b.1", "代理字符"),
        (b'{"a": "x\\u0000"}', "data.a", "空字符"),
        (b'{"a\\u0000": 1}', "data", "空字符"),
        (b'{"a": "\xff\xff"}', "body", "第 8 个字节起不是 UTF-8"),
        (b'{"a": "\xed\xa0\x80"}', "body", "代理字符"),
        (b'{"a": }', "body", "第 1 行第 7 个字符"),
        (b"[1", "body", "JSON"),
        (b"", "body", "JSON"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_named(body: bytes, field: str, told: str) -> None:
    errors = parse_body(body, "application/json")
    assert isinstance(errors, list)
    assert errors[0].field == field
    assert told in errors[0].reason


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ('<div class="ql-editor read-mode"><p>滴漏</p><p>换垫圈</p></div>', "滴漏\n换垫圈"),
        ("一号<br>二号<br/>三号", "一号\n二号\n三号"), ("<td>甲</td><td>乙</td>", "甲 乙"), ("A&nbsp;&amp;&nbsp;B", "A & B"),
        ("<script>alert(1)</script><b>好</b>", "好"), ("<!-- x -->好", "好"), ("3<5 且 7>2", "3<5 且 7>2"), ("A&B", "A&B"),
        ("<无>", "<无>"), ("温度<30", "温度<30"), ("<p title='a'>甲", "甲"), ("&#0;甲", "�甲"),
    ],
)  # fmt: skip
def test_html_is_read_as_a_person_would(html: str, text: str) -> None:
    assert plain_text(html) == text


def test_html_in_text_fields_arrives_as_plain_text() -> None:
    told = data(
        erpnext.read(VISIT | {"address_display": "<p>文三路 9 号</p><br>", "customer_feedback": "<b>滴漏</b>"}, FRAPPE)
    )
    assert (told["customer"]["address"], told["fault"]["description"]) == ("文三路 9 号", "滴漏")
    repair = SALE | {"_model": "repair.order", "state": "done", "partner_id": 1, "internal_notes": "<p>滴漏</p>"}
    assert data(odoo.read(repair, ODOO))["fault"] == {"description": "滴漏"}


def test_a_maintenance_visit_says_in_its_purposes_what_was_done() -> None:
    lines = [
        {
            "item_code": "RQ-2",
            "item_name": "燃气灶",
            "serial_no": "SN2",
            "service_person": "老陈",
            "work_done": "换电池",
        },
        {"item_code": "RQ-3", "work_done": "<p>清火盖</p>", "description": "火小"},
    ]
    told = data(erpnext.read(VISIT | {"purposes": lines}, FRAPPE))
    assert told["product"] == {"category": "燃气灶", "model": "RQ-2", "sn": "SN2"}
    assert (told["measures"], told["fault"], told["engineer"]["name"]) == (
        "换电池；清火盖",
        {"description": "火小"},
        "老陈",
    )


@pytest.mark.parametrize("value", [{"id": 42, "display_name": "丁"}, [42, "丁"], {"id": 42, "name": "丁"}])
def test_a_reference_is_read_in_each_shape(value: Any) -> None:
    told = data(odoo.read(SALE | {"partner_id": value, "company_id": {"id": 2, "display_name": "城东"}}, ODOO))
    assert told["customer"] == {"id": "o-42", "name": "丁"}
    assert told["org"] == {"code": "o-2", "name": "城东"}


@pytest.mark.parametrize(
    ("read", "field"),
    [
        (lambda: erpnext.read(VISIT | {"customer": {"id": 1}}, FRAPPE), "customer"),
        (lambda: erpnext.read(VISIT | {"purposes": [{"work_done": ["x"]}]}, FRAPPE), "work_done"),
        (
            lambda: erpnext.read(
                VISIT | {"doctype": "Delivery Note", "status": "Completed", "grand_total": [1]}, FRAPPE
            ),
            "grand_total",
        ),
        (lambda: odoo.read(SALE | {"partner_id": {"id": [1]}}, ODOO), "partner_id"),
        (lambda: odoo.read(SALE | {"partner_id": 1, "name": ["S"]}, ODOO), "name"),
        (lambda: generic.read({"type": ["x"]}, Options("g", "generic", ORG_ZONE)), "type"),
    ],
)
def test_a_container_in_a_text_field_is_an_error_with_its_name(read: Any, field: str) -> None:
    refused = read()
    assert isinstance(refused, Refused), refused
    assert [(error.field, error.reason) for error in refused.errors] == [(field, "应为文本，收到的是对象或列表")]


def mapped(body: dict[str, Any], **options: Any) -> dict[str, Any]:
    return data(generic.read(body, Options("g", "generic", ORG_ZONE, type="meter.read", **options)))


def test_a_mapping_through_a_scalar_is_carried_out() -> None:
    body = {"no": "M7", "customer": "K-7", "flag": False, "zero": 0, "lines": [{"sku": "A"}, {"sku": "B"}]}
    fields = {"customer.id": "customer", "customer.name": "customer", "work_order_no": "no", "ext.flag": "flag", "ext.zero":
              "zero", "ext.second": "lines.1.sku"}  # fmt: skip
    told = mapped(body, fields=fields)
    assert told["customer"] == {"id": "K-7", "name": "K-7"}
    assert told["ext"] == {"flag": False, "zero": 0, "second": "B"}
    assert body["customer"] == "K-7"


def test_no_mapping_sees_what_another_has_done() -> None:
    told = mapped({"a": {"x": 1}, "b": {"x": 2}}, fields={"a.x": "b.x", "b.x": "a.x"})
    assert (told["a"]["x"], told["b"]["x"]) == (2, 1)


def test_a_member_named_like_a_path_is_found() -> None:
    assert mapped({"c.id": "K-8"}, fields={"customer.id": "c.id"})["customer"]["id"] == "K-8"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"fields": {"customer": "a", "customer.id": "b"}}, "互相覆盖"),
        ({"fields": {"customer.id": "b"}, "constants": {"customer": "x"}}, "互相覆盖"),
        ({"fields": {"lines.0.sku": "a"}}, "路径写法不对"),
        ({"fields": {"customer..id": "a"}}, "路径写法不对"),
        ({"fields": {"customer.id": ""}}, "路径写法不对"),
        ({"constants": {"a\0": 1}}, "路径写法不对"),
    ],
)
def test_a_mapping_that_could_not_be_carried_out_is_refused_when_saved(options: dict[str, Any], told: str) -> None:
    errors = check_options("generic", options)
    assert errors
    assert told in errors[0].reason
