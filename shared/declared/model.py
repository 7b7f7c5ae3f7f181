"""A mapping of a file declared as a pydantic model, and read as far as it can be.

A model's fields are the keys. A field's type says what may stand there; its `description` and `examples` are what an editor
shows, what the reference lists and what a mistake is told with. Pydantic judges the values (`values`); the walk over the
mapping is ours, since a file has to be read on beyond its mistakes, each told with file, line and key (ADR 0024).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, ClassVar, Protocol, TypeVar, cast, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field
from pydantic.fields import FieldInfo

from shared.declared.section import LONGEST_TEXT, NOTHING, Section, written
from shared.declared.values import Say, Value, alternatives, flow, heading, unpacked

T = TypeVar("T")
Filled = Annotated[list[T], Field(min_length=1)]


class Declared(BaseModel):
    """`SAY` tells what to write in its place (Chinese), `ELSEWHERE` where keys belong that are often put here."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, str_max_length=LONGEST_TEXT)
    SAY: ClassVar[str] = ""
    ELSEWHERE: ClassVar[Mapping[str, str]] = NOTHING

    def require(self, place: Section) -> None:
        """Note what is wrong in how the keys go together; what could not be read has its default, or is empty."""


M = TypeVar("M", bound=Declared)


class Form(Protocol):
    """How the value of a key is read. A type that has a form of its own brings it in its annotation."""

    @property
    def say(self) -> str:
        """What to write."""

    @property
    def nothing(self) -> Any:
        """What stands for a value that is needed and could not be read."""

    def read(self, section: Section, key: str, say: str) -> Any:
        """The value of a key that is there; None, and a mistake in the section, when nothing can be read."""


@dataclass(frozen=True)
class Key:
    """One key of a model."""

    name: str
    field: FieldInfo
    form: Form

    @property
    def say(self) -> str:
        """What the form says, else what the key is for; with an example."""
        told = self.form.say or self.field.description or ""
        if not self.form.say and isinstance(self.form, Value) and self.form.item:
            told = f"{heading(told)}的列表"
        shown = self.field.examples and "如 " not in told
        return f"{told}，如 {flow(self.field.examples[0])}" if shown and self.field.examples else told

    def read(self, section: Section) -> Any:
        """The value, or what stands for it."""
        needed = self.field.is_required()
        value = None
        if section.has(self.name):
            value = self.form.read(section, self.name, self.say)
        elif needed:
            section.problem(self.name, f"缺少此项，应写{self.say}")
        if value is not None:
            return value
        return self.form.nothing if needed else self.field.get_default(call_default_factory=True)


def read(model: type[M], section: Section) -> M:
    """The model as far as the section has it; every mistake is noted there."""
    whole = cast("M", model.model_construct(None, **{key.name: key.read(section) for key in keys_of(model)}))
    whole.require(section)
    section.close(model.ELSEWHERE)
    return whole


def read_each(model: type[M], section: Section, key: str) -> list[M]:
    """The models of a list below `key`; none where the key is left out."""
    return [read(model, part) for part in section.sections(key, model.SAY)]


def empty(model: type[M]) -> M:
    """What stands for a part that could not be read."""
    return read(model, Section("", {}, []))


@cache
def keys_of(model: type[Declared]) -> tuple[Key, ...]:
    """The keys of a model, in their order."""
    fields = model.model_fields.items()
    return tuple(Key(field.alias or name, field, form_of(field.annotation, field.metadata)) for name, field in fields)


def form_of(kind: Any, metadata: Iterable[Any] = ()) -> Form:
    """How a value of such an annotation is read."""
    kind, own = unpacked(kind, metadata)
    if form := next((one for one in own if hasattr(one, "read")), None):
        return form  # type: ignore[no-any-return]
    kinds = alternatives(kind)
    if len(kinds) == 1 and kinds[0] is not kind:
        return form_of(kinds[0], own)
    said = next((one for one in own if isinstance(one, Say)), Say())
    if get_origin(kind) is list and isinstance(item := form_of(get_args(kind)[0]), Part):
        return Several(item, said.text, said.most, any(getattr(one, "min_length", 0) for one in own))
    models = tuple(one for one in kinds if isinstance(one, type) and issubclass(one, Declared))
    others = [one for one in kinds if one not in models]
    value = Value.of(others, own) if others else None
    return Part(models, value, said.text) if models else value  # type: ignore[return-value]


@dataclass(frozen=True)
class Part:
    """A mapping: of several models that of which it has the first key, else the last. Or a plain `value`, where one may be."""

    models: tuple[type[Declared], ...]
    value: Value | None
    own: str

    @property
    def say(self) -> str:
        return self.own or self.models[-1].SAY

    @property
    def nothing(self) -> Any:
        return self.value.nothing if self.value else empty(self.models[-1])

    def read(self, section: Section, key: str, say: str) -> Any:
        given = section.values[key]
        if self.value and not isinstance(given, Mapping):
            return self.value.read(section, key, say)
        part = section.as_section(key, given, say)
        if part is None:
            return None
        marked = (model for model in self.models if keys_of(model)[0].name in part.values)
        return read(next(marked, self.models[-1]), part)


@dataclass(frozen=True)
class Several:
    """A list of mappings, or of what else an item may be."""

    item: Part
    own: str
    most: int
    filled: bool
    nothing: tuple[()] = ()

    @property
    def say(self) -> str:
        return f"一个列表，每项是{self.own or self.item.say}"

    def read(self, section: Section, key: str, say: str) -> Any:
        given = section.values[key]
        if not isinstance(given, list):
            section.problem(key, f"应写{say}，现在是 {written(given)}")
            return None
        if self.filled and not given:
            section.problem(key, f"应至少写{self.own or self.item.say}")
        items = {f"{key}[{index}]": one for index, one in enumerate(section.not_too_many(key, given, self.most))}
        inner = Section(section.file, items, section.problems, section.at, lines=section.lines)
        read = [self.item.read(inner, one, self.item.say) for one in items]
        return [one for one in read if one is not None]
