"""JSON in and out of statements that take one array per column."""

from typing import Any

import orjson


def dump(value: Any) -> str:
    """JSON text for a jsonb column; instants in ISO 8601."""
    return orjson.dumps(value).decode()


def encode(value: Any) -> bytes:
    """As `dump`, for arrays of many: the driver copies bytes as they are. In statements `convert_from(…, 'UTF8')::jsonb`."""
    return orjson.dumps(value)


def load(value: Any) -> Any:
    """The value of a jsonb column, which untyped statements give as text."""
    return orjson.loads(value) if isinstance(value, str | bytes) else value
