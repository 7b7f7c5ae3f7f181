"""Values that pydantic judges, and its verdicts in Chinese: what should be written, and what was."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from shared.declared.section import FEWEST_OF_FORM, LONGEST_TEXT, MOST_ITEMS, Section, meant, written

STRICT = ConfigDict(strict=True, str_max_length=LONGEST_TEXT)
NOTHINGS: Mapping[Any, Any] = {str: "", list: (), bool: False}


@dataclass(frozen=True)
class Say:
    """What to write (Chinese) where a type is wanted; `words` are what people also write for what is meant.

    `most` is how many items a list may have.
    """

    text: str = ""
    words: Mapping[str, str] = field(default_factory=dict, hash=False)
    most: int = MOST_ITEMS


def unpacked(kind: Any, metadata: Iterable[Any] = ()) -> tuple[Any, list[Any]]:
    """An annotation without what it is annotated with, and all of that."""
    own = [*metadata]
    while get_origin(kind) is Annotated:
        kind, *more = get_args(kind)
        own = [*more, *own]
    flat = [part for one in own for part in (one.metadata if isinstance(one, FieldInfo) else [one])]
    return kind, flat


def said_in(metadata: Iterable[Any]) -> Say:
    """What the outermost annotation says."""
    return [Say(), *(one for one in metadata if isinstance(one, Say))][-1]


def alternatives(kind: Any) -> list[Any]:
    """The members of a union, None left aside."""
    union = get_origin(kind) in (Union, UnionType)
    return [one for one in get_args(kind) if one is not type(None)] if union else [kind]


def flow(value: Any) -> str:
    """A value as it would be written in YAML on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {flow(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(flow, value)) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return f'"{value}"' if isinstance(value, str) and re.fullmatch(r"[\d:.*-]+", value) else str(value)


@dataclass(frozen=True)
class Value:
    """A text, a number, one of some words, or a list of such: a `form` that needs no look at what lies below."""

    adapter: TypeAdapter[Any]
    say: str = ""
    nothing: Any = None
    options: tuple[str, ...] = ()
    pattern: str = ""
    words: Mapping[str, str] = field(default_factory=dict)
    most: int = MOST_ITEMS
    item: "Value | None" = None

    @classmethod
    def of(cls, kinds: list[Any], metadata: Iterable[Any] = ()) -> "Value":
        """The value of any of these kinds."""
        kind, own = unpacked(kinds[0] if len(kinds) == 1 else Union[tuple(kinds)], metadata)  # noqa: UP007
        adapter: TypeAdapter[Any] = TypeAdapter(Annotated[kind, *own] if own else kind, config=STRICT)
        said = said_in(own)
        limits = {name: getattr(one, name) for one in own for name in ("ge", "le", "pattern") if hasattr(one, name)}
        options = get_args(kind) if get_origin(kind) is Literal else ()
        item = cls.of([get_args(kind)[0]]) if get_origin(kind) is list else None
        return cls(
            adapter=adapter,
            say=said.text or _usual(kind, options, limits, item),
            nothing=options[0] if options else limits.get("ge", NOTHINGS.get(get_origin(kind) or kind)),
            options=options,
            pattern=limits.get("pattern", ""),
            words=said.words,
            most=said.most,
            item=item,
        )

    def read(self, section: Section, key: str, say: str) -> Any:
        given = section.values[key]
        if self.item and isinstance(given, list):
            given = section.not_too_many(key, given, self.most)
        try:
            return self.adapter.validate_python(given)
        except ValidationError as error:
            wrong = error.errors(include_url=False)[:MOST_ITEMS]
        for message in dict.fromkeys(self._in_words(one, say) for one in wrong):
            section.problem(key, message)
        return None

    def _in_words(self, error: ErrorDetails, say: str) -> str:
        """What is wrong: of a list that holds other things than it should, the list; else the item."""
        given, kind = error["input"], error["type"]
        if kind == "value_error" and (reason := str(error["ctx"]["error"])):
            return reason
        one = self.item if self.item and error["loc"] else self
        if kind == "string_too_long":
            if one is self:
                return f"最长 {error['ctx']['max_length']} 个字，现在有 {len(given)} 个，请缩短"
            return f"每项最长 {error['ctx']['max_length']} 个字，有一项有 {len(given)} 个，请缩短"
        long = one.pattern and isinstance(given, str) and re.fullmatch(one.pattern, given[:FEWEST_OF_FORM])
        other = one.words.get(given) if isinstance(given, str) else None
        close = f"，是否想写 {other}？" if other else meant(given, one.options) if one.options else ""
        say = say if one is self or not one.say else one.say
        return f"{'太长，请缩短；' if long else ''}应写{say}，现在是 {written(given)}{close}"


def heading(text: str) -> str:
    """A description's beginning: the name of what it describes."""
    return re.split("[：；，。]", text, maxsplit=1)[0]


def _usual(kind: Any, options: tuple[str, ...], limits: Mapping[str, Any], item: "Value | None") -> str:
    """What every value of a kind is told with."""
    if item and item.say:
        return f"列表，每项是{item.say}" if item.options else f"{heading(item.say)}的列表"
    if options:
        return f"以下之一：{'、'.join(options)}"
    if kind is bool:
        return " true 或 false"
    if kind is int and "ge" in limits and "le" in limits:
        return f"{limits['ge']} 到 {limits['le']} 的整数" if limits["ge"] < limits["le"] else str(limits["ge"])
    return ""
