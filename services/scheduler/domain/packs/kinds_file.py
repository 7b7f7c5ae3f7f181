"""A pack's `kinds/*.yaml`, read into event kinds."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field, GetJsonSchemaHandler
from pydantic_core import CoreSchema

from services.scheduler.domain.kind_schema import NEVER
from services.scheduler.domain.kinds import TYPES, Kind, flaw_in
from services.scheduler.domain.packs.document import KINDS
from services.scheduler.domain.packs.limits import MOST_KINDS, parts_of
from shared.contracts.registry import by_name, by_type
from shared.declared.model import Declared, read
from shared.declared.schema import DIALECT
from shared.declared.section import Section, meant, written
from shared.declared.values import Say
from shared.declared.words import EVENT_FORM, Title
from shared.json_schema import Draft202012Validator, SchemaError
from shared.patterns import PatternRefused, compile_pattern

WORDS = frozenset(Draft202012Validator.VALIDATORS) | {
    *(
        "$schema",
        "$id",
        "$defs",
        "$comment",
        "title",
        "description",
        "default",
        "examples",
        "then",
        "else",
        "deprecated",
    ),
    *("readOnly", "writeOnly", "minContains", "maxContains"),
}
__all__ = ["KINDS", "check_schema", "read_kinds"]
EXAMPLE = "{event: tenant.moved_in, title: 租户入驻, schema: {type: object}}"
DEFINITIONS = "#/$defs/"
NAMING = ("properties", "patternProperties", "$defs", "dependentSchemas", "dependentRequired")
DATA = ("enum", "const", "default", "examples")  # what stands there is no schema
MOST_PARTS = 1_000  # values in one schema


class _KindSchema:
    """The form of the JSON Schema of an event's data."""

    say = "事件数据的 JSON Schema，如 {type: object, required: [lease_no]}；不作要求时写 {type: object}"

    @property
    def nothing(self) -> Mapping[str, Any]:
        return {}

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"$ref": DIALECT}

    def read(self, section: Section, key: str, say: str) -> Mapping[str, Any] | None:
        part = section.as_section(key, section.values[key], say)
        if part is None or not _is_sound(part, schema := dict(part.values)):
            return None
        check_schema(part, schema)
        return schema


class DeclaredKind(Declared):
    """An event kind of the pack's own."""

    SAY: ClassVar[str] = f"一类事件，如 {EXAMPLE}"
    event: Annotated[str, Field(pattern=f"^{EVENT_FORM}$"), Say("事件名，如 tenant.moved_in")] = Field(
        description="事件名，如 tenant.moved_in；策略与发送方都用它"
    )
    title: Title = Field(description="中文名称")
    data: Annotated[Mapping[str, Any], _KindSchema()] = Field(alias="schema", description="事件数据的 JSON Schema")

    def require(self, place: Section) -> None:
        if declared := by_name(self.event) or by_type(self.event):
            say = f"平台已有事件 {self.event}（{declared.title}），不能另行声明；直接在 trigger.events 中写它即可"
            place.problem("event", say)


class KindsFile(Declared):
    kinds: Annotated[list[DeclaredKind], Say(most=MOST_KINDS)] = Field(description="包自己的事件种类")


def read_kinds(sections: list[Section]) -> list[Kind]:
    """The kinds of these files; mistakes are noted in the sections."""
    found = [one for section in sections for one in read(KindsFile, section).kinds]
    seen: dict[str, Section] = {}
    for one in found:
        if (first := seen.setdefault(one.event, one.place)) is not one.place:
            place = f"{first.file} 第 {first.line(first.path('event'))} 行"
            one.place.problem("event", f"事件种类 {one.event} 出现了多次（另见 {place}），请只留一处")
    return [Kind(one.event, one.title, one.data) for one in found]


def _is_sound(part: Section, schema: dict[str, Any]) -> bool:
    if (parts := parts_of(schema)) > MOST_PARTS:
        part.problem("", f"一份 schema 最多 {MOST_PARTS} 个值，现在有 {parts} 个；请只写策略用到的字段")
        return False
    slips = list(_slips(schema, schema))
    for path, message in slips:
        part.problem(path, message)
    if slips:
        return False
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        part.problem(_key(error), f"不是有效的 JSON Schema：{_wrong(error)}")
        return False
    return True


def _wrong(error: SchemaError) -> str:
    if list(error.absolute_path)[-1:] == ["type"]:
        options = "、".join(TYPES)
        return f"type 应为 {options} 之一，现在是 {written(error.instance)}{meant(error.instance, TYPES)}"
    return f"此处{flaw_in(error).partition(' ')[2]}，现在是 {written(error.instance)}"


def check_schema(part: Section, schema: Mapping[str, Any]) -> None:
    """Note in a sound schema of an object words that JSON Schema does not have, and required fields nobody describes."""
    for word in schema:
        if word not in WORDS and not word.startswith("x-"):
            part.problem(word, f"JSON Schema 没有 {word}{meant(word, WORDS)}，写了也不起作用", warning=True)
    properties, required = schema.get("properties"), schema.get("required")
    if isinstance(properties, Mapping) and isinstance(required, list):
        for name in [one for one in required if one not in properties]:
            say = f"properties 里没有 {name}{meant(name, properties)}，请补上它的说明或改写"
            part.problem("required", say, warning=True)
    for name, inner in properties.items() if isinstance(properties, Mapping) else ():
        below = part.section("properties")
        one = below.as_section(name, inner, "") if below and isinstance(inner, Mapping) else None
        if one is not None:
            check_schema(one, inner)


def _slips(value: Any, whole: Mapping[str, Any], path: str = "", names: bool = False) -> Iterator[tuple[str, str]]:
    """What the check against the schema of schemas does not see: keys that are no text, references, expressions.

    `names` says that the keys of `value` are names of fields, and no words of JSON Schema.
    """
    if isinstance(value, list):
        for index, one in enumerate(value):
            yield from _slips(one, whole, f"{path}[{index}]")
    if not isinstance(value, Mapping):
        return
    for key, one in value.items():
        below = f"{path}.{key}" if path else str(key)
        if not isinstance(key, str):
            yield below, f"键应写成文字，请加引号，现在是 {written(key)}"
        elif not names:
            yield from ((below, message) for message in _word_slips(key, one, whole))
        if names or key not in DATA:
            yield from _slips(one, whole, below, not names and key in NAMING)


def _word_slips(word: str, value: Any, whole: Mapping[str, Any]) -> Iterator[str]:
    if word in NEVER:
        yield f"不能用 {word}；请写 properties、items、additionalProperties，重复的部分写在 $defs 之下用 $ref 引用"
    elif word == "$ref" and isinstance(value, str) and not _leads_somewhere(value, whole):
        yield f"只能引用本 schema 之内已有的定义，如 #/$defs/address，现在是 {written(value)}"
    elif word == "pattern" and isinstance(value, str):
        yield from _pattern_slips(value)
    elif word == "patternProperties" and isinstance(value, Mapping):
        for pattern in value:
            yield from _pattern_slips(str(pattern))


def _pattern_slips(pattern: str) -> Iterator[str]:
    try:
        compile_pattern(pattern)
    except PatternRefused as error:
        yield f"{error}，现在是 {written(pattern)}"


def _leads_somewhere(reference: str, whole: Mapping[str, Any]) -> bool:
    """Whether it is the schema itself or one of its definitions; other documents are never fetched."""
    name, defined = reference.removeprefix(DEFINITIONS), whole.get("$defs")
    plain = not set(name) & set("/~%")
    return reference == "#" or (plain and name != reference and isinstance(defined, Mapping) and name in defined)


def _key(error: SchemaError) -> str:
    key = ""
    for part in error.absolute_path:
        key += f"[{part}]" if isinstance(part, int) else f".{part}" if key else str(part)
    return key
