"""Domain values as the rows of one statement."""

from collections.abc import Iterable
from typing import Any

import orjson


def as_rows(values: Iterable[Any]) -> str:
    """JSON for `jsonb_populate_recordset`. asyncpg's own UUID class is written as text."""
    return orjson.dumps(list(values), default=str).decode()
