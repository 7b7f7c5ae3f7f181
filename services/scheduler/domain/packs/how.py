"""How a policy's contacts are made, as written in YAML: questionnaire, team, independence, and what is checked at last."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, get_args

from pydantic import BeforeValidator, Field, GetJsonSchemaHandler, WithJsonSchema
from pydantic_core import CoreSchema

from services.scheduler.domain.how import DOERS, text_of
from services.scheduler.domain.restraint.release import GUARDS, Action
from shared.declared.model import Declared, Filled, form_of
from shared.declared.section import LONGEST_TEXT, MOST_ITEMS, Section, meant, written
from shared.declared.values import Say
from shared.declared.words import NONE, Code, CodeOrNone, Content, Path

MOST_CASES = 500
CODE = form_of(Code)
SAY_CASES = "按值选择，如 {by: product.category, cases: {热水器: q1}, otherwise: q}"
SAY_TEAM = "班组编号，或 {by: org.code, cases: {CD: cd}, otherwise: hotline}，或 {role: backoffice}"


@dataclass(frozen=True)
class Cases:
    """The form of codes by value; a value may be a number or a truth value, too."""

    say: str = "值与编号（至少写一个），如 {热水器: q1, 灶具: q2}"

    @property
    def nothing(self) -> Content:
        return {}

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> Content:
        return handler(core) | {"minProperties": 1}

    def read(self, section: Section, key: str, say: str) -> dict[str, str] | None:
        given = section.values[key]
        if not isinstance(given, Mapping) or not given:
            section.problem(key, "应至少写一个值与编号，如 {热水器: q1}")
            return None
        if len(given) > MOST_CASES:
            section.problem(key, f"最多 {MOST_CASES} 个，现在有 {len(given)} 个")
            return None
        names = {str(one): one for one in given}
        path = section.path(key)
        lines = {f"{path}.{name}": section.line(path) for name in names} | section.lines
        part = Section(section.file, {name: given[one] for name, one in names.items()}, section.problems, path)
        part.lines = lines
        codes = {}
        for name, one in names.items():
            if part.has(name):
                codes[text_of(one)] = CODE.read(part, name, "编号") or ""
            else:
                part.problem(name, "缺少此项，应写编号")
        return codes


class Choice(Declared):
    by: Annotated[Path, Say("数据字段路径，如 product.category；kind 为业务种类")] = Field(
        description="数据字段路径；kind 为业务种类"
    )
    cases: Annotated[dict[str, Code], Cases()] = Field(description="值与编号")
    otherwise: CodeOrNone = Field("", description="其他情况的编号")


class ByRole(Declared):
    role: Annotated[Code, Say("organisation.yaml 中班组的角色")] = Field(description="班组的角色")


def _doers(value: Any) -> list[str]:
    """The paths that tell who did the work."""
    if isinstance(value, bool):
        return [*DOERS] if value else []
    if not isinstance(value, list) or not 0 < len(value) <= MOST_ITEMS:
        raise ValueError
    if not all(isinstance(one, str) and len(one) <= LONGEST_TEXT for one in value):
        raise ValueError
    return value


def _guard(given: Any) -> tuple[str, str]:
    """A name cancels; `{name: defer}` defers."""
    pairs = list(given.items()) if isinstance(given, Mapping) else [(given, "cancel")]
    if len(pairs) != 1:
        raise ValueError(f"每项只写一种检查，如 {{cap_reached: defer}}，现在是 {written(given)}")
    name, action = pairs[0]
    if name not in GUARDS:
        raise ValueError(f"可写 {'、'.join(GUARDS)}，现在是 {written(name)}{meant(name, GUARDS)}")
    if action not in get_args(Action):
        raise ValueError(f"{name} 之后应写 cancel（取消）或 defer（推迟），现在是 {written(action)}")
    return name, action


ACTIONS = {name: {"enum": [*get_args(Action)]} for name in GUARDS}
BY_ACTION = {"type": "object", "properties": ACTIONS, "additionalProperties": False}
Guard = Annotated[
    Any,
    BeforeValidator(_guard),
    WithJsonSchema({"anyOf": [{"enum": [*GUARDS]}, {**BY_ACTION, "minProperties": 1, "maxProperties": 1}]}),
]
Guards = Annotated[Filled[Guard], Say("下达前检查的列表，如 [case_open] 或 [{cap_reached: defer}]")]
Questionnaire = Annotated[CodeOrNone | Choice, Say(f"问卷编号，或{SAY_CASES}")]
TeamChoice = Annotated[CodeOrNone | ByRole | Choice, Say(SAY_TEAM)]
Independent = Annotated[
    list[str],
    BeforeValidator(_doers),
    WithJsonSchema({"anyOf": [{"type": "boolean"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}),
    Say(" true，或说明作业方的数据字段路径的列表，如 [ext.team]"),
]


def named(key: str, choice: str | ByRole | Choice) -> tuple[str, Content]:
    """A plain code, or a choice that is left to the fact: then the code is what is taken otherwise."""
    if isinstance(choice, ByRole):
        return "", {"role": choice.role}
    if isinstance(choice, Choice):
        return choice.otherwise, {key: {"by": choice.by, "cases": choice.cases, "otherwise": choice.otherwise}}
    return "" if key == "questionnaire" and choice == NONE else choice, {}


def guards_content(guards: list[tuple[str, str]]) -> Content:
    """`guards`, and `defers`: those of them that put a contact off instead of cancelling it."""
    actions = dict(guards)
    defers = [name for name, action in actions.items() if action == "defer"]
    return {"guards": list(actions)} | ({"defers": defers} if defers else {})
