"""JSON in and out of statements that take one array per column."""

from typing import Any

import orjson


def dump(value: Any) -> str:
    """JSON text for a jsonb column; instants in ISO 8601."""
    return orjson.dumps(value).decode()


def load(value: Any) -> Any:
    """The value of a jsonb column, which untyped statements give as text."""
    return orjson.loads(value) if isinstance(value, str | bytes) else value
