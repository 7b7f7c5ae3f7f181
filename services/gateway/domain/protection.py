"""Personal data is sealed or masked before anything is kept or published."""

import re
from typing import Any

from shared.privacy import PHONE_FIELDS, PREFIX, Sealer, mask_text

_SHORTEST = 7
_NUMBER = re.compile(r"\d{3}[- ]?\d{4}")
_CHINESE = re.compile(r"[\u4e00-\u9fff]")


class ForeignToken(ValueError):
    """A sealed number that this deployment did not seal: nobody could ever dial it."""


def protect(value: Any, sealer: Sealer, field: str = "") -> Any:
    """Number fields sealed; numbers inside Chinese free text masked (the raw message keeps the full text, sealed).

    Raises ForeignToken.
    """
    if isinstance(value, str):
        return _protect_text(value, sealer, field)
    if isinstance(value, dict):
        return {name: protect(item, sealer, name) for name, item in value.items()}
    if isinstance(value, list):
        return [protect(item, sealer, field) for item in value]
    return sealer.seal_tree(value, field) if isinstance(value, int) else value


def _protect_text(value: str, sealer: Sealer, field: str) -> str:
    if value.startswith(PREFIX):
        return _own_token(value, sealer)
    if field not in PHONE_FIELDS and (len(value) < _SHORTEST or not _NUMBER.search(value)):
        return value
    sealed: str = sealer.seal_tree(value, field)
    return mask_free_text(value) if sealed is value else sealed


def _own_token(token: str, sealer: Sealer) -> str:
    try:
        sealer.unseal(token)
    except ValueError as error:
        raise ForeignToken from error
    return token


def mask_free_text(value: Any) -> Any:
    """Phone and ID numbers masked in every Chinese text of a JSON value; codes and sealed tokens stay."""
    if isinstance(value, str):
        return mask_text(value) if _CHINESE.search(value) else value
    if isinstance(value, dict):
        return {name: mask_free_text(item) for name, item in value.items()}
    if isinstance(value, list):
        return [mask_free_text(item) for item in value]
    return value
