"""Mistakes in conditions that look back or are written in CEL, told with their line and key."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from services.scheduler.domain.packs.check import check_pack
from services.scheduler.domain.packs.schema import pack_schema

PACK = "format: 1\nname: test\ntitle: 测试\n"
POLICY = """\
id: one
title: 一
trigger:
  events: [complaint.opened]
  condition:
    all:
      - {condition}
rate: all
questionnaire: q
"""
VALID = Draft202012Validator(pack_schema())
GOOD = (
    "{history: {events: [complaint.opened], same: kind, in_a_row: true, within: {days: 365}}, op: ge, value: 2}",
    "{history: {events: [repair.closed], result: replaced}, op: lt, value: 3}",
    "{history: {events: [order.completed], sum: amount, within: {days: 365}}, op: ge, value: 10000}",
    "{history: {contacts: true, within: {days: 365}}, op: eq, value: 0}",
    "{cel: \"data.level > 1 && customer.tier == 'A'\"}",
    "{not: {cel: 'has(data.kind)'}}",
    "{field: customer.warranty_until, op: exists}",
)
MISTAKES = [
    ("{history: {}, op: ge, value: 2}", "history", "只写一种：events"),
    ("{history: {events: [complaint.opened], contacts: true}, op: ge, value: 2}", "history", "只写一种：events"),
    ("{history: {contacts: true}, op: eq, value: 0}", "history.within", "应写 {days: 365}"),
    ("{history: {contacts: true, within: {days: 400}}, op: eq, value: 0}", "history.within.days", "1 到 366"),
    ("{history: {contacts: true, same: kind, within: {days: 9}}, op: eq, value: 0}", "history.same", "只用于 events"),
    ("{history: {events: ['*']}, op: ge, value: 2}", "history.events", "具体的事件名"),
    ("{history: {events: complaint.opened}, op: ge, value: 2}", "history.events", "的列表"),
    ("{history: {events: [complaint.opened], in_a_row: true}, op: ge, value: 2}", "history.in_a_row", "same 或 result"),
    ("{history: {events: [complaint.opened], simlar: kind}, op: ge, value: 2}", "history.simlar", "没有这个配置项"),
    ("{history: {events: [complaint.opened], within: 365}, op: ge, value: 2}", "history.within", "如 {days: 365}"),
    ("{history: {events: [complaint.opened]}, op: contains, value: 2}", "op", "以下之一：eq"),
    ("{history: {events: [complaint.opened]}, op: ge, value: 两次}", "value", "的整数"),
    ("{history: {events: [complaint.opened]}, op: ge}", "value", "缺少此项"),
    ("{cel: 7}", "cel", "CEL 表达式"),
]
ONLY_CHECK = [
    ("{cel: 'data.level >'}", "cel", "第 13 个字符附近：表达式没有写完"),
    ("{cel: 'size(data.kind)'}", "cel", "应得出真或假"),
]
WARNINGS = [
    ("{history: {events: [complaint.open]}, op: ge, value: 2}", "history.events", "是否想写 complaint.opened"),
    ("{history: {events: [complaint.opened], same: category.code}, op: ge, value: 2}", "history.same", "没有 category"),
    ("{history: {events: [complaint.opened], sum: amount}, op: ge, value: 2}", "history.sum", "没有 amount"),
    ("{field: customer.warranty, op: exists}", "field", "以 _on 或 _until 结尾"),
]


def _files(condition: str) -> dict[str, str]:
    policy = POLICY.replace("{condition}", condition)
    return {"pack.yaml": PACK, "policies/a.yaml": policy, "questionnaires/q.yaml": "id: q\n"}


def _whole(condition: str) -> Any:
    import yaml

    return yaml.safe_load(POLICY.replace("{condition}", condition))


@pytest.mark.parametrize("condition", GOOD)
def test_a_good_condition_has_no_problems(condition: str) -> None:
    assert check_pack(_files(condition), "test") == []
    VALID.validate(_whole(condition))


@pytest.mark.parametrize(("condition", "key", "says"), MISTAKES + ONLY_CHECK)
def test_a_mistake_is_told_where_it_stands(condition: str, key: str, says: str) -> None:
    found = [one for one in check_pack(_files(condition), "test") if not one.warning]
    assert any(one.key == f"trigger.condition.all[0].{key}" and says in one.message for one in found), found
    assert {one.line for one in found} == {7}


@pytest.mark.parametrize(("condition", "key", "says"), WARNINGS)
def test_a_doubt_is_told_as_a_warning(condition: str, key: str, says: str) -> None:
    (found,) = check_pack(_files(condition), "test")
    assert (found.key, found.warning) == (f"trigger.condition.all[0].{key}", True)
    assert says in found.message


@pytest.mark.parametrize("condition", [condition for condition, _, _ in MISTAKES])
def test_an_editor_sees_a_mistake_of_form(condition: str) -> None:
    assert not VALID.is_valid(_whole(condition))
