"""Webhooks of other systems."""

import base64
import hashlib
import hmac
import json
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client import REGISTRY
from sqlalchemy import text

from services.gateway.commands import messages as module
from services.gateway.domain.faults import MOST_BYTES
from shared.clock import ManualClock
from shared.testing.events import example
from shared.testing.served import Served

ORDER = {"name": "SO-1", "doctype": "Sales Order", "status": "Completed", "customer": "CUST-1",
         "customer_name": "周先生", "contact_mobile": "13911112222", "company": "CD",
         "grand_total": 10.5, "modified": "2026-03-01 18:32:07.1"}  # fmt: skip
SALE = {"_action": "回访(#9)", "_id": 7, "_model": "sale.order", "name": "S7", "state": "sale", "partner_id": 3,
        "amount_total": 1, "write_date": "2026-03-01 10:32:07"}  # fmt: skip


async def new_source(served: Served, kind: str, name: str = "hz", **fields: Any) -> dict[str, Any]:
    async with served.client("ops") as client:
        response = await client.post("/api/v1/sources", json={"name": name, "kind": kind, **fields})
    assert response.status_code == 201, response.text
    issued: dict[str, Any] = response.json()
    return issued


async def push(served: Served, path: str, body: Any, **headers: str) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    async with served.client(None) as client:
        return await client.post(path, content=content, headers={"Content-Type": "application/json", **headers})


def signed(body: bytes, secret: str) -> dict[str, str]:
    return {"X-Frappe-Webhook-Signature": base64.b64encode(hmac.digest(secret.encode(), body, hashlib.sha256)).decode()}


async def results(served: Served) -> list[tuple[str, str]]:
    """(result, reason) of all messages, oldest first."""
    await served.run_job("canonicalise")
    async with served.client("integrator") as client:
        items = (await client.get("/api/v1/messages")).json()["items"]
    return [(item["result"], item["reason"]) for item in reversed(items)]


async def test_a_signed_frappe_webhook_becomes_a_published_fact(gateway: Served) -> None:
    source = await new_source(gateway, "erpnext")
    body = json.dumps(ORDER | {"customer_name": "周先生"}, ensure_ascii=True).encode()
    response = await push(gateway, source["path"], body, **signed(body, source["secret"]))
    assert response.status_code == 200
    assert await gateway.published() == []
    assert await results(gateway) == [("new", "")]
    (event,) = await gateway.published()
    assert (event.source, event.name, event.key, event.subject) == ("/erpnext/hz", "order.completed", "CUST-1", "SO-1")
    assert "13911112222" not in str(event)


@pytest.mark.parametrize("signature", [b"", b"forged", "伪造".encode()])
async def test_a_forged_frappe_webhook_is_refused_counted_and_logged_without_its_body(
    gateway: Served, signature: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    source = await new_source(gateway, "erpnext")
    before = forged_so_far()
    async with gateway.client(None) as client:
        headers = [(b"X-Frappe-Webhook-Signature", signature)]
        response = await client.post(source["path"], json=ORDER, headers=headers)
    assert response.status_code == 401
    assert await results(gateway) == []
    assert forged_so_far() == before + 1
    assert "ingress_refused" in caplog.text
    assert "13911112222" not in caplog.text


def forged_so_far() -> float:
    return (
        REGISTRY.get_sample_value("huifang_gateway_events_total", {"source_kind": "erpnext", "outcome": "forged"})
        or 0.0
    )


@pytest.mark.parametrize(
    ("lines", "name", "kept"),
    [(2000, "阀", 2000), (2001, "阀", 2000), (900, "燃" * 140, None)],
    ids=["all", "many", "long"],
)
async def test_an_order_of_many_lines_is_not_lost(gateway: Served, lines: int, name: str, kept: int | None) -> None:
    source = await new_source(gateway, "erpnext")
    items = [{"item_code": f"A{number}", "item_name": name, "qty": 1} for number in range(lines)]
    body = json.dumps(ORDER | {"items": items}, ensure_ascii=False).encode()
    assert (await push(gateway, source["path"], body, **signed(body, source["secret"]))).status_code == 200
    ((result, reason),) = await results(gateway)
    (event,) = await gateway.published()
    told = event.data["lines"]
    assert [line["sku"] for line in told] == [f"A{number}" for number in range(len(told))]
    size = len(json.dumps(event.data, ensure_ascii=False, separators=(",", ":")).encode())
    if kept is None:
        assert MOST_BYTES - 2000 < size < MOST_BYTES + 2000  # sealed numbers are longer
    else:
        assert len(told) == kept
    left_out = len(told) < lines
    assert (result, reason) == ("new", f"data.lines：共 {lines} 行，只接收了前 {len(told)} 行" if left_out else "")


async def test_a_signature_over_other_bytes_of_the_same_json_is_forged(gateway: Served) -> None:
    source = await new_source(gateway, "erpnext")
    signature = signed(json.dumps(ORDER, indent=1).encode(), source["secret"])
    assert (await push(gateway, source["path"], ORDER, **signature)).status_code == 401


async def test_a_frappe_form_is_understood(gateway: Served) -> None:
    source = await new_source(gateway, "erpnext")
    body = httpx.QueryParams({name: str(value) for name, value in ORDER.items()})
    raw = str(body).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded", **signed(raw, source["secret"])}
    assert (await push(gateway, source["path"], raw, **headers)).status_code == 200
    assert await results(gateway) == [("new", "")]


@pytest.mark.parametrize("path", ["/ingress/v1/hz/wrong", "/ingress/v1/nobody/wrong", "/ingress/v1/12345/x"])
async def test_a_wrong_source_or_token_is_refused_alike(gateway: Served, path: str) -> None:
    await new_source(gateway, "odoo")
    response = await push(gateway, path, SALE)
    assert (response.status_code, response.json()["detail"]) == (401, "来源或令牌无效")
    assert await results(gateway) == []


async def test_a_source_no_database_keeps_is_told_by_its_name(gateway: Served) -> None:
    response = await push(gateway, "/ingress/v1/a%00b/x", SALE)
    assert (response.status_code, response.json()["errors"][0]["field"]) == (422, "path.source")


async def test_an_odoo_record_is_stored_and_acknowledged_before_it_is_understood(gateway: Served) -> None:
    source = await new_source(gateway, "odoo")
    assert source["secret"] is None
    response = await push(gateway, source["path"], SALE)
    assert (response.status_code, response.json()) == (200, {"result": "ok"})
    async with gateway.client("ops") as client:
        (message,) = (await client.get("/api/v1/messages", params={"result": "pending"})).json()["items"]
    assert (message["state"], message["source"], message["kind"]) == ("pending", "hz", "odoo")
    await gateway.run_job("canonicalise")
    (event,) = await gateway.published()
    assert event.time.isoformat() == "2026-03-01T10:32:07+00:00"


async def test_a_12345_push_is_answered_as_its_platform_expects(gateway: Served) -> None:
    source = await new_source(gateway, "hotline", "city")
    case = example("hotline.case_closed", closed_at="2026-03-01T15:40:12+08:00", customer=None)
    response = await push(gateway, source["path"], [case, {"case_no": "2"}, case])
    assert (response.status_code, response.json()) == (200, {"code": 200, "msg": "ok"})
    assert await results(gateway) == [
        ("new", ""), ("rejected", "工单状态：缺少必填内容"), ("duplicate", "该单据的这一结果已经接收过"),
    ]  # fmt: skip
    assert [event.source for event in await gateway.published("hotline.case_closed")] == ["/hotline/city"]


async def test_retries_edits_and_late_states_make_no_second_fact(gateway: Served) -> None:
    source = await new_source(gateway, "odoo")
    pushed = [
        SALE,
        SALE,
        SALE | {"state": "done", "write_date": "2026-03-01 11:00:00"},
        SALE | {"state": "draft", "write_date": "2026-03-01 09:00:00"},
        SALE | {"state": "cancel", "write_date": "2026-03-01 12:00:00"},
        SALE | {"state": "sale", "write_date": "2026-03-01 13:00:00"},
    ]
    for body in pushed:
        await push(gateway, source["path"], body)
    assert [result for result, _ in await results(gateway)] == [
        "new",
        "duplicate",
        "duplicate",
        "ignored",
        "new",
        "new",
    ]
    assert [event.name for event in await gateway.published()] == [
        "order.completed",
        "fact.withdrawn",
        "order.completed",
    ]


async def test_a_refused_document_is_taken_when_it_comes_again_mended(gateway: Served) -> None:
    source = await new_source(gateway, "odoo")
    await push(gateway, source["path"], SALE | {"partner_id": False})
    await push(gateway, source["path"], SALE)
    assert await results(gateway) == [("rejected", "data.customer：缺少必填字段"), ("new", "")]


async def test_a_cloudevents_source_may_push_one_or_many(gateway: Served) -> None:
    source = await new_source(gateway, "cloudevents", "sap")
    sap = {
        "type": "sap.s4.salesorder.Changed.v1",
        "specversion": "1.0",
        "source": "/s4/100",
        "id": "f1",
        "data": {"SalesOrder": "48"},
    }
    assert (await push(gateway, source["path"], sap)).status_code == 202
    assert (await push(gateway, source["path"], [sap, sap | {"id": "f2"}, sap | {"id": ""}])).status_code == 202
    assert [result for result, _ in await results(gateway)] == ["new", "duplicate", "new", "rejected"]


async def test_a_generic_message_without_identity_is_known_by_its_content(gateway: Served) -> None:
    source = await new_source(gateway, "generic", "meters", options={"type": "meter.seen"})
    await push(gateway, source["path"], b'{"a":1,"b":2}')
    await push(gateway, source["path"], b'{ "b":2, "a":1 }')
    await push(gateway, source["path"], b'{"a":1,"b":3}')
    assert [result for result, _ in await results(gateway)] == ["new", "duplicate", "new"]


@pytest.mark.parametrize("body", [b"", b"nonsense", b"17", b"[1", b'{"a":"\\u0000"}'])
async def test_what_nobody_can_read_is_refused_at_once(gateway: Served, body: bytes) -> None:
    source = await new_source(gateway, "hotline", "city")
    assert (await push(gateway, source["path"], body)).status_code == 400
    assert await results(gateway) == []


async def test_a_message_can_be_replayed_after_its_source_was_mended(gateway: Served) -> None:
    source = await new_source(gateway, "generic", "meters")
    await push(gateway, source["path"], {"no": "M1"})
    assert [result for result, _ in await results(gateway)] == ["rejected"]
    async with gateway.client("integrator") as client:
        changed = await client.patch(
            "/api/v1/sources/meters", json={"options": {"type": "meter.seen"}}, headers={"If-Match": '"1"'}
        )
        assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
        (message,) = (await client.get("/api/v1/messages", params={"source": "meters"})).json()["items"]
        path = f"/api/v1/messages/{message['id']}"
        assert (await client.post(f"{path}/replay")).status_code == 202
        assert (await client.post(f"{path}/replay")).status_code == 409
        assert [result for result, _ in await results(gateway)] == ["new"]
        assert (await client.post(f"{path}/replay")).status_code == 202
    assert [result for result, _ in await results(gateway)] == ["duplicate"]
    assert len(await gateway.published()) == 1


async def test_tokens_and_secrets_rotate_with_two_alive(gateway: Served, clock: ManualClock) -> None:
    old = await new_source(gateway, "erpnext")
    async with gateway.client("ops") as client:
        new = (
            await client.post("/api/v1/sources/hz/rotate", json={"grace_hours": 1}, headers={"If-Match": '"1"'})
        ).json()
    body = json.dumps(ORDER).encode()
    for token, secret in ((old, old), (new, old), (new, new)):
        assert (await push(gateway, token["path"], body, **signed(body, secret["secret"]))).status_code == 200
    clock.move_to(clock.now().replace(hour=clock.now().hour + 2))
    assert (await push(gateway, old["path"], body, **signed(body, new["secret"]))).status_code == 401
    assert (await push(gateway, new["path"], body, **signed(body, old["secret"]))).status_code == 401
    assert (await push(gateway, new["path"], body, **signed(body, new["secret"]))).status_code == 200


async def test_a_source_that_is_switched_off_is_refused(gateway: Served) -> None:
    source = await new_source(gateway, "odoo")
    async with gateway.client("ops") as client:
        stale = await client.patch("/api/v1/sources/hz", json={"enabled": False}, headers={"If-Match": '"9"'})
        assert stale.status_code == 412
        await client.patch("/api/v1/sources/hz", json={"enabled": False}, headers={"If-Match": '"1"'})
    assert (await push(gateway, source["path"], SALE)).status_code == 401


async def test_credentials_are_kept_hashed_or_sealed_and_changes_audited(gateway: Served) -> None:
    source = await new_source(gateway, "erpnext")
    async with gateway.client("ops") as client:
        assert (await client.post("/api/v1/sources", json={"name": "hz", "kind": "odoo"})).status_code == 409
        listed = (await client.get("/api/v1/sources")).text
    async with gateway.runtime.db.read() as session:
        stored = str((await session.execute(text("SELECT tokens, secrets FROM source"))).all())
        actions = list((await session.execute(text("SELECT action FROM audit_log"))).scalars())
    for clear in (source["token"], source["secret"]):
        assert clear not in stored + listed
    assert actions == ["source.created"]


@pytest.mark.parametrize(
    "body",
    [
        {"name": "a b", "kind": "odoo"},
        {"name": "a", "kind": "sap"},
        {"name": "a", "kind": "odoo", "zone": "Mars/Phobos"},
        {"name": "a", "kind": "odoo", "options": {"fields": {"a..b": "c"}}},
        {"name": "a", "kind": "odoo", "options": {"constants": {"a": "x\0"}}},
        {"name": "a", "kind": "odoo", "options": {"constants": {"a\0": "x"}}},
        {"name": "a", "kind": "odoo", "options": {"surprise": 1}},
    ],
)
async def test_a_source_that_makes_no_sense_is_refused(gateway: Served, body: dict[str, Any]) -> None:
    async with gateway.client("ops") as client:
        assert (await client.post("/api/v1/sources", json=body)).status_code == 422


async def test_a_message_that_breaks_our_own_code_holds_up_no_other(
    gateway: Served, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(body: Any, options: Any) -> Any:
        if body["_id"] == 13:
            raise KeyError("a bug of ours")
        return real(body, options)

    real = module.READERS["odoo"]
    monkeypatch.setitem(module.READERS, "odoo", read)
    source = await new_source(gateway, "odoo")
    for number in (12, 13, 14):
        await push(gateway, source["path"], SALE | {"_id": number})
    await gateway.run_job("canonicalise")
    assert len(await gateway.published()) == 2
    for _ in range(module.MOST_ATTEMPTS):
        clock.move_to(clock.now().replace(minute=clock.now().minute + 5))
        found = await results(gateway)
    assert [result for result, _ in found] == ["new", "failed", "new"]


async def test_messages_are_listed_in_pages_and_only_for_those_who_may(gateway: Served) -> None:
    source = await new_source(gateway, "odoo")
    for number in range(5):
        await push(gateway, source["path"], SALE | {"_id": number})
    seen: list[str] = []
    async with gateway.client("auditor") as client:
        cursor: str | None = ""
        while cursor is not None:
            page = (await client.get("/api/v1/messages", params={"limit": 2, "cursor": cursor})).json()
            seen += [item["id"] for item in page["items"]]
            cursor = page["next_cursor"]
        assert (await client.get("/api/v1/messages", params={"cursor": "WzFd"})).status_code == 422
        assert (await client.get(f"/api/v1/messages/{seen[0]}")).status_code == 200
        assert (await client.get(f"/api/v1/messages/{source['token'][:8]}")).status_code == 422
        assert (await client.post(f"/api/v1/messages/{seen[0]}/replay")).status_code == 403
    assert seen == sorted(seen, reverse=True)
    assert len(seen) == 5


async def test_no_other_route_answers_without_a_key(gateway: Served) -> None:
    paths = gateway.app.openapi()["paths"]
    async with gateway.client(None) as client:
        for path, methods in paths.items():
            for method in methods:
                filled = path
                for name in (
                    "name",
                    "message_id",
                    "import_id",
                    "endpoint_id",
                    "delivery_id",
                    "letter_id",
                    "source",
                    "token",
                ):
                    filled = filled.replace("{" + name + "}", "019cac0f-2680-824c-9193-a1f8b29576db")
                response = await client.request(method, filled, json={})
                assert response.status_code == 401, (method, path)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kind=st.sampled_from(["odoo", "hotline", "generic", "cloudevents"]),
    body=st.dictionaries(
        st.sampled_from(["_model", "_id", "state", "write_date", "partner_id", "case_no", "工单编号", "handle_status",
                         "办结时间", "appellant", "area", "data", "type", "id", "specversion",
                         "source", "org", "time", "求助号码"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9)
            | st.sampled_from(["sale.order", "sale", "closed", "2026-03-01 10:00:00", "hotline.case_closed", "1.0"]),
            lambda inner: st.lists(inner, max_size=2)
            | st.dictionaries(st.sampled_from(["id", "name", "phone", "phones", "code", "data"]), inner, max_size=2),
            max_leaves=4,
        ),
        max_size=8,
    ),
)  # fmt: skip
async def test_every_message_comes_to_a_result(gateway: Served, kind: str, body: dict[str, Any]) -> None:
    async with gateway.client("ops") as client:
        created = await client.post("/api/v1/sources", json={"name": kind, "kind": kind})
        path = f"/api/v1/sources/{kind}"
        seen = (await client.get(path)).headers["ETag"]
        issued = (
            created if created.status_code == 201 else await client.post(f"{path}/rotate", headers={"If-Match": seen})
        )
    response = await push(gateway, issued.json()["path"], body)
    assert response.status_code in (200, 202, 400)
    await gateway.run_job("canonicalise")
    async with gateway.runtime.db.read() as session:
        found = (await session.execute(text("SELECT DISTINCT result FROM raw_message"))).scalars()
    assert set(found) <= {"new", "duplicate", "rejected", "ignored"}


async def test_an_unknown_member_of_a_new_source_is_refused_by_name(gateway: Served) -> None:
    async with gateway.client("ops") as client:
        made = await client.post("/api/v1/sources", json={"name": "g", "kind": "generic", "mapping": {"a": "b"}})
        words = {"name": "h", "kind": "hotline", "options": {"words": {"state": {"待回访": "finished"}}}}
        unsound = await client.post("/api/v1/sources", json=words)
    assert (made.status_code, made.json()["errors"]) == (
        422, [{"field": "body.mapping", "message": "没有这个字段，请删去"}],
    )  # fmt: skip
    assert unsound.status_code == 422
    assert unsound.json()["errors"][0]["field"] == "options.words.state"


async def test_a_note_about_an_unknown_word_stands_in_the_result(gateway: Served) -> None:
    source = await new_source(gateway, "hotline", "city", options={"words": {"urgency": {"督办件": "critical"}}})
    case = example("hotline.case_closed", closed_at="2026-03-01T15:40:12+08:00", customer=None)
    body = json.dumps(case | {"urgency": "督办件", "channel": "鸽子"}, ensure_ascii=False).encode("gbk")
    response = await push(
        gateway, source["path"], body, **{"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    )
    assert response.status_code == 200
    ((result, reason),) = await results(gateway)
    assert result == "new"
    assert reason.startswith("channel：「鸽子」含义不明")
    (event,) = await gateway.published("hotline.case_closed")
    assert (event.data["urgency"], event.data["as_written"]) == ("critical", {"channel": "鸽子"})


async def test_a_mapping_through_a_text_is_carried_out_at_the_door(gateway: Served) -> None:
    options = {
        "type": "lease.signed",
        "fields": {"customer.id": "tenant", "customer.name": "tenant", "org.code": "org"},
    }
    source = await new_source(gateway, "generic", options=options)
    await push(gateway, source["path"], {"id": "L1", "tenant": "T-31", "org": "EAST", "time": "2026-03-01 10:00:00"})
    assert await results(gateway) == [("new", "")]
    (event,) = await gateway.published()
    assert (event.key, event.data["customer"]) == ("T-31", {"id": "T-31", "name": "T-31"})
    assert event.data["org"] == {"code": "EAST"}


VISIT = {"doctype": "Maintenance Visit", "name": "MV-3", "docstatus": 1, "status": "Submitted", "company": "CD",
         "completion_status": "Fully Completed", "customer": "K3", "customer_name": "周先生", "contact_mobile": "13911113333",
         "address_display": "<p>云栖路<br>7 号</p>", "modified": "2026-03-01 09:00:00",
         "purposes": [{"item_code": "RQ-9", "item_name": "壁挂炉", "work_done": "<b>换水泵</b>"}]}  # fmt: skip


async def test_a_visit_sent_as_json_under_a_forms_header_is_read_with_what_was_done(gateway: Served) -> None:
    source = await new_source(gateway, "erpnext")
    body = json.dumps(VISIT, ensure_ascii=False).encode()
    headers = signed(body, source["secret"]) | {"Content-Type": "application/x-www-form-urlencoded"}
    assert (await push(gateway, source["path"], body, **headers)).status_code == 200
    assert await results(gateway) == [("new", "")]
    (event,) = await gateway.published()
    assert event.data["customer"]["address"] == "云栖路\n7 号"
    assert (event.data["product"]["category"], event.data["measures"]) == ("壁挂炉", "换水泵")


async def test_a_customer_given_as_an_object_keeps_number_and_name(gateway: Served) -> None:
    source = await new_source(gateway, "odoo")
    await push(gateway, source["path"], SALE | {"partner_id": {"id": 61, "display_name": "周先生"}})
    assert await results(gateway) == [("new", "")]
    (event,) = await gateway.published()
    assert (event.key, event.data["customer"]["name"]) == ("hz-61", "周先生")


async def test_cancelled_and_return_documents_are_nothing_done(gateway: Served) -> None:
    source = await new_source(gateway, "erpnext")
    returned = ORDER | {"doctype": "Delivery Note", "name": "DN-3", "docstatus": 1, "is_return": 1, "items": []}
    for document in (VISIT | {"docstatus": 2, "status": "Cancelled"}, VISIT | {"docstatus": 0}, returned):
        body = json.dumps(document).encode()
        await push(gateway, source["path"], body, **signed(body, source["secret"]))
        ((result, reason), *_) = reversed(await results(gateway))
        assert result == "ignored", reason
    assert await gateway.published() == []
