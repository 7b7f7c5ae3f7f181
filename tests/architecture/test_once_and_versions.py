"""Doing it twice makes it once; changing what somebody else has changed is refused: tried on one resource of every kind."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from shared.clock import ManualClock
from shared.testing import Served, serve
from tests.architecture.parts import create_app, settings_class

Dsn = Callable[[str], Awaitable[str]]
PACK = {
    "name": "demo",
    "files": {
        "pack.yaml": "format: 1\nname: demo\ntitle: 示例\n",
        "policies/all.yaml": (
            "id: all\ntitle: 全部\ntrigger: {events: [repair.closed]}\nrate: all\ndelay: {days: 1}\n"
            "deadline: {working_days: 3}\nquestionnaire: gas-repair\nteam: hotline\n"
        ),
    },
}
TEMPLATE = {
    "name": "hello",
    "title": "问候",
    "channel": "sms",
    "category": "notice",
    "sign": "燃气",
    "text": "您好，{{ name }}。",
    "params": {"name": "{{ customer.name | default('客户', true) }}"},
    "sample": {"name": "张先生"},
    "codes": {"aliyun": "SMS_1"},
    "review": "approved",
}
# service, role, path, body, table
CREATIONS = [
    ("complaints", "agent", "/api/v1/cases", {"customer": {"id": "C1"}, "description": "漏气"}, "complaint_case"),
    ("gateway", "ops", "/api/v1/sources", {"name": "erp", "kind": "erpnext"}, "source"),
    ("gateway", "admin", "/api/v1/people", {"login": "ann", "name": "安", "roles": ["agent"]}, "person"),
    ("gateway", "admin", "/api/v1/keys", {"owner": "erp", "roles": ["integrator"]}, "machine_key"),
    ("gateway", "admin", "/api/v1/erasures", {"customer_id": "C1"}, "erasure"),
    (
        "gateway",
        "ops",
        "/api/v1/endpoints",
        {"name": "city", "url": "https://93.184.216.34/hook", "sources": "*"},
        "endpoint",
    ),
    ("notifications", "supervisor", "/api/v1/opt-outs", {"customer_id": "C1"}, "opt_out"),
    (
        "notifications",
        "supervisor",
        "/api/v1/consents",
        {"customer_id": "C1", "how": "签字", "text": "同意"},
        "consent",
    ),
    (
        "notifications",
        "supervisor",
        "/api/v1/sends",
        {"customer_id": "C1", "template": "hello", "phone": "13800138000"},
        "send",
    ),
    ("scheduler", "policy_owner", "/api/v1/packs", PACK, "policy_version"),
]


@pytest.mark.parametrize(
    ("service", "role", "path", "body", "table"), CREATIONS, ids=[f"{c[0]} {c[2]}" for c in CREATIONS]
)
async def test_the_same_key_twice_is_one_row_and_one_answer(
    service: str, role: str, path: str, body: dict[str, Any], table: str, service_dsn: Dsn, clock: ManualClock
) -> None:
    async with (
        serve(create_app(service), settings_class(service), await service_dsn(service), clock=clock) as served,
        served.client(role) as client,
    ):
        if path == "/api/v1/sends":
            assert (await client.post("/api/v1/templates", json=TEMPLATE)).status_code == 200
        before = await count(served, table)
        key = {"Idempotency-Key": "k1"}
        first = await client.post(path, json=body, headers=key)
        again = await client.post(path, json=body, headers=key)
        assert first.status_code in (200, 201), first.text
        assert (again.status_code, again.json()) == (first.status_code, first.json())
        assert "Idempotent-Replayed" not in first.headers
        assert again.headers["Idempotent-Replayed"] == "true"
        assert await count(served, table) == before + 1
        changed = await client.post(path, json=body | {"note": "another"}, headers=key)
        assert (changed.status_code, changed.json()["title"]) == (422, "提交的内容有误")
        assert await count(served, table) == before + 1


async def count(served: Served, table: str) -> int:
    async with served.runtime.db.read() as session:
        return int((await session.execute(text(f'SELECT count(*) FROM "{table}"'))).scalar_one())


async def test_what_is_shown_only_once_does_not_rest_in_clear(service_dsn: Dsn, clock: ManualClock) -> None:
    async with (
        serve(create_app("gateway"), settings_class("gateway"), await service_dsn("gateway"), clock=clock) as served,
        served.client("ops") as client,
    ):
        issued = await client.post(
            "/api/v1/sources", json={"name": "erp", "kind": "erpnext"}, headers={"Idempotency-Key": "k1"}
        )
        async with served.runtime.db.read() as session:
            kept = bytes((await session.execute(text("SELECT body FROM idempotency_key"))).scalar_one())
    assert issued.json()["secret"].encode() not in kept
    assert issued.json()["token"].encode() not in kept


# service, role, creating path and body, path of the made thing, then changes of it: method, path behind it, body
CHANGES: list[tuple[str, str, tuple[str, Any], str, list[tuple[str, str, Any]]]] = [
    (
        "complaints",
        "supervisor",
        ("/api/v1/cases", {"customer": {"id": "C1"}, "description": "漏气", "branch": "CD"}),
        "/api/v1/cases/{id}",
        [
            ("POST", "/assign", {"unit": "CD"}),
            ("POST", "/resolve", {"measures": "已修"}),
            ("POST", "/reopen", {"reason": "未修好"}),
            ("POST", "/close", {"reason": "客户确认", "customer_opinion": "满意"}),
            ("POST", "/reject", {"reason": "重复"}),
            ("POST", "/escalate", {"note": "超时"}),
            ("POST", "/remarks", {"text": "已复核"}),
            ("POST", "/promise", {"next_reply_at": "2026-03-03T10:00:00+08:00"}),
        ],
    ),
    (
        "gateway",
        "ops",
        ("/api/v1/sources", {"name": "erp", "kind": "odoo"}),
        "/api/v1/sources/{name}",
        [("PATCH", "", {"enabled": True}), ("POST", "/rotate", {"grace_hours": 1})],
    ),
    (
        "gateway",
        "admin",
        ("/api/v1/people", {"login": "ann", "name": "安", "roles": ["agent"]}),
        "/api/v1/people/{login}",
        [
            ("PATCH", "", {"shift": "08:30-17:30"}),
            ("POST", "/disable", None),
            ("POST", "/enable", None),
            ("POST", "/reset-password", None),
        ],
    ),
    (
        "gateway",
        "admin",
        ("/api/v1/keys", {"owner": "erp", "roles": ["integrator"]}),
        "/api/v1/keys/{id}",
        [
            ("POST", "/expire", {"ends_at": "2027-01-01T00:00:00+08:00"}),
            ("POST", "/rotate", {"grace_hours": 1}),
            ("POST", "/revoke", {"reason": "泄露"}),
        ],
    ),
    (
        "gateway",
        "ops",
        ("/api/v1/endpoints", {"name": "city", "url": "https://93.184.216.34/hook", "sources": "*"}),
        "/api/v1/endpoints/{id}",
        [("PATCH", "", {"sources": "/hotline/*"})],
    ),
    (
        "scheduler",
        "policy_owner",
        ("/api/v1/packs", PACK),
        "/api/v1/policies/all",
        [("POST", "/disable", None), ("POST", "/enable", None)],
    ),
]


@pytest.mark.parametrize(("service", "role", "creation", "thing", "changes"), CHANGES, ids=[c[3] for c in CHANGES])
async def test_a_change_of_an_outdated_version_is_refused(
    service: str,
    role: str,
    creation: tuple[str, Any],
    thing: str,
    changes: list[tuple[str, str, Any]],
    service_dsn: Dsn,
    clock: ManualClock,
) -> None:
    async with (
        serve(create_app(service), settings_class(service), await service_dsn(service), clock=clock) as served,
        served.client(role) as client,
    ):
        made = (await client.post(creation[0], json=creation[1])).json()
        path = thing.format_map(made)
        for method, action, body in changes:
            seen = (await client.get(path)).headers["ETag"]
            assert seen == f'"{int(seen.strip(chr(34)))}"'
            stale = f'"{int(seen.strip(chr(34))) - 1}"'
            refused = await change(client, method, path + action, body, {"If-Match": stale})
            assert (refused.status_code, refused.json()["title"]) == (412, "内容已被他人修改，请刷新后重试"), action
            assert (await client.get(path)).headers["ETag"] == seen
            assert (await change(client, method, path + action, body, {})).status_code == 428
            done = await change(client, method, path + action, body, {"If-Match": seen})
            assert done.status_code in (200, 409), (action, done.text)
            if done.status_code == 200:
                assert done.headers["ETag"] != seen


async def change(
    client: httpx.AsyncClient, method: str, path: str, body: Any, headers: dict[str, str]
) -> httpx.Response:
    return await client.request(method, path, json=body, headers=headers)
