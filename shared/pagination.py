"""Keyset pagination: an opaque cursor over (sort value, id), stable while rows are added."""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

import orjson
from pydantic import BaseModel, Field

from shared.errors import InvalidInput

T = TypeVar("T")


class Page(BaseModel, Generic[T]):
    """One page; `next_cursor` is None on the last."""

    items: list[T] = Field(description="本页记录")
    next_cursor: str | None = Field(default=None, description="下一页游标；为空表示已到末页")


def encode_cursor(*values: Any) -> str:
    """Cursor text of JSON-able values (datetimes and UUIDs become strings, the driver's own UUIDs too)."""
    return base64.urlsafe_b64encode(orjson.dumps(values, default=str)).decode().rstrip("=")


def decode_cursor(cursor: str | None, length: int) -> list[Any] | None:
    """The values put in; None for no cursor. Raises InvalidInput on a cursor that is not ours."""
    if not cursor:
        return None
    try:
        values = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError) as error:
        raise InvalidInput("分页游标无效") from error
    if not isinstance(values, list) or len(values) != length:
        raise InvalidInput("分页游标无效")
    return values


def paged(rows: Sequence[T], limit: int, key: Callable[[T], tuple[Any, ...]]) -> tuple[list[T], str | None]:
    """Cut `limit + 1` fetched rows to a page and its next cursor."""
    items = list(rows[:limit])
    return items, encode_cursor(*key(items[-1])) if len(rows) > limit else None
