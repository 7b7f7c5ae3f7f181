"""Many rows in one statement, in two forms: an array for each column (`unnest`), which the driver encodes fastest
(`shared.columns`), where values are plain; whole rows as JSON (`json_populate_recordset`), where some are lists or documents.

Columns are written by their names: one that a later version of a service adds keeps its default. The names in these texts are
those of our own tables and dataclasses; values are bound.
"""

from collections.abc import Iterable
from typing import Any

import orjson
from pydantic import BaseModel
from sqlalchemy import Column, Table
from sqlalchemy.dialects.postgresql import dialect


def columns(table: Table, names: Iterable[str], alias: str) -> str:
    """A source of rows: parameters named as these columns of the table, each a list of its values."""
    named = [*names]
    arrays = ", ".join(f"CAST(:{name} AS {_type(table.c[name])}[])" for name in named)
    return f"unnest({arrays}) AS {alias} ({', '.join(named)})"


def whole_rows(table: str, parameter: str = "rows") -> str:
    """A source of rows of the table: a parameter with what `as_rows` gives."""
    return f"json_populate_recordset(CAST(NULL AS {table}), CAST(:{parameter} AS json))"


def insertion(table: str, names: Iterable[str], source: str) -> str:
    """The beginning of a statement that inserts these columns of all rows of the source."""
    named = ", ".join(names)
    return f"INSERT INTO {table} ({named}) SELECT {named} FROM {source}"  # noqa: S608


def changes(names: Iterable[str], source: str) -> str:
    """What an update sets: these columns as the source has them."""
    return ", ".join(f"{name} = {source}.{name}" for name in names)


def as_rows(values: Iterable[Any]) -> str:
    """Dataclasses or mappings as the parameter of `whole_rows`."""
    return orjson.dumps(list(values), default=_plain).decode()


def _plain(value: Any) -> Any:
    # the driver's UUID is a subclass of Python's, which orjson does not take
    return value.model_dump(mode="json") if isinstance(value, BaseModel) else str(value)


def _type(column: Column[Any]) -> str:
    """A column's type as PostgreSQL writes it."""
    return column.type.compile(dialect())  # type: ignore[no-untyped-call]
