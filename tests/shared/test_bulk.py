"""Many rows in one statement: every column is written by its name, lists and documents come through whole."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson
import pytest
from sqlalchemy import ARRAY, Column, DateTime, Integer, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from shared.bulk import as_rows, changes, columns, insertion, whole_rows
from shared.contracts.common import CustomerCard

NOTES = Table(
    "note",
    MetaData(),
    Column("id", Integer),
    Column("said_at", DateTime(timezone=True)),
    Column("tags", ARRAY(Text)),
    Column("about", JSONB),
)


class Uuid(UUID):
    """As the driver's: a class of its own."""


@dataclass
class Note:
    id: int
    key: UUID
    card: CustomerCard
    about: dict[str, Any] = field(default_factory=dict)


def test_columns_are_cast_to_the_tables_types() -> None:
    source = "unnest(CAST(:id AS INTEGER[]), CAST(:said_at AS TIMESTAMP WITH TIME ZONE[])) AS new (id, said_at)"
    assert columns(NOTES, ["id", "said_at"], "new") == source


def test_a_row_is_inserted_by_the_names_of_its_columns() -> None:
    source = whole_rows("note", "notes")
    assert source == "json_populate_recordset(CAST(NULL AS note), CAST(:notes AS json))"
    assert insertion("note", ["id", "tags"], source) == f"INSERT INTO note (id, tags) SELECT id, tags FROM {source}"
    assert changes(iter(["tags", "about"]), "new") == "tags = new.tags, about = new.about"


@pytest.mark.parametrize("kind", [UUID, Uuid])
def test_rows_are_dataclasses_or_mappings_with_documents(kind: type[UUID]) -> None:
    key = kind("00000000-0000-7000-8000-000000000001")
    note = Note(7, key, CustomerCard(id="C1", name="王"), {"tags": ["a", "b"]})
    read = orjson.loads(as_rows([note, {"id": 8}]))
    assert (read[0]["id"], read[0]["key"], read[0]["about"]) == (7, str(key), {"tags": ["a", "b"]})
    assert (read[0]["card"]["id"], read[0]["card"]["name"], read[1]) == ("C1", "王", {"id": 8})
