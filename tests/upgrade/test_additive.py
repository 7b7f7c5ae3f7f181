"""This version beside the one before it: contracts and schemas only grow, so that services of both work at once."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import pytest

from deploy.docs import FOLDER
from deploy.local.settings import ROOT, SERVICES
from shared import migrations
from shared.contracts.generate.compatibility import breaking_changes
from tests.upgrade.base import NO_TAG, commit_of, files, published, versions_before

# `text` takes what `varchar` took, and so on: what the old services write still fits
_WIDER = {("integer", "bigint"), ("smallint", "integer"), ("smallint", "bigint"), ("character varying", "text")}
_COLUMNS = """
    SELECT table_name, column_name, data_type, is_nullable = 'YES' AS nullable,
           column_default IS NOT NULL OR is_identity = 'YES' OR is_generated = 'ALWAYS' AS filled
    FROM information_schema.columns WHERE table_schema = 'public'
"""
_UNIQUE = """
    SELECT conrelid::regclass::text || ' ' || pg_get_constraintdef(oid) AS rule FROM pg_constraint
    WHERE contype IN ('u', 'f', 'p') AND connamespace = 'public'::regnamespace
"""


@dataclass
class Schema:
    """Columns by table and name; `rules` are keys and references."""

    columns: dict[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict)
    rules: set[str] = field(default_factory=set)

    @property
    def tables(self) -> set[str]:
        return {table for table, _ in self.columns}


async def schema_of(dsn: str) -> Schema:
    connection = await asyncpg.connect(dsn)
    rows = await connection.fetch(_COLUMNS)
    rules = {row["rule"] for row in await connection.fetch(_UNIQUE)}
    await connection.close()
    return Schema({(row["table_name"], row["column_name"]): dict(row) for row in rows}, rules)


BEFORE = pytest.mark.parametrize("version", versions_before())
WHOLE = re.compile(rb"INSERT INTO (\w+) SELECT \* FROM jsonb?_populate_recordset")


def written_whole(commit: str, service: str) -> set[str]:
    """The tables into which the services of a version put whole rows: NULL into every column that they do not know."""
    sources = files(commit, f"services/{service}").values()
    return {table.decode() for source in sources for table in WHOLE.findall(source)}


def not_additive(old: Schema, new: Schema, whole: Collection[str] = ()) -> list[str]:
    """What of the new schema a service of the old version would stumble over, a line each; `whole` as `written_whole`."""
    found = [f"{table}: dropped" for table in old.tables - new.tables]
    for (table, name), before in old.columns.items():
        after = new.columns.get((table, name))
        if table not in new.tables:
            continue
        if after is None:
            found.append(f"{table}.{name}: dropped")
        elif (kinds := (before["data_type"], after["data_type"])) != (kinds[0], kinds[0]) and kinds not in _WIDER:
            found.append(f"{table}.{name}: {kinds[0]} became {kinds[1]}")
        elif before["nullable"] and not after["nullable"]:
            found.append(f"{table}.{name}: may no longer be left out")
    found += _unfilled(old, new, whole)
    for rule in new.rules - old.rules:
        table = rule.partition(" ")[0]
        about = {(table, name.strip()) for name in rule.partition("(")[2].partition(")")[0].split(",")}
        if about <= old.columns.keys():
            found.append(f"{rule}: a new rule that the old services do not keep")
    return sorted(found)


def _unfilled(old: Schema, new: Schema, whole: Collection[str]) -> Iterator[str]:
    """New columns of old tables that the old services leave empty where they may not be."""
    for (table, name), after in new.columns.items():
        if (table, name) in old.columns or table not in old.tables or after["nullable"]:
            continue
        if table in whole:
            yield f"{table}.{name}: new, and the old services write whole rows, with NULL for it"
        elif not after["filled"]:
            yield f"{table}.{name}: new, and the old services do not fill it"


def column(kind: str, nullable: bool = False, filled: bool = False) -> dict[str, Any]:
    return {"data_type": kind, "nullable": nullable, "filled": filled}


def test_what_old_services_would_stumble_over_is_told() -> None:
    old = Schema(
        {("a", "id"): column("integer"), ("a", "x"): column("text", nullable=True), ("b", "id"): column("uuid")}
    )
    assert not_additive(old, old) == []
    grown = old.columns | {
        ("a", "id"): column("bigint"),
        ("a", "y"): column("text", filled=True),
        ("c", "id"): column("uuid"),
    }
    assert not_additive(old, Schema(grown, {"c UNIQUE (id)", "a UNIQUE (x, y)"})) == []
    assert not_additive(old, Schema(grown), {"a"}) == [
        "a.y: new, and the old services write whole rows, with NULL for it"
    ]
    bad = {("a", "id"): column("text"), ("a", "x"): column("text"), ("a", "z"): column("text")}
    assert not_additive(old, Schema(bad, {"a UNIQUE (x)"})) == [
        "a UNIQUE (x): a new rule that the old services do not keep",
        "a.id: integer became text",
        "a.x: may no longer be left out",
        "a.z: new, and the old services do not fill it",
        "b: dropped",
    ]


def test_the_version_published_last_is_known() -> None:
    """What follows compares with it, too."""
    if not published():
        pytest.skip(NO_TAG)
    assert commit_of(published())


@BEFORE
def test_contracts_only_grow(version: str) -> None:
    reasons = []
    for name, before in files(commit_of(version), "docs/generated/schemas").items():
        now = FOLDER / "schemas" / name
        found = breaking_changes(json.loads(before), json.loads(now.read_text())) if now.exists() else ["gone"]
        reasons += [f"{name}: {reason}" for reason in found]
    assert reasons == []


@BEFORE
def test_migrations_that_ran_somewhere_are_never_changed(version: str) -> None:
    commit = commit_of(version)
    for service in SERVICES:
        folder = f"services/{service}/migrations/versions"
        for name, before in files(commit, folder).items():
            assert (ROOT / folder / name).read_bytes() == before, f"{folder}/{name}"


@BEFORE
@pytest.mark.parametrize("service", SERVICES)
async def test_schemas_only_grow(service: str, version: str, service_dsn: Callable[[str], Awaitable[str]]) -> None:
    commit = commit_of(version)
    before = max(name[:4] for name in files(commit, f"services/{service}/migrations/versions") if name[:4].isdecimal())
    dsn = await service_dsn("")
    await asyncio.to_thread(migrations.upgrade, service, dsn, before)
    old = await schema_of(dsn)
    await asyncio.to_thread(migrations.upgrade, service, dsn)
    assert not_additive(old, await schema_of(dsn), written_whole(commit, service)) == []
