"""What is wrong with something received, in words its sender understands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from shared.invalid import in_words, place
from shared.privacy import mask_text


@dataclass(frozen=True, slots=True)
class FieldError:
    """`field` is a path (`data.customer.id`), a column name, or "" for the whole; `reason` is Chinese.

    A word of the sender that the reason repeats is masked: it may be a number in the wrong column.
    """

    field: str
    reason: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "reason", mask_text(self.reason))


def joined(errors: Sequence[FieldError]) -> str:
    """All errors as one line."""
    return "；".join(f"{error.field}：{error.reason}" if error.field else error.reason for error in errors)


DECIMAL_TEXT = '格式不对，数字应写成文本，如 "1280.50"'  # the only form that contracts ask a text for


def explain(error: ValidationError, prefix: str = "data") -> list[FieldError]:
    """A contract's complaints as field errors."""
    return [
        FieldError(f"{prefix}.{place(item)}".strip("."), _reason(item))
        for item in error.errors(include_url=False, include_input=False)
    ]


def _reason(item: Mapping[str, Any]) -> str:
    return DECIMAL_TEXT if item["type"] == "string_pattern_mismatch" else in_words(item)
