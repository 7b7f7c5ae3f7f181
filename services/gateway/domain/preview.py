"""How a raw message is shown: readable, with every phone and ID number masked."""

from typing import Any

import orjson

from shared.privacy import PHONE_FIELDS, mask_phone, mask_text

MOST_CHARACTERS = 65_536
_LONGEST_NUMBER = 64  # characters: one that begins within what is shown is masked whole, though it ends behind it


def preview(body: bytes, limit: int = MOST_CHARACTERS) -> str:
    """The message as text, cut to `limit` characters. What is behind them is not even masked: it may be a MiB."""
    try:
        text = orjson.dumps(_Masked(limit).value(orjson.loads(body), "")).decode()
    except (ValueError, TypeError, RecursionError):
        text = mask_text(body.decode("utf-8", "replace")[: limit + _LONGEST_NUMBER])
    return text if len(text) <= limit else text[:limit] + "…"


class _Masked:
    """Masks values in their order, until `left` characters have been shown; the others are left out."""

    def __init__(self, left: int) -> None:
        self.left = left

    def value(self, value: Any, field: str) -> Any:
        if isinstance(value, dict):
            return {self.text(name, ""): self.value(item, name) for name, item in value.items() if self.left >= 0}
        if isinstance(value, list):
            return [self.value(item, field) for item in value if self.left >= 0]
        if isinstance(value, bool) or value is None:
            self.left -= len("true")
            return value
        text = str(value)
        masked = self.text(text, field)
        return value if masked == text else masked

    def text(self, text: str, field: str) -> str:
        if self.left < 0:
            return ""
        shown = text[: self.left + _LONGEST_NUMBER]
        self.left -= len(shown)
        return mask_phone(shown) if field in PHONE_FIELDS else mask_text(shown)
