"""Dotted paths of an event's data: `product.category`, `lines.0.sku`."""

from collections.abc import Sequence
from typing import Any


def value_at(value: Any, path: Sequence[str]) -> Any:
    """What stands at `path`; None when nothing does."""
    for step in path:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value
