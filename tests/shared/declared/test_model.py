"""A part of a file that is declared once: read beyond its mistakes, told in Chinese, described for editors."""

from typing import Annotated, Any, ClassVar, Literal

import pytest
from jsonschema import Draft202012Validator
from pydantic import Field

from shared.declared.model import Declared, Filled, read
from shared.declared.reference import reference
from shared.declared.schema import definitions
from shared.declared.section import Section
from shared.declared.values import Say
from shared.yaml_reader import read_yaml

Berth = Annotated[str, Field(pattern=r"^[A-Z]\d$"), Say("泊位号，如 A1")]


class Sail(Declared):
    SAY: ClassVar[str] = "一面帆，如 {kind: main}"
    ELSEWHERE: ClassVar[dict[str, str]] = {"berths": "写在船上"}
    kind: Literal["main", "jib"] = Field(description="种类")
    reefs: int = Field(2, ge=0, le=4, description="缩帆次数")


class Oars(Declared):
    oars: int = Field(ge=1, le=8, description="几支桨")


class Boat(Declared):
    name: Annotated[str, Say("船名")]
    berths: Filled[Berth] | None = Field(None, description="泊位")
    sails: list[Sail] = Field([], description="帆")
    moved_by: Literal["engine"] | Oars | Sail | None = Field(None, alias="by", description="靠什么行驶")
    dry: bool = False

    def require(self, place: Section) -> None:
        if self.dry and self.berths:
            place.problem("dry", "在岸上的船没有泊位")


def told(text: str) -> tuple[Boat, dict[str, str]]:
    """The boat, and key → what is wrong."""
    file = read_yaml(text)
    section = Section("boat.yaml", file.value, [], lines=file.lines)
    boat = read(Boat, section)
    return boat, {f"{one.line} {one.key}": one.message for one in section.problems}


def test_what_is_left_out_has_its_default() -> None:
    boat, problems = told("name: 海鸥")
    assert problems == {}
    assert (boat.name, boat.berths, boat.sails, boat.moved_by, boat.dry) == ("海鸥", None, [], None, False)


@pytest.mark.parametrize(
    ("by", "means"), [("engine", "engine"), ("{oars: 2}", {"oars": 2}), ("{kind: jib}", {"kind": "jib", "reefs": 2})]
)
def test_a_part_of_several_kinds_is_the_one_whose_first_key_it_has(by: str, means: Any) -> None:
    boat, problems = told(f"name: 海鸥\nby: {by}")
    assert problems == {}
    assert (boat.moved_by.model_dump() if isinstance(boat.moved_by, Declared) else boat.moved_by) == means


WRONG = {
    "berths: [A1]": {"1 name": "缺少此项，应写船名"},
    "name: 7": {"1 name": "应写船名，现在是 7"},
    "name: 海鸥\nberths: A1": {"2 berths": "应写泊位号的列表，现在是 'A1'"},
    "name: 海鸥\nberths: []": {"2 berths": "应写泊位号的列表，现在是 []"},
    "name: 海鸥\nberths: [A1, a2]": {"2 berths": "应写泊位号，如 A1，现在是 'a2'"},
    "name: 海鸥\nname_: x": {"2 name_": "没有这个配置项，是否想写 name？，可写：berths、by、dry、name、sails"},
    "name: 海鸥\ndry: 是": {"2 dry": "应写 true 或 false，现在是 '是'"},
    "name: 海鸥\ndry:": {"2 dry": "没有写值：请写上，或删去此项"},
    "name: 海鸥\nsails: {}": {"2 sails": "应写一个列表，每项是一面帆，如 {kind: main}，现在是 {}"},
    "name: 海鸥\nsails:\n  - main": {"3 sails[0]": "应写一面帆，如 {kind: main}，现在是 'main'"},
    "name: 海鸥\nsails:\n  - {kind: mian}": {"3 sails[0].kind": "应写以下之一：main、jib，现在是 'mian'，是否想写 main？"},
    "name: 海鸥\nsails:\n  - {kind: jib, reefs: 9}": {"3 sails[0].reefs": "应写0 到 4 的整数，现在是 9"},
    "name: 海鸥\nsails: [{kind: jib, berths: [A1]}]": {"2 sails[0].berths": "不写在这里：写在船上"},
    "name: 海鸥\nby: {oars: true}": {"2 by.oars": "应写1 到 8 的整数，现在是 true"},
}  # fmt: skip


@pytest.mark.parametrize(("text", "problems"), WRONG.items())
def test_a_mistake_is_told_with_line_key_and_what_to_write(text: str, problems: dict[str, str]) -> None:
    assert told(text)[1] == problems


def test_a_mistake_hides_none_elsewhere_and_the_rest_is_read() -> None:
    boat, problems = told("name: []\nberths: [A1]\nsails: [{kind: jib}, {kind: 0}, 1]\ndry: true\nby: sun")
    assert list(problems) == ["1 name", "3 sails[1].kind", "3 sails[2]", "5 by", "4 dry"]
    assert (boat.berths, len(boat.sails), boat.sails[0].kind) == (["A1"], 2, "jib")


def test_an_editor_is_told_the_same() -> None:
    known = definitions(Boat)
    schema = Draft202012Validator({"$ref": "#/$defs/Boat", "$defs": known})
    assert known["Boat"]["properties"]["by"]["description"] == "靠什么行驶"
    assert schema.is_valid({"name": "海鸥", "by": {"oars": 2}, "berths": ["A1"], "sails": [{"kind": "jib"}]})
    for text in list(WRONG)[1:]:
        assert not schema.is_valid(read_yaml(text).value), text


def test_the_reference_lists_every_key_of_every_part_once() -> None:
    text = reference([Boat])
    assert "| `berths` | 泊位 | 泊位号的列表 |  |" in text
    assert "| `reefs` | 缩帆次数 | 0 到 4 的整数 | `2` |" in text
    assert "| `kind` | 种类 | 以下之一：main、jib | **必填** |" in text
    assert [text.count(f"## {name}") for name in ("Boat", "Sail", "Oars")] == [1, 1, 1]
