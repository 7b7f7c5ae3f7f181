"""Keyset pagination: an opaque cursor over (sort value, id), stable while rows are added."""

import base64
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

import orjson
from fastapi import Query
from pydantic import BaseModel, Field

from shared.errors import InvalidInput

T = TypeVar("T")
Cursor = Annotated[str | None, Query(description="上一页给出的 next_cursor；不填为第一页")]
Limit = Annotated[int, Query(ge=1, le=200, description="每页条数")]


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
    except ValueError as error:  # binascii.Error is one
        raise InvalidInput("分页游标无效") from error
    if not isinstance(values, list) or len(values) != length:
        raise InvalidInput("分页游标无效")
    return values


def time_and_id(cursor: str | None) -> tuple[datetime, UUID] | None:
    """Where the page before ended, for rows in order of (time, id). Raises InvalidInput."""
    found: tuple[datetime, UUID] | None = _read(cursor, _moment, UUID)
    return found


def time_and_text(cursor: str | None) -> tuple[datetime, str] | None:
    """The same for rows in order of (time, text)."""
    found: tuple[datetime, str] | None = _read(cursor, _moment, _text)
    return found


def day_and_texts(cursor: str | None) -> tuple[date, str, str] | None:
    """The same for rows in order of (day, text, text)."""
    found: tuple[date, str, str] | None = _read(cursor, date.fromisoformat, _text, _text)
    return found


def id_of(cursor: str | None) -> UUID | None:
    """The same for rows in order of a UUID."""
    return next(iter(_read(cursor, UUID) or ()), None)


def text_of(cursor: str | None) -> str | None:
    """The same for rows in order of a text such as a name."""
    return next(iter(_read(cursor, _text) or ()), None)


def number_of(cursor: str | None) -> int | None:
    """The same for rows in order of a number such as a version."""
    return next(iter(_read(cursor, int) or ()), None)


def _read(cursor: str | None, *readers: Callable[[Any], Any]) -> Any:
    values = decode_cursor(cursor, len(readers))
    if values is None:
        return None
    try:
        return tuple(read(value) for read, value in zip(readers, values, strict=True))
    except (ValueError, TypeError, AttributeError) as error:
        raise InvalidInput("分页游标无效") from error


def _moment(value: str) -> datetime:
    at = datetime.fromisoformat(value)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _text(value: str) -> str:
    if "\0" in value:  # PostgreSQL's text has none
        raise ValueError(value)
    return value


def page_by_name(rows: Sequence[T], cursor: str | None, limit: int, name: Callable[[T], str]) -> Page[T]:
    """A page of a list so short that it is read whole (what people wrote by hand: policies, templates, sources)."""
    after = text_of(cursor)
    ordered = sorted((row for row in rows if after is None or name(row) > after), key=name)
    items, following = paged(ordered[: limit + 1], limit, lambda row: (name(row),))
    return Page(items=items, next_cursor=following)


def paged(rows: Sequence[T], limit: int, key: Callable[[T], tuple[Any, ...]]) -> tuple[list[T], str | None]:
    """Cut `limit + 1` fetched rows to a page and its next cursor."""
    items = list(rows[:limit])
    return items, encode_cursor(*key(items[-1])) if len(rows) > limit else None
