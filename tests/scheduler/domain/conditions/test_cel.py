import time
from typing import Any

import pytest

from services.scheduler.domain.conditions.tree import NAMES, VARIABLES, compile_condition
from services.scheduler.domain.customer import Customer
from services.scheduler.domain.facts import Fact
from shared.conditions.cel import Answer, CelRefused, compile_cel
from shared.conditions.tree import Failure
from tests.scheduler.builders import at, fact

DATA = {"amount": 120.5, "text": "120.50", "tags": ["首单"], "lines": [{"sku": "A"}], "name": "中文"}
CUSTOMER = Customer("C1", {"tier": "A"})
FACT = fact("order.completed", DATA, time=at("2026-03-02 10:00"))


def answer_to(text: str, about: Fact = FACT) -> Answer:
    return compile_cel(text, VARIABLES)(NAMES.values(about, CUSTOMER))


@pytest.mark.parametrize(
    "text",
    [
        "data.amount > 100.0 && customer.tier == 'A'",
        "data.amount > 100",
        "double(data.text) > 120.0",
        "data.lines.exists(line, line.sku == 'A')",
        "'首单' in data.tags && size(data.name) == 2",
        "event.type == 'order.completed' && event.source == '/test'",
        "timestamp(event.time) < timestamp('2026-03-02T10:01:00+08:00')",
        "!has(customer.level)",
        "data.missing == 1 || data.amount > 100.0",
    ],
)
def test_expressions_that_hold(text: str) -> None:
    assert answer_to(text) is True


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("customer.tier == 'B'", False),
        ("data.missing > 1", "没有这个字段，可先用 has(…) 判断（"),
        ("data.text > 100.0", "两边的类型不能这样运算"),
        ("data.name", "得出的是 STRING，不是真或假"),
    ],
)
def test_what_cannot_be_told_counts_as_false_with_its_reason(text: str, answer: Any) -> None:
    told = answer_to(text)
    assert told is answer if isinstance(answer, bool) else str(told).startswith(answer)
    assert compile_condition({"cel": text})(FACT, CUSTOMER) == Failure("cel", "cel", text, told)


def test_an_expression_that_never_ends_is_given_up() -> None:
    nested = "data.xs.all(x, data.xs.all(y, data.xs.all(z, x*y*z >= 0)))"
    assert "循环太多" in str(answer_to(nested, fact(data={"xs": [*range(200)]})))


LARGE = {"text": "a" * 200_000, "wide": "(.{0,100}a){9}b", "xs": [*range(90)]}
COSTLY = [
    "data.text.matches(data.wide)",
    "data.xs.all(x, data.xs.all(y, data.text.contains('ab')))",
    "data.xs . all (x, data.xs.exists(y, (data.text + data.text + data.text).size() > 5))",
    "data.xs.all(x, data.text.matches('(.{0,90}a){9}b'))",
]


@pytest.mark.parametrize("text", COSTLY)
def test_large_texts_cost_an_expression_little_time(text: str) -> None:
    started = time.process_time()
    answer_to(text, fact(data=LARGE))
    assert time.process_time() - started < 1


@pytest.mark.parametrize("grows", ["['aaaa']" + ".map(a, a+a)" * 15, "['aaaa'] . map (a, a+a)"])
def test_an_expression_that_doubles_a_text_is_refused(grows: str) -> None:
    with pytest.raises(CelRefused, match="不能用 map"):
        compile_cel(f"{grows}[0].size() > 1", VARIABLES)


def test_an_expression_that_was_accepted_when_more_was_allowed_fails_no_event() -> None:
    failure = compile_condition({"cel": "data.xs.map(x, x).size() > 0"})(FACT, CUSTOMER)
    assert failure is not None
    assert "不能用 map" in str(failure.actual)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("data.x + " * 21 + "1 == 2", "最多 20 个加号"),
        ("(" * 40 + "true" + ")" * 40, "括号太多"),
        ("data.x ==", "第 10 个字符附近：表达式没有写完"),
        ("data.x = 1", "相等写作 =="),
        ("dat.x > 1", "变量只有 data、event、customer"),
        ("data.x == '甲", "须用一对引号"),
        ("1 + 'a' == 2", "类型不能这样运算"),
        ("data.x == 1 2", "多余"),
        ("size(data.x)", "应得出真或假，现在得出 INT"),
        ("data.x > 1 ? ", "表达式没有写完"),
    ],
)
def test_what_is_no_expression_is_told_with_its_place(text: str, says: str) -> None:
    with pytest.raises(CelRefused, match=says.replace("(", "\\(").replace("?", "\\?")):
        compile_cel(text, VARIABLES)


def test_expressions_stand_in_a_tree_beside_others() -> None:
    tree = {"all": [{"field": "amount", "op": "gt", "value": 1}, {"not": {"cel": "customer.tier == 'A'"}}]}
    assert compile_condition(tree)(FACT, CUSTOMER) == Failure("cel", "not cel", "customer.tier == 'A'", True)
    assert compile_condition({"any": [{"cel": "data.missing > 1"}, {"cel": "true"}]})(FACT, CUSTOMER) is None
