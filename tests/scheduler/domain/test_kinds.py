"""A business kind that nobody but a pack knows."""

import time
from typing import Any

import pytest

from services.scheduler.domain.book import PolicyBook
from services.scheduler.domain.explain.decision import explain
from services.scheduler.domain.kinds import Kind, compile_kind
from services.scheduler.domain.packs.pack import read_pack
from services.scheduler.domain.simulation.plan import Simulation
from tests.scheduler.builders import as_yaml, contents, fact, policies

SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["lease_no", "area"],
    "properties": {
        "lease_no": {"type": "string", "minLength": 2},
        "area": {"type": "object", "required": ["code"], "properties": {"code": {"type": "string"}}},
        "floor": {"enum": ["low", "high"]},
        "rent": {"type": ["number", "null"], "minimum": 0},
        "moved_in_at": {"type": "string", "format": "date-time"},
        "keys": {"type": "array", "maxItems": 2, "items": {"type": "string", "pattern": "^K"}},
    },
}
MOVED_IN = Kind("tenant.moved_in", "租户入驻", SCHEMA)
GOOD: dict[str, Any] = {"lease_no": "L-1", "area": {"code": "A"}}
POLICY = {"id": "moved-in", "events": ["tenant.moved_in"]}


def simulation() -> Simulation:
    return Simulation(PolicyBook(policies(POLICY), kinds=[MOVED_IN]))


def test_a_kind_of_a_pack_is_planned_for_under_its_title() -> None:
    decision = simulation().happen(fact("tenant.moved_in", GOOD))
    assert decision is not None
    assert decision.outcome == "planned"
    assert decision.tasks[0].matters[0]["title"] == "租户入驻 WX-e1"


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"lease_no": None}, "lease_no 应为文字"),
        ({"lease_no": "L"}, "lease_no 至少 2 个字"),
        ({"area": {}}, "area 缺少 code"),
        ({"floor": "roof"}, "floor 应为以下之一：low、high"),
        ({"rent": "1"}, "rent 应为数或空"),
        ({"rent": -1}, "rent 应不小于 0"),
        ({"moved_in_at": "2026-03-02"}, "moved_in_at 应为时间，如 2026-03-06T15:00:00+08:00"),
        ({"keys": ["K1", "13800138000"]}, "keys.1 应符合表达式 ^K"),
        ({"keys": ["K1", "K2", "K3"]}, "keys 最多 2 项"),
    ],
)
def test_data_that_do_not_fit_are_told_without_their_values(wrong: dict[str, Any], reason: str) -> None:
    assert compile_kind(MOVED_IN).flaw(GOOD | wrong) == reason


def test_facts_with_wrong_data_are_on_record_and_change_nothing() -> None:
    stage = simulation()
    decision = stage.happen(fact("tenant.moved_in", {"lease_no": "L-1"}, level="A"))
    assert decision is not None
    assert (decision.outcome, decision.tasks) == ("malformed", ())
    assert explain(decision.outcome, decision.details, {}) == [
        "不回访：事实的数据不符合此类事件的声明。",
        "数据有误：数据 缺少 area。",
    ]
    later = stage.happen(fact("tenant.moved_in", GOOD, id="e2"))
    assert later is not None
    assert later.outcome == "planned"


def test_a_schema_that_refers_to_itself_without_end_ends() -> None:
    assert "引用了自己" in compile_kind(Kind("x", "x", {"$ref": "#"})).flaw({})


def test_a_pack_brings_its_kinds() -> None:
    files = contents(POLICY) | {
        "kinds/tenants.yaml": as_yaml({"kinds": [{"event": "tenant.moved_in", "title": "租户入驻", "schema": SCHEMA}]})
    }
    assert read_pack(files).kinds == (MOVED_IN,)


def doubled(depth: int) -> dict[str, Any]:
    """A schema that asks twice for one that asks twice for one …"""
    defs = {f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(depth)}
    return {"$ref": "#/$defs/d0", "$defs": defs | {f"d{depth}": {"type": "object"}}}


COSTLY: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "expression": ({"properties": {"a": {"pattern": "^(a+)+$"}}}, {"a": "a" * 40 + "!"}),
    "expression of names": ({"patternProperties": {"^(a+)+$": False}}, {"a" * 40 + "!": 1}),
    "expression of other names": (
        {"patternProperties": {"^(a+)+$": True}, "additionalProperties": {"type": "integer"}},
        {"a" * 40 + "!": 1},
    ),
    "doubled": (doubled(40), {}),
    "items alike": ({"properties": {"a": {"uniqueItems": True}}}, {"a": [{"n": n} for n in range(20_000)]}),
}


@pytest.mark.parametrize(("schema", "data"), COSTLY.values(), ids=COSTLY)
def test_no_schema_keeps_an_event_waiting(schema: dict[str, Any], data: dict[str, Any]) -> None:
    flaw = compile_kind(Kind("tenant.moved_in", "租户入驻", schema)).flaw
    started = time.process_time()
    flaw(data)
    assert time.process_time() - started < 1


def test_names_by_expression_are_judged_as_declared_fields_are() -> None:
    schema = {"patternProperties": {"^x_": {"type": "integer"}}, "additionalProperties": False, "properties": {"a": {}}}
    flaw = compile_kind(Kind("tenant.moved_in", "租户入驻", schema)).flaw
    assert flaw({"x_1": 1, "a": 2}) == ""
    assert flaw({"x_1": "1"}) == "x_1 应为整数"
    assert flaw({"y_1": 1, "b": 2}) == "数据 有未声明的字段：y_1、b"


def test_items_alike_are_found_whatever_they_are_made_of() -> None:
    flaw = compile_kind(Kind("tenant.moved_in", "租户入驻", {"properties": {"a": {"uniqueItems": True}}})).flaw
    assert flaw({"a": [{"n": 1, "m": 2}, {"m": 2, "n": 1}]}) == "a 各项不能相同"
    assert flaw({"a": [{"n": 1}, {"n": 2}, 1, "1", True]}) == ""


def test_a_schema_with_an_expression_that_re2_has_not_fails_no_event() -> None:
    """Accepted by an earlier version of the platform."""
    flaw = compile_kind(Kind("tenant.moved_in", "租户入驻", {"properties": {"a": {"pattern": "(?=a)a"}}})).flaw
    assert flaw({"a": "a"}) == "a 应符合表达式 (?=a)a"
