"""A mapping of a file declared as a pydantic model, and read as far as it can be.

A model's fields are the keys. A field's type says what may stand there; its `description` and `examples` are what an editor
shows, what the reference lists and what a mistake is told with. Pydantic judges the values (`values`); the walk over the
mapping is ours, since a file has to be read on beyond its mistakes, each told with file, line and key (ADR 0024).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, ClassVar, Protocol, TypeVar, cast, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr
from pydantic.fields import FieldInfo

from shared.declared.section import LONGEST_TEXT, NOTHING, Section, written
from shared.declared.values import Value, alternatives, flow, heading, said_in, unpacked

T = TypeVar("T")
Filled = Annotated[list[T], Field(min_length=1)]


class Declared(BaseModel):
    """`SAY` tells what to write in its place (Chinese), `ELSEWHERE` where keys belong that are often put here.

    `MARK` is the key by which the model is known among others ("" = its first); the `USUAL` one is meant where no mark is
    there, else the last. `ALSO` may stand in the mapping too: these keys are read by whoever knows what they stand for.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, str_max_length=LONGEST_TEXT)
    SAY: ClassVar[str] = ""
    ELSEWHERE: ClassVar[Mapping[str, str]] = NOTHING
    MARK: ClassVar[str] = ""
    USUAL: ClassVar[bool] = False
    ALSO: ClassVar[frozenset[str]] = frozenset()
    _place: Section = PrivateAttr()

    @property
    def place(self) -> Section:
        """Where it stands."""
        return self._place

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
        text = self.form.say or self.field.description or ""
        if not self.form.say and isinstance(self.form, Value) and self.form.item:
            text = f"{heading(text)}的列表"
        shown = self.field.examples and "如 " not in text
        return f"{text}，如 {flow(self.field.examples[0])}" if shown and self.field.examples else text

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
    whole._place = section  # a model that is frozen for everybody else
    whole.require(section)
    section.read |= model.ALSO
    section.close(model.ELSEWHERE)
    return whole


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
    said = said_in(own)
    if get_origin(kind) is dict and isinstance(item := form_of(get_args(kind)[1]), Part):
        return Table(form_of(get_args(kind)[0]), item, said.text, said.most)
    if get_origin(kind) is list and isinstance(item := form_of(get_args(kind)[0]), Part):
        return Several(item, said.text, said.most, any(getattr(one, "min_length", 0) for one in own))
    models = tuple(one for one in kinds if isinstance(one, type) and issubclass(one, Declared))
    others = [one for one in kinds if one not in models]
    value = Value.of(others, own) if others else None
    return Part(models, value, said.text) if models else value  # type: ignore[return-value]


@dataclass(frozen=True)
class Part:
    """A mapping: of several models that whose `MARK` it has. Or a plain `value`, where one may be."""

    models: tuple[type[Declared], ...]
    value: Value | None
    own: str

    @property
    def say(self) -> str:
        return self.own or self.usual.SAY

    @property
    def nothing(self) -> Any:
        return self.value.nothing if self.value else empty(self.usual)

    @property
    def usual(self) -> type[Declared]:
        """The model that is meant where nothing tells which."""
        return next((model for model in self.models if model.USUAL), self.models[-1])

    def read(self, section: Section, key: str, say: str) -> Any:
        given = section.values[key]
        if self.value and not isinstance(given, Mapping):
            return self.value.read(section, key, say)
        part = section.as_section(key, given, say)
        if part is None:
            return None
        marks = {model.MARK or keys_of(model)[0].name: model for model in self.models}
        known = next((mark for mark in marks if mark in part.values), None)
        if known is None:
            part.read |= marks.keys()  # all of them may be meant
        return read(marks[known] if known else self.usual, part)


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
        return self.own or f"一个列表，每项是{self.item.say}"

    def read(self, section: Section, key: str, say: str) -> Any:
        given = section.values[key]
        if not isinstance(given, list):
            section.problem(key, f"应写{say}，现在是 {written(given)}")
            return None
        if self.filled and not given:
            section.problem(key, f"应至少写{self.item.say}")
        items = {f"{key}[{index}]": one for index, one in enumerate(section.not_too_many(key, given, self.most))}
        inner = Section(section.file, items, section.problems, section.at, lines=section.lines)
        read = [self.item.read(inner, one, self.item.say) for one in items]
        return [one for one in read if one is not None]


@dataclass(frozen=True)
class Table:
    """Mappings by their names, of which each has to have a form."""

    name: Form
    item: Part
    say: str
    most: int

    @property
    def nothing(self) -> Any:
        return {}

    def read(self, section: Section, key: str, say: str) -> Any:
        part = section.as_section(key, section.values[key], say)
        if part is None:
            return None
        if len(part.values) > self.most:
            section.problem(key, f"最多 {self.most} 个，现在有 {len(part.values)} 个")
            return None
        names = {str(name): name for name in part.values}
        inner = Section(part.file, {name: part.values[one] for name, one in names.items()}, part.problems, part.at)
        inner.lines = part.lines
        for name in names:
            self.name.read(
                Section(part.file, {name: name}, part.problems, part.at, lines=part.lines), name, self.name.say
            )
        read = {name: self.item.read(inner, name, self.item.say) for name in names}
        return {name: one for name, one in read.items() if one is not None}
