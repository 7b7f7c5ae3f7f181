"""What publishing a pack would change, told key by key."""

from datetime import timedelta

import pytest

from services.scheduler.domain.kinds import Kind
from services.scheduler.domain.packs.differences import differences
from services.scheduler.domain.packs.pack import Pack, read_pack
from services.scheduler.domain.packs.plan import (
    KindDeclaredDifferently,
    PolicyBelongsToAnotherPack,
    Published,
    ValidFromPast,
    plan_kinds,
    plan_policies,
)
from tests.scheduler.builders import MONDAY, at, contents

MAY = at("2026-05-01 00:00")
LEAF = {"field": "result", "op": "ne", "value": "cancelled"}


def pack(*policies: dict[str, object], **head: object) -> Pack:
    return read_pack(contents(*policies, **head))


def published(of: Pack, **changes: object) -> dict[str, Published]:
    return {
        draft.id: Published(draft.id, of.name, 1, draft.content, **changes)  # type: ignore[arg-type]
        for draft in of.drafts
    }


def told(before: dict[str, object], after: dict[str, object], **head: object) -> list[str]:
    (old,), (new,) = pack(before).drafts, pack(after, **head).drafts
    return [str(one) for one in differences(old.content, new.content)]


def test_what_differs_is_told_key_by_key_in_the_words_of_the_guide() -> None:
    assert told({"rate": 20}, {"rate": "all"}) == ["回访多少（rate）：20% → 全部"]
    assert told({"delay": {"days": 1}}, {"delay": {"working_days": 2}}) == [
        "最早多久之后联系（delay）：1 天 → 2 个工作日"
    ]
    assert told({}, {"deadline": {"hours": 4}}) == [
        "事实发生后多久之内联系（deadline）：（无） → 4 小时",
        "合并的联系最多相差几天（merge_within）：7 → （无）",
    ]
    assert told({"merge": True}, {"merge": False}) == ["是否可与同一客户的其他事项合并为一次联系（merge）：是 → 否"]
    assert told({}, {"condition": LEAF}) == [
        'trigger.condition：（无） → {"field":"result","op":"ne","value":"cancelled"}'
    ]
    assert told({"clauses": ["R01.1"]}, {"clauses": ["R01.1", "R01.2"]}) == [
        "条款编号（clauses）：R01.1 → R01.1、R01.2"
    ]
    assert told({"title": "甲"}, {"title": "乙"}) == ["中文名称（title）：甲 → 乙"]


def test_what_the_pack_says_for_all_differs_in_each_policy() -> None:
    assert told({}, {}, seed="other") == ["抽样种子（seed）：test → other"]
    assert told({}, {}, window={"days": "all"}) == ["只在工作日（含调休）（window.days）：working → all"]


def test_a_key_without_value_is_like_a_missing_one() -> None:
    assert differences({"a": None, "b": [], "c": 0}, {"c": 0, "d": ""}) == []


def results(wanted: Pack, stored: dict[str, Published], **options: object) -> dict[str, tuple[str, int]]:
    changes = plan_policies(wanted, stored, options.get("valid_from"), MONDAY)  # type: ignore[arg-type]
    return {change.id: (change.result, change.version) for change in changes}


def test_policies_are_new_changed_unchanged_or_gone() -> None:
    before = pack({"id": "a"}, {"id": "b"}, {"id": "gone"})
    after = pack({"id": "a"}, {"id": "b", "rate": 20}, {"id": "c"})
    assert results(after, published(before)) == {
        "a": ("unchanged", 1),
        "b": ("changed", 2),
        "c": ("created", 1),
        "gone": ("withdrawn", 1),
    }


def test_what_was_retired_comes_back_as_a_new_version_and_is_not_withdrawn_again() -> None:
    one = pack({"id": "a"})
    assert results(one, published(one, valid_until=MONDAY)) == {"a": ("restored", 2)}
    assert results(pack({"id": "b"}), published(one, valid_until=MONDAY)) == {"b": ("created", 1)}


def test_another_moment_is_a_new_version_unless_it_has_come() -> None:
    one = pack({"id": "a"})
    assert results(one, published(one, valid_from=MAY)) == {"a": ("changed", 2)}
    assert results(one, published(one, valid_from=MAY), valid_from=MAY) == {"a": ("unchanged", 1)}
    assert results(one, published(one, valid_from=MONDAY - timedelta(days=1))) == {"a": ("unchanged", 1)}
    (change,) = plan_policies(pack({"id": "a", "valid_from": "2026-05-01 00:00"}), published(one), None, MONDAY)
    assert [str(one) for one in change.differences] == ["生效时间（valid_from）：立即 → 2026-05-01 00:00 (周五)"]
    assert change.valid_from == MAY


def test_a_moment_that_has_passed_is_refused() -> None:
    with pytest.raises(ValidFromPast):
        plan_policies(pack({"id": "a"}), {}, MONDAY, MONDAY)


def test_a_policy_of_another_pack_is_not_taken() -> None:
    with pytest.raises(PolicyBelongsToAnotherPack):
        plan_policies(pack({"id": "a"}, name="other"), published(pack({"id": "a"})), None, MONDAY)


def test_packs_share_a_kind_only_when_they_say_the_same_of_it() -> None:
    kind, other = Kind("x.y", "甲", {"type": "object"}), Kind("x.y", "乙", {"type": "object"})
    wanted = Pack("test", "测试", kinds=(kind,))
    assert plan_kinds(wanted, {"other": {"x.y": kind}, "test": {"x.z": kind}}) == {"x.y": "created", "x.z": "withdrawn"}
    assert plan_kinds(wanted, {"test": {"x.y": kind}}) == {"x.y": "unchanged"}
    assert plan_kinds(wanted, {"test": {"x.y": other}}) == {"x.y": "changed"}
    with pytest.raises(KindDeclaredDifferently):
        plan_kinds(wanted, {"other": {"x.y": other}})
