"""A look at the audit log goes on from a checkpoint; the command begins at the start, whatever the checkpoints say."""

import time
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from fastapi import FastAPI
from prometheus_client import REGISTRY

from deploy.commands.audit import check
from shared.audit import SEAL, START, Entry, chain
from shared.audit_check import CHECK, CHECKPOINT_EVERY, look
from shared.auth import Principal, Role
from shared.clock import ManualClock
from shared.http import audit
from shared.runtime import Service
from shared.service import build_app
from shared.settings import ServiceSettings
from shared.testing import Served, serve

WHO = Principal("1001", (Role.AGENT,))
OFF = "ALTER TABLE {0} DISABLE TRIGGER ALL"
TABLES = ("audit_log", "audit_chain", "audit_checkpoint")


def create_app(settings: ServiceSettings, clock: ManualClock, broker: object) -> FastAPI:
    return build_app(Service("audited", "审计", settings), clock, broker)  # type: ignore[arg-type]


@pytest.fixture
async def served(core_dsn: str, clock: ManualClock) -> AsyncIterator[Served]:
    """Ten entries, found whole from the start, and five behind that checkpoint."""
    async with serve(create_app, ServiceSettings, core_dsn, clock=clock) as served:
        await done(served, 10)
        await CHECK.run(served.runtime)
        clock.advance(timedelta(hours=1))
        await done(served, 5)
        yield served


async def done(served: Served, times: int) -> None:
    for number in range(times):
        async with served.runtime.db.work() as work:
            await audit(work, WHO, "thing.changed", str(number))
    while await SEAL.run(served.runtime):
        pass


async def execute(served: Served, statement: str, *values: object) -> Any:
    """As somebody who may do anything to the database, triggers included."""
    connection = await asyncpg.connect(served.runtime.db.dsn)
    try:
        for table in TABLES:
            await connection.execute(OFF.format(table))
        return await connection.fetch(statement, *values)
    finally:
        await connection.close()


async def looked(served: Served) -> dict[str, Any]:
    async with served.client("auditor") as client:
        answer = await client.get("/api/v1/audit-log/chain")
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    assert told["whole"] is (told["wrong"] == "")
    return told


async def verified(served: Served, kept: dict[int, bytes] | None = None) -> str:
    """What `huifang audit verify` finds."""
    return (await check(served.runtime.db.dsn, kept or {})).wrong


# --- what a look computes, and what it says of the rest


async def test_a_look_says_up_to_where_the_log_was_computed_from_its_start_and_when(
    served: Served, clock: ManualClock
) -> None:
    told = await looked(served)
    assert (told["wrong"], told["entries"], told["from_start_entries"]) == ("", 15, 10)
    assert told["from_start_at"] == (clock.now() - timedelta(hours=1)).isoformat().replace("+00:00", "Z")


async def test_without_a_checkpoint_a_look_begins_at_the_start(served: Served, clock: ManualClock) -> None:
    await execute(served, "DELETE FROM audit_checkpoint")
    told = await looked(served)
    assert (told["wrong"], told["entries"], told["from_start_entries"]) == ("", 15, 15)
    await execute(
        served, "UPDATE audit_log SET principal = 'x' WHERE id = (SELECT entry FROM audit_chain WHERE seq = 3)"
    )
    assert "第 3 条" in (await looked(served))["wrong"]


async def test_what_was_done_behind_the_checkpoint_is_seen_at_once(served: Served) -> None:
    await execute(
        served, "UPDATE audit_log SET principal = 'x' WHERE id = (SELECT entry FROM audit_chain WHERE seq = 12)"
    )
    assert "第 12 条记录或其链接已被修改" in (await looked(served))["wrong"]


async def test_an_entry_slipped_in_since_is_seen_at_once(served: Served) -> None:
    await execute(served, "INSERT INTO audit_log SELECT gen_random_uuid(), max(at), 'x', 'a', 'o', '{}' FROM audit_log")
    await execute(served, "DELETE FROM audit_unsealed")
    assert "不在链上" in (await looked(served))["wrong"]


async def test_what_was_done_below_the_checkpoint_is_found_by_the_command_and_the_next_days_run(
    served: Served, clock: ManualClock
) -> None:
    await execute(
        served, "UPDATE audit_log SET principal = 'x' WHERE id = (SELECT entry FROM audit_chain WHERE seq = 3)"
    )
    assert (await looked(served))["from_start_entries"] == 10  # which is what it says of itself
    assert "第 3 条记录或其链接已被修改" in await verified(served)
    await CHECK.run(served.runtime)
    assert (await looked(served))["wrong"] == ""
    clock.advance(timedelta(days=1))
    await CHECK.run(served.runtime)
    told = await looked(served)
    assert "第 3 条记录或其链接已被修改" in told["wrong"]
    assert (told["entries"], told["from_start_entries"]) == (2, 2)


async def test_a_broken_log_stays_broken_until_it_was_found_whole_from_the_start(
    served: Served, clock: ManualClock
) -> None:
    await execute(
        served, "UPDATE audit_log SET principal = 'x' WHERE id = (SELECT entry FROM audit_chain WHERE seq = 3)"
    )
    for hours in (25, 1, 1):
        clock.advance(timedelta(hours=hours))
        await CHECK.run(served.runtime)
    assert "第 3 条" in (await looked(served))["wrong"]
    assert len(await execute(served, "SELECT FROM audit_checkpoint")) == 2
    assert broken() == 1
    await execute(served, "UPDATE audit_log SET principal = '1001'")
    clock.advance(timedelta(days=1))
    await CHECK.run(served.runtime)
    assert (await looked(served))["wrong"] == ""
    assert broken() == 0


def broken() -> float | None:
    """What the alert AuditLogBroken asks for."""
    return REGISTRY.get_sample_value("huifang_audit_log_broken", {"service": "audited"})


# --- checkpoints that somebody made


NOTED = "INSERT INTO audit_checkpoint (at, from_start, seq, hash, wrong) VALUES (now(), $1, $2, $3, '')"


async def test_a_false_checkpoint_is_seen_by_every_look_and_by_the_command(served: Served) -> None:
    await execute(served, NOTED, False, 14, b"x" * 32)
    assert "第 14 条的校验值与所存的不同" in (await looked(served))["wrong"]
    assert "第 14 条的校验值与所存的不同" in await verified(served)


async def test_a_checkpoint_of_links_that_are_not_there_is_seen(served: Served) -> None:
    await execute(served, NOTED, True, 20, b"x" * 32)
    assert "第 20 条的链接缺失" in (await looked(served))["wrong"]
    assert "第 15 条之后的记录已被删除" in await verified(served)


async def test_a_checkpoint_put_above_a_change_hides_it_from_looks_alone(served: Served, clock: ManualClock) -> None:
    await execute(
        served, "UPDATE audit_log SET principal = 'x' WHERE id = (SELECT entry FROM audit_chain WHERE seq = 12)"
    )
    (newest,) = await execute(served, "SELECT seq, hash FROM audit_chain ORDER BY seq DESC LIMIT 1")
    await execute(served, NOTED, True, newest["seq"], newest["hash"])
    assert "第 12 条" in await verified(served)
    clock.advance(timedelta(days=1))
    await CHECK.run(served.runtime)
    assert "第 12 条" in (await looked(served))["wrong"]


async def test_a_log_that_was_rewritten_as_a_whole_is_found_by_its_checkpoints(served: Served) -> None:
    await execute(served, "UPDATE audit_log SET principal = 'x' WHERE object = '2'")
    rows = await execute(served, "SELECT log.* FROM audit_log AS log JOIN audit_chain ON entry = log.id ORDER BY seq")
    entries = [Entry(row["id"], row["at"], row["principal"], row["action"], row["object"], {}) for row in rows]
    for link in chain((0, START), entries):
        await execute(served, "UPDATE audit_chain SET hash = $1 WHERE seq = $2", link.hash, link.seq)
    assert "第 10 条的校验值与所存的不同" in await verified(served)
    assert "第 10 条的校验值与所存的不同" in (await looked(served))["wrong"]


async def test_newest_entries_that_were_cut_off_with_their_links_are_missed_by_a_checkpoint(served: Served) -> None:
    ids = "(SELECT entry FROM audit_chain WHERE seq > 8)"
    await execute(served, f"DELETE FROM audit_log WHERE id IN {ids}")
    await execute(served, "DELETE FROM audit_chain WHERE seq > 8")
    assert "第 8 条之后的记录已被删除" in await verified(served)
    assert "第 10 条的链接缺失" in (await looked(served))["wrong"]


# --- a long life


MANY = 30_000


async def fill(served: Served, many: int) -> None:
    """`many` entries with their links, as years would have left them."""
    async with served.runtime.db.work() as work:
        now, newest = work.now(), (0, START)
    connection = await asyncpg.connect(served.runtime.db.dsn)
    try:
        ids = [row[0] for row in await connection.fetch("SELECT gen_random_uuid() FROM generate_series(1, $1)", many)]
        entries = [Entry(one, now, "1001", "phone.revealed", str(n), {"reason": "回访"}) for n, one in enumerate(ids)]
        columns = ["id", "at", "principal", "action", "object", "detail"]
        await connection.execute("ALTER TABLE audit_log DISABLE TRIGGER audit_note")
        rows = [(e.id, e.at, e.principal, e.action, e.object, '{"reason": "回访"}') for e in entries]
        await connection.copy_records_to_table("audit_log", records=rows, columns=columns)
        links = [(each.seq, each.entry, each.hash) for each in chain(newest, entries)]
        await connection.copy_records_to_table("audit_chain", records=links, columns=["seq", "entry", "hash"])
        await connection.execute("ALTER TABLE audit_log ENABLE TRIGGER audit_note; ANALYZE audit_log, audit_chain")
    finally:
        await connection.close()


async def test_a_look_at_a_long_log_computes_what_is_new_alone(core_dsn: str, clock: ManualClock) -> None:
    async with serve(create_app, ServiceSettings, core_dsn, clock=clock) as served:
        await fill(served, MANY)

        async def seconds() -> float:
            started = time.process_time()
            async with served.runtime.db.read() as session:
                seen = await look(session, clock.now())
            assert (seen.now.newest[0], seen.now.wrong) == (MANY, "")
            return time.process_time() - started

        whole = await seconds()
        await CHECK.run(served.runtime)
        quick = min([await seconds() for _ in range(3)])
        assert quick < whole / 10, (quick, whole)


async def test_checkpoints_follow_the_log_so_that_looks_stay_quick_within_the_day(
    core_dsn: str, clock: ManualClock
) -> None:
    async with serve(create_app, ServiceSettings, core_dsn, clock=clock) as served:
        await CHECK.run(served.runtime)
        await fill(served, CHECKPOINT_EVERY - 1)
        await CHECK.run(served.runtime)
        await done(served, 1)
        for _ in range(2):
            await CHECK.run(served.runtime)
        noted = await execute(served, "SELECT from_start, seq, wrong FROM audit_checkpoint ORDER BY id")
        assert [tuple(row) for row in noted] == [(True, 0, ""), (False, CHECKPOINT_EVERY, "")]
