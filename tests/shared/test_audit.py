"""The audit log: only added to, chained, readable by auditors, and any change of it is found."""

from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st

from deploy.commands.audit import check
from shared.audit import SEAL, START, Entry, chain
from shared.audit_check import fault
from shared.auth import Principal, Role
from shared.clock import ManualClock
from shared.http import audit
from shared.runtime import Service
from shared.service import build_app
from shared.settings import ServiceSettings
from shared.testing import Served, serve

WHO = Principal("1001", (Role.AGENT,))


def create_app(settings: ServiceSettings, clock: ManualClock, broker: object) -> FastAPI:
    return build_app(Service("audited", "审计", settings), clock, broker)  # type: ignore[arg-type]


@pytest.fixture
async def served(core_dsn: str, clock: ManualClock):
    async with serve(create_app, ServiceSettings, core_dsn, clock=clock) as served:
        async with served.runtime.db.work() as work:
            for number in range(5):
                await audit(work, WHO, "thing.changed", str(number), 备注="改", size=1.5, at=work.now())
        while await SEAL.run(served.runtime):
            pass
        yield served


async def trouble(served: Served, kept: dict[int, bytes] | None = None) -> str:
    return (await check(served.runtime.db.dsn, kept or {})).wrong


async def execute(served: Served, *statements: str) -> None:
    """As somebody who may do anything to the database."""
    connection = await asyncpg.connect(served.runtime.db.dsn)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


OFF = "ALTER TABLE audit_log DISABLE TRIGGER ALL; ALTER TABLE audit_chain DISABLE TRIGGER ALL"


@pytest.mark.parametrize(
    "statement",
    ["UPDATE {} SET {} = {}", "DELETE FROM {}", "TRUNCATE {}"],
)
@pytest.mark.parametrize(
    ("table", "column"), [("audit_log", "principal"), ("audit_chain", "hash"), ("audit_checkpoint", "hash")]
)
async def test_entries_links_and_checkpoints_are_neither_changed_nor_deleted(
    served: Served, statement: str, table: str, column: str
) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await execute(served, statement.format(table, column, column))
    assert await trouble(served) == ""


INSERTED = """
    INSERT INTO audit_log SELECT gen_random_uuid(), at, 'x', action, object, detail FROM audit_log LIMIT 1;
    DELETE FROM audit_unsealed
"""


@pytest.mark.parametrize(
    ("done", "found"),
    [
        ("UPDATE audit_log SET principal = 'x' WHERE object = '2'", "第 3 条记录或其链接已被修改"),
        ("UPDATE audit_log SET detail = detail || '{\"a\": 1}' WHERE object = '0'", "第 1 条记录或其链接已被修改"),
        ("DELETE FROM audit_log WHERE object = '1'", "第 2 条记录已被删除"),
        ("DELETE FROM audit_chain WHERE seq = 2", "第 2 条的链接缺失"),
        ("UPDATE audit_chain SET hash = sha256('x') WHERE seq = 5", "第 5 条记录或其链接已被修改"),
        (INSERTED, "不在链上"),
    ],
)  # fmt: skip
async def test_what_was_done_to_the_log_is_found(served: Served, done: str, found: str) -> None:
    await execute(served, OFF, done) if "INSERT" not in done else await execute(served, done)
    assert found in await trouble(served)


async def test_newest_entries_that_were_cut_off_are_missed_by_whoever_kept_a_link(served: Served) -> None:
    checked = await check(served.runtime.db.dsn, {})
    newest, wrong = checked.newest, checked.wrong
    assert (newest[0], wrong) == (5, "")
    await execute(served, OFF, "DELETE FROM audit_chain WHERE seq = 5", "DELETE FROM audit_log WHERE object = '4'")
    assert await trouble(served) == ""
    assert "第 4 条之后" in await trouble(served, dict([newest]))


async def test_new_entries_go_on_behind_the_newest_and_the_log_stays_whole(served: Served) -> None:
    for _ in range(3):
        async with served.runtime.db.work() as work:
            await audit(work, WHO, "thing.changed", "later")
        await SEAL.run(served.runtime)
    checked = await check(served.runtime.db.dsn, {})
    newest, wrong = checked.newest, checked.wrong
    assert (newest[0], wrong) == (8, "")


async def test_an_auditor_reads_it_and_nobody_else(served: Served) -> None:
    async with served.client("auditor") as client:
        whole = (await client.get("/api/v1/audit-log", params={"limit": 3})).json()
        rest = (await client.get("/api/v1/audit-log", params={"cursor": whole["next_cursor"]})).json()
        none = (await client.get("/api/v1/audit-log", params={"action": "policy."})).json()
        of_one = (await client.get("/api/v1/audit-log", params={"object": "3", "principal": "1001"})).json()
    assert sorted(entry["object"] for entry in whole["items"] + rest["items"]) == ["0", "1", "2", "3", "4"]
    assert none["items"] == []
    assert [entry["detail"]["备注"] for entry in of_one["items"]] == ["改"]
    for role in ("agent", "supervisor", "ops", "integrator", "policy_owner"):
        async with served.client(role) as client:
            assert (await client.get("/api/v1/audit-log")).status_code == 403


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
entries = st.lists(
    st.builds(
        Entry, st.uuids(), st.datetimes(timezones=st.just(UTC)), texts, texts, texts,
        st.dictionaries(texts, st.integers() | texts | st.none(), max_size=3),
    ),
    min_size=2, max_size=6, unique_by=lambda entry: entry.id,
)  # fmt: skip


@given(entries, st.data())
def test_any_entry_changed_or_taken_out_breaks_the_chain(told: list[Entry], data: st.DataObject) -> None:
    links = list(chain((0, START), told))
    before = (0, START)
    for found, entry in zip(links, told, strict=True):
        assert fault(before, found, entry) == ""
        before = (found.seq, found.hash)
    at = data.draw(st.integers(0, len(told) - 1))
    before = (at, links[at - 1].hash if at else START)
    other = Entry(told[at].id, datetime(2000, 1, 1, tzinfo=UTC), *(told[at].principal + "x", "a", "b", {}))
    assert fault(before, links[at], other)
    assert fault(before, links[at], None)
    assert at == 0 or fault((at - 1, START), links[at], told[at])
    assert isinstance(links[at].entry, UUID)
