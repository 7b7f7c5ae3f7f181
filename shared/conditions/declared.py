"""Conditions as written in YAML: a tree of comparisons, of looks at the past and of CEL expressions.

The canonical content of a condition is what is written, as it is.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, Field, GetCoreSchemaHandler, WithJsonSchema
from pydantic_core import CoreSchema

from shared.conditions.cel import LONGEST, CelRefused, compile_cel
from shared.conditions.comparisons import ORDERINGS, Operator
from shared.conditions.tree import CEL, FIELD
from shared.declared.model import Declared, Filled, form_of
from shared.declared.section import Section, written
from shared.declared.values import Say
from shared.declared.words import CodeOrNone, Content, Event, Path
from shared.patterns import PatternRefused, compile_pattern

EVENT_FIELDS = ("type", "time", "source")
EVENT_TYPE = "event.type"
NAMED = "named"
DEEPEST = 8
BRANCHES = ("all", "any", "not")
SYMBOLS = {"=": "eq", "==": "eq", "!=": "ne", "<>": "ne", ">": "gt", ">=": "ge", "<": "lt", "<=": "le"}
MOST_LEAVES = 200  # comparisons of one condition
LONGEST_VALUE, MOST_VALUES = 1_000, 1_000  # characters of a value compared with, and values of a list
Counted = Literal["eq", "ne", "gt", "ge", "lt", "le"]
OF_EVENTS = ("same", "result", "sum", "in_a_row")
MOST_DAYS = 366  # as far back as contacts are looked up
MOST_YEARS = 10
SCALAR = {"type": ["string", "number", "boolean"]}
ITEM = Say("一个条件")
SAY = "条件，如 {field: result, op: ne, value: cancelled}；几个条件写在 all 或 any 之下"


def wrong_of_an_event(path: str) -> str:
    """What is wrong with a field of a fact."""
    root, _, name = path.partition(".")
    return f"event 之下只有 {'、'.join(EVENT_FIELDS)}" if root == "event" and name and name not in EVENT_FIELDS else ""


class Within(Declared):
    SAY: ClassVar[str] = "时长，如 {days: 365}"
    days: int = Field(ge=1, le=MOST_DAYS * MOST_YEARS, description="天")


# what the rules below say to people, said to editors
ONE_OF_BOTH: dict[str, Any] = {
    "anyOf": [
        {"required": ["events"], "properties": {"contacts": {"const": False}}},
        {
            "required": ["contacts", "within"],
            "properties": {
                "contacts": {"const": True},
                "within": {"properties": {"days": {"maximum": MOST_DAYS}}},
                **dict.fromkeys(("events", *OF_EVENTS), False),
            },
        },
    ],
    "dependentSchemas": {"in_a_row": {"anyOf": [{"required": ["same"]}, {"required": ["result"]}]}},
}


class Past(Declared):
    """Of the customer's events, or of their contacts, those that count."""

    model_config = ConfigDict(json_schema_extra=ONE_OF_BOTH)
    SAY: ClassVar[str] = "往事的说明，如 {events: [complaint.opened], within: {days: 365}}"
    events: Filled[Event] | None = Field(None, description="数这些事件", examples=[["complaint.opened"]])
    contacts: bool = Field(False, description="数联系的次数（已计划的也算）")
    same: Path | None = Field(None, description="此字段的值与当前事实相同的才算", examples=["category.code"])
    result: CodeOrNone | None = Field(None, description="只算此结果的", examples=["dissatisfied"])
    in_a_row: bool = Field(False, description="只算连续的，遇到不同的为止")
    sum: Path | None = Field(None, description="不数个数，合计此字段", examples=["amount"])
    within: Within | None = Field(None, description="多少天以内")

    def require(self, place: Section) -> None:
        if self.contacts == place.has("events"):
            place.problem("", "应写且只写一种：events（发生过的事件）或 contacts: true（联系）")
        if self.contacts:
            self._require_of_contacts(place)
        if self.in_a_row and not (place.has("same") or place.has("result")):
            place.problem("in_a_row", "须同时写 same 或 result，说明连续的是什么")

    def _require_of_contacts(self, place: Section) -> None:
        for key in OF_EVENTS:
            if place.has(key):
                place.problem(key, "只用于 events；contacts 只数联系的次数，请删去此项")
        if not place.has("within"):
            say = f"缺少此项，应写 {{days: 365}}：数多少天以内的联系，最多 {MOST_DAYS} 天"
            place.problem("within", say)
        elif self.within and self.within.days > MOST_DAYS:
            place.problem("within.days", f"应写1 到 {MOST_DAYS} 的整数：更早的联系查不到")


class AllOf(Declared):
    all: list[Annotated["Condition", ITEM]] = Field(min_length=1, description="都须成立")


class AnyOf(Declared):
    any: list[Annotated["Condition", ITEM]] = Field(min_length=1, description="至少一个成立")


class Not(Declared):
    negated: Annotated["Condition", ITEM] = Field(alias="not", description="须不成立")


class Expression(Declared):
    cel: Annotated[str, Field(max_length=LONGEST), Say("CEL 表达式，如 data.amount > 100.0")] = Field(
        description="CEL 表达式，变量为 data、event、customer"
    )


class Count(Declared):
    history: Past
    op: Annotated[Counted, Say(words=SYMBOLS)] = Field(description="比较")
    value: int = Field(ge=0, le=1_000_000_000, description="次数，或 sum 的合计")


class Comparison(Declared):
    SAY: ClassVar[str] = SAY
    field: Path = Field(
        description="看哪个值：数据字段路径、event.type|time|source、customer.<属性>；问卷中为前面的题号"
    )
    op: Annotated[Operator, Say(words=SYMBOLS)] = Field(description="比较")
    value: Annotated[Any, WithJsonSchema({"anyOf": [SCALAR, {"type": "array", "items": SCALAR}]})] = Field(
        None, description="与之比较的值，或几个值的列表"
    )

    def require(self, place: Section) -> None:
        if message := _value_problem(self.op, self.value):
            place.problem("value", message)


class Named(Declared):
    """Stands for a condition that a pack names once, which is put in before anything is read."""

    named: CodeOrNone = Field(description="pack.yaml 的 conditions 里的名称", examples=["vip"])


Condition = AllOf | AnyOf | Not | Named | Expression | Count | Comparison
for model in (AllOf, AnyOf, Not):
    model.model_rebuild()


@dataclass(frozen=True)
class Known:
    """What the conditions of one kind of file may ask: the `variables` of CEL, and fields that `wrong` has nothing against.

    Of leaves that can't be asked there `without` tells why, by their key.
    """

    variables: tuple[str, ...]
    without: Mapping[str, str] = field(default_factory=dict, hash=False)
    wrong: Callable[[str], str] = wrong_of_an_event

    def mistakes(self, tree: Any, at: str) -> Iterator[tuple[str, str]]:
        """(Key path, what is wrong) of every leaf of a tree that stands at a path and may be of any form."""
        for path, leaf in leaves_at(tree, at):
            for key in self.without.keys() & leaf.keys():
                yield f"{path}.{key}", self.without[key]
            if CEL in leaf and CEL not in self.without and (said := _cel_mistake(leaf[CEL], self.variables)):
                yield f"{path}.{CEL}", said
            if isinstance(leaf.get(FIELD), str) and (said := self.wrong(leaf[FIELD])):
                yield f"{path}.{FIELD}", said


@dataclass(frozen=True)
class Tree:
    """The form of a condition: what was written stays as it is, once it is known to be well formed."""

    known: Known
    say: str = SAY
    nothing: None = None

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return handler.generate_schema(Condition)

    def read(self, section: Section, key: str, say: str) -> Content | None:
        """The condition; None when it can't be used."""
        tree, before = section.values[key], len(section.problems)
        if isinstance(tree, Mapping) and (count := _count(tree)) > MOST_LEAVES:
            advice = "几个值请写成 {op: in, value: [甲, 乙]}"
            section.problem(key, f"一个条件最多 {MOST_LEAVES} 个比较，现在有 {count} 个；{advice}")
        elif _depth(tree) > DEEPEST:
            section.problem(key, f"条件嵌套不能超过 {DEEPEST} 层")
        else:
            form_of(Condition).read(section, key, say)
            for path, mistake in self.known.mistakes(tree, key):
                section.problem(path, mistake)
        return dict(tree) if len(section.problems) == before else None


@dataclass(frozen=True)
class NamedTrees:
    """The form of conditions that have names; none of them stands on another."""

    known: Known
    say: str = "名称与条件，如 {vip: {field: customer.level, op: eq, value: A}}"
    nothing: None = None

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return handler.generate_schema(dict[str, Condition])

    def read(self, section: Section, key: str, say: str) -> Content | None:
        part = section.as_section(key, section.values[key], say)
        for name, tree in part.values.items() if part else ():
            if part and _is_named(tree):
                part.problem(str(name), "有名称的条件里不能再用别的名称，请直接写条件")
            elif part:
                Tree(self.known).read(part, name, SAY)
        return dict(part.values) if part else None


def leaves_at(tree: Any, at: str) -> Iterator[tuple[str, Mapping[Any, Any]]]:
    """Every leaf of a tree of any form, with the path at which it stands."""
    if isinstance(tree, list):
        for index, one in enumerate(tree):
            yield from leaves_at(one, f"{at}[{index}]")
    elif isinstance(tree, Mapping):
        for key in BRANCHES:
            if key in tree:
                yield from leaves_at(tree[key], f"{at}.{key}")
        if not tree.keys() & set(BRANCHES):
            yield at, tree


def _cel_mistake(text: Any, variables: tuple[str, ...]) -> str:
    if text == "":
        return f"应写 CEL 表达式，如 {variables[0]}.amount > 100.0，现在是 ''"
    try:
        if isinstance(text, str) and len(text) <= LONGEST:
            compile_cel(text, variables)
    except CelRefused as error:
        return str(error)
    return ""


def _is_named(tree: Any) -> bool:
    return (isinstance(tree, Mapping) and NAMED in tree) or any(map(_is_named, _branches(tree)))


def _branches(tree: Any) -> list[Any]:
    """What a tree of any form is made of."""
    if isinstance(tree, list):
        return tree
    return [tree[key] for key in BRANCHES if key in tree] if isinstance(tree, Mapping) else []


def _count(tree: Any) -> int:
    """How many comparisons a tree of any form has."""
    return sum(map(_count, _branches(tree))) or int(isinstance(tree, Mapping))


def _depth(tree: Any) -> int:
    return isinstance(tree, Mapping) + max(map(_depth, _branches(tree)), default=0)


def _value_problem(op: str, value: Any) -> str:
    values = value if isinstance(value, list) else [value]
    if len(values) > MOST_VALUES or any(isinstance(one, str) and len(one) > LONGEST_VALUE for one in values):
        return f"最多比较 {MOST_VALUES} 个值，每个最长 {LONGEST_VALUE} 个字"
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if op in ("in", "not_in"):
        good = isinstance(value, list) and bool(value) and all(_is_scalar(one) for one in value)
        return "" if good else f"{op} 应写一个列表，如 [甲, 乙]"
    if op in ORDERINGS:
        return "" if number or isinstance(value, str) else f"{op} 应写一个数或带引号的时间"
    if op == "exists":
        return "" if value is None or isinstance(value, bool) else "exists 应写 true 或 false"
    if op == "matches":
        return _pattern_problem(value)
    return "" if _is_scalar(value) else f"{op} 应写一个值（文字、数或 true/false；日期须加引号）"


def _pattern_problem(value: Any) -> str:
    if not isinstance(value, str) or not value:
        return f"matches 应写一个正则表达式，如 ^L[0-9]+，现在是 {written(value)}"
    try:
        compile_pattern(value)
    except PatternRefused as error:
        return str(error)
    return ""


def _is_scalar(value: Any) -> bool:
    return isinstance(value, str | int | float | bool)
