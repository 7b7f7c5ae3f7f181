"""Services name the columns they write and read: one that a later version adds keeps its default and changes no answer,
so that services of two versions work on one database at once."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RUNNING = ("services", "shared")
TABLE = re.compile(r"CREATE TABLE (?:IF NOT EXISTS )?(\w+)")
WRITTEN = re.compile(r"INSERT INTO\s+(\w+)\s+(?:SELECT|VALUES)\b")
READ = re.compile(r"SELECT\s+(?:DISTINCT ON \([^)]*\)\s+)?\*\s+FROM\s+(\w+)\b(?!\s*\()")
RETURNED = re.compile(r"(?:INSERT INTO|UPDATE|DELETE FROM)\s+(\w+)[^;]*?RETURNING\s+\*")


def sources() -> list[Path]:
    return sorted(path for part in RUNNING for path in (ROOT / part).rglob("*.py") if "node_modules" not in path.parts)


def tables() -> set[str]:
    return {table for path in sources() for table in TABLE.findall(path.read_text())}


def texts(source: str) -> Iterator[str]:
    """All string constants, of an f-string its parts put together with a word for each value."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "value" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def whole_rows(source: str, known: set[str]) -> set[str]:
    """The tables of which this source writes or reads rows without naming their columns."""
    told = {table for said in texts(source) for rule in (WRITTEN, READ, RETURNED) for table in rule.findall(said)}
    return told & known


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO visit SELECT * FROM json_populate_recordset(CAST(NULL AS visit), CAST(:visits AS json))",
        "INSERT INTO visit VALUES (1)",
        "SELECT * FROM visit WHERE id = :id",
        "SELECT DISTINCT ON (id) * FROM visit",
        "WITH gone AS (DELETE FROM visit WHERE id = :id RETURNING *) SELECT id FROM gone",
    ],
)
def test_whole_rows_are_told(statement: str) -> None:
    assert whole_rows(f'A = """{statement}"""', {"visit"}) == {"visit"}
    assert whole_rows(f'A = f"""{statement} {{b}}"""', {"visit"}) == {"visit"}


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO visit (id, state) SELECT * FROM unnest(:ids, :states)",
        "SELECT id FROM visit WHERE id IN (SELECT * FROM unnest(:ids))",
        "DELETE FROM visit WHERE id = :id RETURNING id",
    ],
)
def test_named_columns_are_fine(statement: str) -> None:
    assert whole_rows(f'A = """{statement}"""', {"visit"}) == set()


def test_services_name_the_columns_of_their_tables() -> None:
    known = tables()
    assert {"visit", "receipt", "task", "outbox", "rollup"} <= known
    found = {
        str(path.relative_to(ROOT)): whole
        for path in sources()
        if "migrations" not in path.parts and (whole := whole_rows(path.read_text(), known))
    }
    assert found == {}
