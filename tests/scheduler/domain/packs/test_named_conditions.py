"""Conditions that a pack names once, for all its policies."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from services.scheduler.domain.packs.check import check_pack
from services.scheduler.domain.packs.pack import read_pack
from services.scheduler.domain.packs.schema import pack_schema
from shared.yaml_reader import read_yaml
from tests.scheduler.builders import book, contents, fact, judge

VIP = {"any": [{"field": "level", "op": "eq", "value": "A"}, {"field": "tier", "op": "eq", "value": "key"}]}
REPAIRED = {"field": "result", "op": "ne", "value": "cancelled"}
HEAD = {"conditions": {"vip": VIP, "repaired": REPAIRED}}
BOTH = {"all": [{"named": "vip"}, {"not": {"named": "repaired"}}]}


def test_a_policy_says_by_itself_what_the_named_conditions_ask() -> None:
    plain = contents({"condition": {"all": [VIP, {"not": REPAIRED}]}})
    assert [one.content for one in read_pack(contents({"condition": BOTH}, **HEAD)).drafts] == [
        one.content for one in read_pack(plain).drafts
    ]


@pytest.mark.parametrize(("level", "outcome"), [("A", "planned"), ("B", "no_policy_matches")])
def test_a_named_condition_decides(level: str, outcome: str) -> None:
    rules = book(
        {"condition": {"named": "vip"}}, {"id": "p2", "condition": {"all": [{"named": "vip"}, REPAIRED]}}, **HEAD
    )
    decision, _ = judge(rules, fact(data={"level": level}))
    assert decision.outcome == outcome


def test_pauses_and_steps_may_use_them_too() -> None:
    happy = {"field": "rating", "op": "ge", "value": 4}
    steps = [{"id": "one"}, {"id": "two", "if": {"named": "happy"}}]
    pauses = [{"on": ["complaint.opened"], "hours": 24, "condition": {"named": "vip"}}]
    files = contents({"steps": steps}, conditions={"vip": VIP, "happy": happy}, pauses=pauses)
    content = read_pack(files).drafts[0].content
    assert (content["steps"][1]["if"], content["pauses"][0]["condition"]) == (happy, VIP)


@pytest.mark.parametrize(
    ("head", "condition", "file", "key", "says"),
    [
        (
            HEAD,
            {"named": "vib"},
            "policies/all.yaml",
            "policies[0].trigger.condition",
            "没有 vib，是否想写 vip？，可写：repaired、vip",
        ),
        ({}, {"named": "vip"}, "policies/all.yaml", "policies[0].trigger.condition", "可写：（没有）"),
        (
            {"conditions": {"vip": {"field": "a", "op": "is"}}},
            REPAIRED,
            "pack.yaml",
            "conditions.vip.op",
            "应写以下之一",
        ),
        ({"conditions": [VIP]}, REPAIRED, "pack.yaml", "conditions", "应写名称与条件，如 {vip:"),
        ({"conditions": {"vip": {"not": {"named": "b"}}}}, REPAIRED, "pack.yaml", "conditions.vip", "不能再用别的名称"),
    ],
)
def test_a_mistake_is_told_where_it_stands(head: Any, condition: Any, file: str, key: str, says: str) -> None:
    found = check_pack(contents({"condition": condition}, **head))
    assert any((one.file, one.key) == (file, key) and says in one.message for one in found), [str(one) for one in found]


def test_an_editor_knows_them() -> None:
    files = contents({"condition": BOTH, "questionnaire": "none"}, **HEAD)
    validator = Draft202012Validator(pack_schema())
    for text in files.values():
        assert list(validator.iter_errors(read_yaml(text).value)) == []
