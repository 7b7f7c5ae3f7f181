"""The audit page: filters in the address, pages, files, and whether the chain is whole."""

import csv
import io
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import asyncpg
import httpx
import pytest
from python_calamine import CalamineWorkbook

from services.gateway.app import create_app
from services.gateway.settings import GatewaySettings
from shared.audit import SEAL
from shared.auth import Principal, Role
from shared.clock import ManualClock
from shared.http import audit
from shared.testing import Served, serve
from shared.testing.events import NOON
from shared.testing.signing_in import session_cookie

BOSS = Principal("zhao.min", (Role.ADMIN,))
ERP = Principal("key:erp", (Role.INTEGRATOR,))
DOOR = {"X-Front-Door": "door-key-of-tests-that-is-long", "X-Forwarded-Prefix": "/gateway", "X-Forwarded-Proto": "http",
        "X-Forwarded-For": "127.0.0.1"}  # fmt: skip


@pytest.fixture
async def served(service_dsn: Callable[[str], Awaitable[str]], clock: ManualClock) -> AsyncIterator[Served]:
    door = {"front_door_key": DOOR["X-Front-Door"]}
    async with serve(create_app, GatewaySettings, await service_dsn("gateway"), clock=clock, **door) as served:
        for number in range(60):
            async with served.runtime.db.work() as work:
                await audit(work, BOSS, "source.changed", f"s{number}", zone="Asia/Shanghai")
            clock.advance(timedelta(hours=1))
        async with served.runtime.db.work() as work:
            await audit(
                work,
                ERP,
                "message.read",
                "m1",
                note="=HYPERLINK(1)",
                phone=served.runtime.sealer.seal("+8613800138000"),
            )
        while await SEAL.run(served.runtime):
            pass
        yield served


async def page(served: Served, path: str, role: str = "auditor", **headers: str) -> httpx.Response:
    cookie = await session_cookie(served, role)
    async with served.client(None, Cookie=cookie, Accept="text/html", **headers) as client:
        return await client.get(path)


def rows(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return re.findall(r"<tr><td>.*?</tr>", answer.text)


async def test_the_page_keeps_its_filters_in_the_address_and_hands_them_to_every_panel(served: Served) -> None:
    query = "principal=zhao.min&action=source.changed&from=2026-03-02&to="
    shown = (await page(served, f"/audit?{query}")).text
    assert 'value="zhao.min"' in shown
    assert re.search(r'value="source.changed" selected>\s*修改来源', shown)
    assert 'hx-get="/fragments/audit?principal=zhao.min&amp;action=source.changed&amp;from=2026-03-02"' in shown
    behind = (await page(served, f"/audit?{query}", **DOOR)).text
    for service in ("gateway", "scheduler", "visits", "complaints", "notifications", "analytics"):
        assert f'hx-get="/{service}/fragments/audit?principal=zhao.min' in behind


async def test_entries_are_shown_in_words_a_page_at_a_time(served: Served) -> None:
    first = await page(served, "/fragments/audit")
    assert len(rows(first)) == 50
    assert "查看原文" in rows(first)[0]
    assert "138****8000" in first.text
    assert "sealed:" not in first.text
    older = re.search(r'hx-get="(/fragments/audit\?cursor=[^"]+)"', first.text)
    assert older
    second = await page(served, older[1])
    assert len(rows(second)) == 11
    assert "最新的" in second.text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("principal=key:erp", 1),
        ("action=source.changed&object=s7", 1),
        ("object=nothing", 0),
        ("from=2026-03-04", 23),
        ("from=2026-03-02&to=2026-03-02", 14),
        ("action=source.&to=2026-03-03", 38),
    ],
)
async def test_what_is_asked_for_is_found(served: Served, query: str, found: int) -> None:
    assert len(rows(await page(served, f"/fragments/audit?{query}"))) == found


async def test_a_broken_chain_is_told_where_it_broke(served: Served) -> None:
    assert "审计链完整，共 61 条" in (await page(served, "/fragments/audit/chain")).text
    connection = await asyncpg.connect(served.runtime.db.dsn)
    await connection.execute("ALTER TABLE audit_log DISABLE TRIGGER ALL")
    await connection.execute("UPDATE audit_log SET principal = 'somebody else' WHERE object = 's3'")
    await connection.close()
    assert "审计链不完整：第 4 条记录或其链接已被修改" in (await page(served, "/fragments/audit/chain")).text
    async with served.client("auditor") as client:
        told: dict[str, Any] = (await client.get("/api/v1/audit-log/chain")).json()
    assert (told["whole"], told["entries"]) == (False, 3)


async def test_it_is_exported_as_csv_and_excel_and_that_is_audited(served: Served) -> None:
    async with served.client("auditor") as client:
        path, asked = "/api/v1/audit-log/export", {"principal": "key:erp"}
        text = await client.get(path, params=asked | {"format": "csv"})
        book = await client.get(path, params=asked | {"format": "xlsx"})
        since = {"from": (NOON + timedelta(hours=58)).isoformat(), "format": "csv"}
        part = await client.get(path, params=since)
        log = (await client.get("/api/v1/audit-log", params={"action": "audit.exported"})).json()["items"]
    header, row = csv.reader(io.StringIO(text.content.decode("utf-8-sig")))
    assert header[:3] == ["时间（东八区）", "操作者", "操作"]
    assert row[1:4] == ["key:erp", "查看原文", "message.read"]
    assert "138****8000" in row[5]
    cells = CalamineWorkbook.from_filelike(io.BytesIO(book.content)).get_sheet_by_index(0).to_python()
    assert [str(cell) for cell in cells[1][:3]] == row[:3]
    assert len(part.content.decode("utf-8-sig").splitlines()) == 1 + 5
    assert [entry["detail"]["rows"] for entry in log] == [5, 1, 1]


async def test_a_cell_never_begins_as_a_formula_does(served: Served) -> None:
    async with served.runtime.db.work() as work:
        await audit(work, Principal("=1+1", (Role.ADMIN,)), "source.changed", "@x")
    async with served.client("auditor") as client:
        text = await client.get("/api/v1/audit-log/export", params={"principal": "=1+1", "format": "csv"})
    (_, row) = csv.reader(io.StringIO(text.content.decode("utf-8-sig")))
    assert (row[1], row[4]) == ("'=1+1", "'@x")


@pytest.mark.parametrize("path", ["/audit", "/fragments/audit", "/fragments/audit/chain", "/api/v1/audit-log/export"])
@pytest.mark.parametrize("role", ["agent", "supervisor", "ops", "integrator", "policy_owner"])
async def test_it_is_for_auditors(served: Served, path: str, role: str) -> None:
    assert (await page(served, path, role)).status_code == 403


async def test_days_of_other_centuries_and_no_days_are_refused_in_words(served: Served) -> None:
    for day in ("9999-12-31", "0001-01-01", "昨天"):
        assert (await page(served, f"/fragments/audit?to={day}")).status_code == 422
