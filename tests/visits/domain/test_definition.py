"""Definitions are read whole or refused with every fault in Chinese."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.visits.domain.conditions import Condition
from services.visits.domain.definition import read_definition
from services.visits.domain.errors import InvalidQuestionnaire
from services.visits.domain.lint import warnings_of
from tests.visits.domain.builders import choice, question, questionnaire


def definition(*questions: Any, **changes: Any) -> dict[str, Any]:
    return {"id": "q", "title": "问卷", "questions": list(questions)} | changes


def leaf(field: str, op: str, value: Any) -> dict[str, Any]:
    return {"field": field, "op": op, "value": value}


def faults(raw: Any) -> str:
    with pytest.raises(InvalidQuestionnaire) as refused:
        read_definition(raw)
    assert refused.value.extra["errors"]
    return refused.value.detail


def test_a_condition_tree_is_read() -> None:
    tree = {"any": [leaf("a", "eq", True), leaf("r", "lt", 3)]}
    read = questionnaire(question("a"), question("r", "rating"), question("b", when=tree))
    assert read.questions[2].when == Condition({"any": [leaf("a", "eq", "yes"), leaf("r", "lt", 3)]})


def test_bare_yes_and_no_of_yaml_are_answers() -> None:
    assert questionnaire(question("a", problem=[False, "unclear"])).questions[0].problem == ("no", "unclear")


def test_a_rating_runs_from_one_to_five_unless_said_otherwise() -> None:
    usual, other = questionnaire(question("a", "rating"), question("b", "rating", min=0, max=10)).questions
    assert (usual.least, usual.most, other.least, other.most) == (1, 5, 0, 10)


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        ([], "应为键值结构"),
        (definition(), "questions：应至少写一个问题"),
        (definition(question("a"), colour="red"), "colour：没有这个配置项"),
        (definition(question("a", kind="slider")), "questions[0].kind：应写以下之一"),
        (definition(question("a", title=" ")), "questions[0].title：不能是空的"),
        (definition(question("a"), question("a")), "题号 a 重复"),
        (definition(question("A b")), "只能用小写字母"),
        (definition(choice("a", "x")), "至少要有两个选项"),
        (definition(choice("a", "x", "x")), "value 重复"),
        (definition(question("a", "text", options=[{"value": "x", "label": "y"}])), "没有选项"),
        (definition(question("a", problem=["maybe"])), "问题件答案 maybe 不在选项内"),
        (definition(question("a", "text", problem=["x"])), "不能判定问题件"),
        (definition(question("a", "number", min=3, max=3)), "min 应小于 max"),
        (definition(question("a", when=leaf("b", "eq", "yes")), question("b")), "不存在或排在后面"),
        (definition(question("a"), question("b", when=leaf("a", "eq", "oui"))), "永远不会成立"),
        (definition(question("a", "text"), question("b", when=leaf("a", "eq", "x"))), "不能引用文字题"),
        (definition(question("a"), question("b", when={"field": "a"})), "questions[1].when.op：缺少此项"),
        (definition(question("a"), question("b", when={"field": "a", "op": "=", "value": "yes"})), "是否想写 eq"),
        (definition(question("a"), question("b", when=leaf("a", "lt", "yes"))), "的答案不是数字"),
        (definition(question("a", "rating"), question("b", when=leaf("a", "lt", "好"))), "只能与数字比较"),
        (definition(question("a"), question("b", when=leaf("a", "contains", "yes"))), "的答案只有一个"),
        (definition(choice("a", "x", "y", kind="multiple"), question("b", when=leaf("a", "eq", "x"))), "是多选题"),
        (definition(question("a"), question("b", when=leaf("a", "matches", "yes"))), "不能写 matches"),
        (definition(question("a"), question("b", when={"cel": "true"})), "questions[1].when.cel：坐席的页面断网时"),
        (definition(question("a"), question("b", when={"history": {}, "op": "ge", "value": 1})), "往事请写在策略"),
        (definition(question("a"), question("b", when={"named": "vip"})), "请直接写条件"),
        (definition(question("a"), question("b", when={"question": "a", "eq": "yes"})), "huifang pack migrate"),
        (definition(question("a"), question("b", when={"all": []})), "questions[1].when.all：应至少写一个条件"),
        (definition(question("a", role="boss")), "questions[0].role：应写以下之一"),
        (definition(question("a", role="satisfaction")), "作用 satisfaction 只能用于"),
        (definition(choice("a", "good", "bad", role="satisfaction")), "满意度选项 good 应为"),
        (definition(question("a", "rating", min=0, role="satisfaction")), "应从 1 开始"),
        (definition(question("a", role="resolved"), question("b", role="resolved")), "只能由一道题承担"),
        (definition(question("a"), opening="您好，{老板}"), "变量 {老板} 不存在"),
        (definition(question("a", problem=[{"x": 1}])), "problem：应写答案"),
        (definition(question("a", min=10**400)), "questions[0].min：应写数字"),
    ],
)
def test_a_fault_is_named(raw: Any, fault: str) -> None:
    assert fault in faults(raw)


def test_all_faults_are_named_at_once() -> None:
    found = faults(definition(choice("a", "x"), question("b", problem=["maybe"])))
    assert "至少要有两个选项" in found
    assert "问题件答案" in found


def test_a_condition_nested_without_end_is_refused() -> None:
    tree: dict[str, Any] = leaf("a", "eq", "yes")
    for _ in range(50):
        tree = {"all": [tree]}
    assert "嵌套" in faults(definition(question("a"), question("b", when=tree)))


def test_what_is_unwise_is_only_a_warning() -> None:
    read = read_definition(definition(*(question(f"q{number}", required=True) for number in range(9))))
    warnings = "".join(warnings_of(read))
    assert all(word in warnings for word in ("9 道", "没有开场白", "没有结束语", "没有满意度题"))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "kind", "title", "ask", "options", "when", "questions", "all"]), inner)
    ),
    max_leaves=20,
)


@given(JSON)
def test_any_tree_is_read_or_refused_with_a_reason(raw: Any) -> None:
    try:
        told = read_definition(raw).title
    except InvalidQuestionnaire as refused:
        told = refused.detail
    assert told


@pytest.mark.parametrize(("written", "required"), [("yes", True), (True, True), ("no", False), (False, False)])
def test_required_is_yes_or_no_in_whatever_words_yaml_has_for_it(written: object, required: bool) -> None:
    raw = {"id": "q", "title": "问卷", "questions": [{"id": "a", "kind": "text", "title": "题", "ask": "?"}]}
    raw["questions"][0] |= {"required": written}  # type: ignore[index]
    assert read_definition(raw).questions[0].required is required


def test_required_of_another_kind_is_refused() -> None:
    raw = {"id": "q", "title": "问卷", "questions": [{"id": "a", "kind": "text", "title": "题", "ask": "?"}]}
    raw["questions"][0] |= {"required": "often"}  # type: ignore[index]
    with pytest.raises(InvalidQuestionnaire, match="required：应写"):
        read_definition(raw)


LARGE: dict[str, tuple[dict[str, Any], str]] = {
    "a rating nobody can choose from": ({"kind": "rating", "max": 1_000_000_000}, "最多 10"),
    "a rating with decimals": ({"kind": "rating", "min": 0.5, "max": 5}, "应为整数"),
    "options without end": (
        {"kind": "single", "options": [{"value": f"v{n}", "label": "甲"} for n in range(101)]},
        "最多 100 项",
    ),
    "a book to read out": ({"ask": "问" * 5_001}, "最长 5000 个字"),
    "answers without end": ({"kind": "yes_no", "problem": ["no"] * 101}, "最多 100 项"),
    "no number": ({"kind": "number", "max": float("nan")}, "应写数字"),
    "infinity": ({"kind": "number", "max": float("inf")}, "应写数字"),
}


@pytest.mark.parametrize(("wrong", "says"), LARGE.values(), ids=LARGE)
def test_what_nobody_can_ask_is_refused(wrong: dict[str, Any], says: str) -> None:
    question = {"id": "a", "kind": "text", "title": "题", "ask": "?"} | wrong
    with pytest.raises(InvalidQuestionnaire, match=says):
        read_definition({"id": "q", "title": "问卷", "questions": [question]})


def test_objections_are_read_and_their_replies_may_use_variables() -> None:
    said = [{"heard": "没空", "reply": "{称呼}，只要一分钟。"}]
    [asked] = questionnaire(question("a", objections=said)).questions
    assert [(one.heard, one.reply) for one in asked.objections] == [("没空", "{称呼}，只要一分钟。")]


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ("没空", "objections：应写一个列表"),
        ([{"heard": "没空"}], "reply：缺少此项"),
        ([{"heard": "没空", "reply": "好", "tone": "和气"}], "tone：没有这个配置项"),
        ([{"heard": "没空", "reply": "{姓氏}您好"}], "变量 {姓氏} 不存在"),
    ],
)
def test_objections_that_cannot_be_read_are_refused(said: Any, fault: str) -> None:
    assert fault in faults(definition(question("a", objections=said)))
