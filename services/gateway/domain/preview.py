"""How a raw message is shown: readable, with every phone and ID number masked."""

from typing import Any

import orjson

from shared.privacy import PHONE_FIELDS, mask_phone, mask_text

MOST_CHARACTERS = 65_536


def preview(body: bytes, limit: int = MOST_CHARACTERS) -> str:
    """The message as text, cut to `limit` characters."""
    try:
        text = orjson.dumps(_masked(orjson.loads(body), "")).decode()
    except (ValueError, TypeError, RecursionError):
        text = mask_text(body.decode("utf-8", "replace"))
    return text if len(text) <= limit else text[:limit] + "…"


def _masked(value: Any, field: str) -> Any:
    if isinstance(value, dict):
        return {mask_text(name): _masked(item, name) for name, item in value.items()}
    if isinstance(value, list):
        return [_masked(item, field) for item in value]
    if isinstance(value, bool) or value is None:
        return value
    text = str(value)
    masked = mask_phone(text) if field in PHONE_FIELDS else mask_text(text)
    return value if masked == text else masked
