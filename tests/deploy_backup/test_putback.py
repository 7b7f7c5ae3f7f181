"""A backup gives back every row, refuses what it must not restore, and changes nothing when it refuses."""

import asyncio
import gzip
import json
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from deploy.backup import putback
from deploy.backup.beside import copy_files, put_files, require_room, require_whole_files
from deploy.backup.catalogue import in_order, sequences_of, tables_of
from deploy.backup.kafka import require_empty
from deploy.backup.manifest import NAME, BackupUnusable, KeptTime, Manifest, read_manifest, write_manifest
from deploy.backup.take import take
from deploy.local.settings import SERVICES
from shared import migrations
from shared.clock import SystemClock
from shared.contracts import registry
from shared.contracts.base import INTAKE
from shared.messaging.broker import Message
from shared.messaging.kafka import KafkaBroker

Dsns = dict[str, str]
KEY = "0" * 32
TIME = KeptTime(spec="2026-03-01T00:00+08:00@1440", anchor=1.5, seen=2.5)
# a text with all that COPY escapes, a time with a zone, bytes, a day's partition, what a trigger watches, what refers to what
EVERYWHERE = r"""
    CREATE TABLE inbox_20260302 PARTITION OF inbox FOR VALUES FROM ('2026-03-02') TO ('2026-03-03');
    INSERT INTO inbox VALUES ('t', '2026-03-02', gen_random_uuid());
    INSERT INTO outbox (shard, topic, key, headers, value, at)
        VALUES (3, 't-v1', E'客户\t一\\N\n\r''"', '\x00ff', '\x5c2e0a', '2026-03-02T10:00:00.123456+08');
    INSERT INTO audit_log VALUES (gen_random_uuid(), now(), 'p', 'a', 'o', '{"说": "一\n二"}');
"""
COMPLAINTS = """
    SELECT nextval('case_no_seq'), nextval('case_no_seq');
"""


async def run(dsn: str, statements: str) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute(statements)
    await connection.close()


async def content(dsn: str) -> dict[str, Any]:
    """Every row of every table as text, and the sequences."""
    connection = await asyncpg.connect(dsn)
    found: dict[str, Any] = {"sequences": await sequences_of(connection)}
    for table in await tables_of(connection):
        found[table] = [row[0] for row in await connection.fetch(f'SELECT t::text FROM "{table}" t ORDER BY 1')]
    await connection.close()
    return found


@pytest.fixture
async def full(service_dsn: Callable[[str], Awaitable[str]]) -> Dsns:
    dsns = {service: await service_dsn(service) for service in SERVICES}
    for dsn in dsns.values():
        await run(dsn, EVERYWHERE)
    await run(dsns["complaints"], COMPLAINTS)
    return dsns


@pytest.fixture
async def empty(service_dsn: Callable[[str], Awaitable[str]]) -> Dsns:
    """As a hook that migrates leaves them; one without any table."""
    return {service: await service_dsn(service if service != "analytics" else "") for service in SERVICES}


@pytest.fixture
async def backup(full: Dsns, tmp_path: Path) -> Path:
    await take(full, tmp_path / "backup", KEY, SystemClock(), TIME, nothing)
    return tmp_path / "backup"


def nothing(name: str, size: int) -> None:
    """Nobody watches."""


async def restored(backup: Path, dsns: Dsns) -> None:
    await putback.put_back(dsns, backup, putback.check(backup, nothing), nothing)


async def test_every_row_comes_back_and_what_watches_over_it_too(full: Dsns, empty: Dsns, backup: Path) -> None:
    manifest = putback.check(backup, nothing)
    assert manifest.clock == TIME
    await restored(backup, empty)
    for service in SERVICES:
        assert await content(empty[service]) == await content(full[service]), service
        connection = await asyncpg.connect(empty[service])
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("DELETE FROM audit_log")
        assert await connection.fetchval("SELECT count(*) FROM audit_unsealed") == 1, "put back, not noted again"
        await connection.close()
    await run(empty["complaints"], "INSERT INTO audit_log VALUES (gen_random_uuid(), now(), 'p', 'a', 'o')")
    assert len((await content(empty["complaints"]))["audit_unsealed"]) == 2, "and what comes is noted"


async def test_a_database_in_use_is_refused_and_none_is_touched(empty: Dsns, backup: Path) -> None:
    await run(
        empty["visits"], "INSERT INTO outbox (shard, topic, key, headers, value, at) VALUES (0,'','','','',now())"
    )
    before = {service: await content(dsn) for service, dsn in empty.items()}
    with pytest.raises(BackupUnusable, match=r"visits.*outbox"):
        await restored(backup, empty)
    assert {service: await content(dsn) for service, dsn in empty.items()} == before


async def test_a_database_that_a_service_is_connected_to_is_refused(empty: Dsns, backup: Path) -> None:
    service = await asyncpg.connect(empty["gateway"], server_settings={"application_name": "huifang-gateway-http"})
    with pytest.raises(BackupUnusable, match=r"gateway.*停止"):
        await restored(backup, empty)
    await service.close()


async def test_a_restore_that_was_cut_off_leaves_all_empty_and_may_be_repeated(
    full: Dsns, empty: Dsns, backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put, calls = putback._put_rows, 0

    async def dies(*given: Any) -> None:
        nonlocal calls
        calls += 1
        await put(*given)
        if calls == len(SERVICES):
            raise RuntimeError("the power went")

    monkeypatch.setattr(putback, "_put_rows", dies)
    with pytest.raises(RuntimeError, match="power"):
        await restored(backup, empty)
    assert {len((await content(dsn))["outbox"]) for dsn in empty.values()} == {0}
    monkeypatch.setattr(putback, "_put_rows", put)
    await restored(backup, empty)
    assert await content(empty["gateway"]) == await content(full["gateway"])


async def test_what_an_older_version_wrote_is_brought_to_this_one(
    full: Dsns, empty: Dsns, service_dsn: Callable[[str], Awaitable[str]], tmp_path: Path
) -> None:
    older = await service_dsn("")
    await asyncio.to_thread(migrations.upgrade, "visits", older, "0009")
    await run(older, EVERYWHERE)
    await take(full | {"visits": older}, tmp_path / "b", KEY, SystemClock(), None, nothing)
    assert read_manifest(tmp_path / "b").services["visits"].revision == "0009"
    await restored(tmp_path / "b", empty)
    found = await content(empty["visits"])

    assert found.keys() == (await content(full["visits"])).keys()
    assert len(found["outbox"]) == 1


def damaged(backup: Path) -> dict[str, Callable[[Path], object]]:
    """Ways in which the backup in a folder can suffer."""
    outbox = "visits/outbox.copy.gz"
    whole = read_manifest(backup)

    def bit(folder: Path) -> None:
        rows = gzip.decompress((folder / outbox).read_bytes())
        (folder / outbox).write_bytes(gzip.compress(rows.replace(b"t-v1", b"t-v2")))

    def key(folder: Path) -> None:
        (folder / NAME).write_text((folder / NAME).read_text().replace(KEY, "1" * 32))

    return {
        "a row": bit,
        "a file": lambda folder: (folder / outbox).unlink(),
        "no manifest": lambda folder: (folder / NAME).unlink(),
        "a changed manifest": key,
        "a cut manifest": lambda folder: (folder / NAME).write_text((folder / NAME).read_text()[:300]),
        "a service": lambda folder: write_manifest(folder, whole.model_copy(update={"services": {}})),
    }


async def test_what_is_damaged_is_refused_before_anything_is_changed(backup: Path, tmp_path: Path) -> None:
    for name, damage in damaged(backup).items():
        folder = tmp_path / name
        await asyncio.to_thread(shutil.copytree, backup, folder)
        damage(folder)
        with pytest.raises(BackupUnusable, match=r"完整|损坏"):
            putback.check(folder, nothing)
            pytest.fail(name)


def test_files_beside_the_databases_come_back_private_and_whole(tmp_path: Path) -> None:
    kept, target = tmp_path / "kept", tmp_path / "target"
    (kept / "a").mkdir(parents=True)
    (kept / "a" / "photo").write_bytes(b"sealed")
    (kept / "signature").write_bytes(b"")
    (kept / "half#1").write_bytes(b"being written")
    copies = copy_files(kept, tmp_path / "backup")
    assert copies.keys() == {"a/photo", "signature"}
    require_whole_files(copies, tmp_path / "backup")
    require_room(copies, target)
    put_files({"signature": copies["signature"]}, tmp_path / "backup", target)  # and then it was cut off
    require_room(copies, target)
    put_files(copies, tmp_path / "backup", target)
    assert (target / "a" / "photo").read_bytes() == b"sealed"
    assert not [path for path in target.rglob("*") if path.stat().st_mode & 0o066]
    (target / "signature").write_bytes(b"another's")
    with pytest.raises(BackupUnusable, match="signature"):
        require_room(copies, target)
    for damage in (b"other", None):
        stored = tmp_path / "backup" / "files" / "a" / "photo"
        stored.unlink()
        if damage:
            stored.write_bytes(damage)
        with pytest.raises(BackupUnusable, match=r"a/photo"):
            require_whole_files(copies, tmp_path / "backup")
    with pytest.raises(BackupUnusable, match="不在备份目录"):
        require_whole_files({"../manifest.json": copies["signature"]}, tmp_path / "backup")


def newer(manifest: Manifest) -> Manifest:
    visits = manifest.services["visits"].model_copy(update={"revision": "9999"})
    return manifest.model_copy(update={"services": {**manifest.services, "visits": visits}})


async def test_what_a_newer_version_wrote_is_refused(backup: Path) -> None:
    manifest = read_manifest(backup)
    write_manifest(backup, newer(manifest))
    with pytest.raises(BackupUnusable, match="升级"):
        putback.check(backup, nothing)
    stored = json.loads((backup / NAME).read_text())
    stored["backup"] |= {"format": 2, "what nobody knows yet": 1}
    (backup / NAME).write_text(json.dumps(stored))
    with pytest.raises(BackupUnusable, match="比本程序认识的"):
        putback.check(backup, nothing)


async def test_another_data_key_is_refused(backup: Path) -> None:
    with pytest.raises(BackupUnusable, match="数据密钥"):
        putback.require_key(read_manifest(backup), "1" * 32)


def test_nobody_else_reads_a_backup(backup: Path) -> None:
    assert not [path for path in (backup, *backup.rglob("*")) if path.stat().st_mode & 0o077]


async def test_a_folder_that_holds_something_is_not_written_over(full: Dsns, backup: Path) -> None:
    with pytest.raises(BackupUnusable, match="空目录"):
        await take(full, backup, KEY, SystemClock(), None, nothing)
    putback.check(backup, nothing)


async def test_kafka_must_have_the_topics_and_nothing_in_them(kafka_broker: KafkaBroker, topic_prefix: str) -> None:
    with pytest.raises(BackupUnusable, match="没有主题"):
        await require_empty(kafka_broker.bootstrap, topic_prefix)
    await kafka_broker.ensure_topics({topic_prefix + topic: 1 for topic in registry.topics()})
    await require_empty(kafka_broker.bootstrap, topic_prefix)
    producer = await kafka_broker.producer()
    await producer.publish([Message(topic_prefix + INTAKE, "C1", [], b"{}")])
    await producer.stop()
    with pytest.raises(BackupUnusable, match=f"{topic_prefix}{INTAKE}"):
        await require_empty(kafka_broker.bootstrap, topic_prefix)


def test_tables_come_after_those_they_refer_to() -> None:
    assert in_order({"c": {"b"}, "a": set(), "b": {"a"}}) == ["a", "b", "c"]
    with pytest.raises(ValueError, match="circle"):
        in_order({"a": {"b"}, "b": {"a"}})
