"""Times inside of events: each needs a zone, and a year that calendars can reckon with."""

from datetime import datetime
from functools import cache
from typing import Any, get_args

from pydantic import BaseModel

from services.gateway.domain.problems import FieldError


def time_errors(model: BaseModel, path: str = "data") -> list[FieldError]:
    """What is wrong with the times a contract's model holds, at any depth."""
    errors: list[FieldError] = []
    for name in _fields_with_times(type(model)):
        value = getattr(model, name)
        if value is None:
            continue
        for index, item in enumerate(value) if isinstance(value, list) else ((None, value),):
            errors += _errors_of(item, f"{path}.{name}" if index is None else f"{path}.{name}.{index}")
    return errors


def _errors_of(value: Any, path: str) -> list[FieldError]:
    if isinstance(value, BaseModel):
        return time_errors(value, path)
    if not isinstance(value, datetime):
        return []
    if value.tzinfo is None:
        return [FieldError(path, "时间须带时区，如 2026-11-20T18:32:07+08:00")]
    return [] if 1900 < value.year < 2200 else [FieldError(path, "年份不合理")]


@cache
def _fields_with_times(model: type[BaseModel]) -> tuple[str, ...]:
    return tuple(name for name, field in model.model_fields.items() if _holds_times(field.annotation))


def _holds_times(annotation: Any) -> bool:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return bool(_fields_with_times(annotation))
    return annotation is datetime or any(_holds_times(part) for part in get_args(annotation))
