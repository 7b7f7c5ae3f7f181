"""JSON Schemas of event kinds, asked in bounded time whatever their author wrote.

Expressions are RE2's, unique items are told apart by their text, and a schema that leads back to itself may make only so
many checks of one event. Schemas that refer to other documents, or by names of their own, are never accepted (`kinds_file`).
"""

from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from datetime import date, datetime
from functools import cache
from typing import Any

import orjson

from shared.json_schema import Draft202012Validator, FormatChecker, ValidationError, extend
from shared.patterns import PatternRefused, compile_pattern

Schema = Mapping[str, Any]
Check = Callable[[Any, Any, Any, Any], Iterator[ValidationError]]
MOST_CHECKS = 10_000
DESCENDING = (
    *("$ref", "allOf", "anyOf", "oneOf", "not", "if", "properties", "propertyNames", "items", "prefixItems"),
    *("contains", "dependentSchemas", "enum"),
)
NEVER = ("unevaluatedProperties", "unevaluatedItems", "$dynamicRef", "$dynamicAnchor", "$anchor", "$id", "$vocabulary")
_left: ContextVar[int] = ContextVar("checks left of an event")


class TooManyChecks(Exception):
    """The schema asks more of one event than anybody waits for."""


def first_error(schema: Schema) -> Callable[[Any], ValidationError | None]:
    """The first thing in data that the schema does not allow. What is returned raises TooManyChecks, RecursionError."""
    errors = _validators()(schema, format_checker=_formats()).iter_errors

    def first(data: Any) -> ValidationError | None:
        token = _left.set(MOST_CHECKS)
        try:
            return next(errors(data), None)
        finally:
            _left.reset(token)

    return first


@cache
def _validators() -> Any:
    counted = {name: _counted(Draft202012Validator.VALIDATORS[name]) for name in DESCENDING}
    own = {
        "pattern": _pattern,
        "patternProperties": _counted(_pattern_properties),
        "additionalProperties": _counted(_additional_properties),
        "uniqueItems": _unique_items,
    }
    return extend(Draft202012Validator, counted | own)  # type: ignore[no-untyped-call]


def _counted(check: Any) -> Check:
    """The check, at the cost of one and of every alternative it has."""

    def counted(validator: Any, wanted: Any, value: Any, schema: Any) -> Iterator[ValidationError]:
        left = _left.get() - (len(wanted) if isinstance(wanted, list | dict) else 1)
        if left < 0:
            raise TooManyChecks
        _left.set(left)
        yield from check(validator, wanted, value, schema) or ()

    return counted


def _pattern(validator: Any, pattern: str, value: Any, schema: Any) -> Iterator[ValidationError]:
    if isinstance(value, str) and not _found(pattern, value):
        yield ValidationError("pattern")


def _pattern_properties(validator: Any, patterns: Any, value: Any, schema: Any) -> Iterator[ValidationError]:
    for pattern, below in patterns.items() if isinstance(value, dict) else ():
        for name, one in value.items():
            if _found(pattern, name):
                yield from validator.descend(one, below, path=name, schema_path=pattern)


def _additional_properties(validator: Any, allowed: Any, value: Any, schema: Any) -> Iterator[ValidationError]:
    extras = undeclared(value, schema) if isinstance(value, dict) else []
    if isinstance(allowed, dict):
        for name in extras:
            yield from validator.descend(value[name], allowed, path=name)
    elif allowed is False and extras:
        yield ValidationError("additionalProperties")


def undeclared(value: Mapping[str, Any], schema: Schema) -> list[str]:
    """Names of fields that neither `properties` nor `patternProperties` of the schema have."""
    names, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    return [name for name in value if name not in names and not any(_found(pattern, name) for pattern in patterns)]


def _unique_items(validator: Any, unique: Any, value: Any, schema: Any) -> Iterator[ValidationError]:
    if unique is True and isinstance(value, list):
        texts = [orjson.dumps(one, option=orjson.OPT_SORT_KEYS) for one in value]
        if len(set(texts)) < len(texts):
            yield ValidationError("uniqueItems")


def _found(pattern: str, text: str) -> bool:
    """Of an expression that RE2 does not carry out, accepted when another engine did: it is found nowhere."""
    try:
        return compile_pattern(pattern)(text)
    except PatternRefused:
        return False


@cache
def _formats() -> FormatChecker:
    checker = FormatChecker(formats=())
    checker.checks("date-time", raises=ValueError)(lambda value: not isinstance(value, str) or _has_zone(value))
    checker.checks("date", raises=ValueError)(
        lambda value: not isinstance(value, str) or bool(date.fromisoformat(value))
    )
    return checker


def _has_zone(text: str) -> bool:
    return datetime.fromisoformat(text).tzinfo is not None
