"""Expressions that people write: carried out in linear time, or refused with what to write instead."""

import time

import pytest

from shared.patterns import LONGEST_MATCHED, LONGEST_PATTERN, PatternRefused, compile_pattern

HOSTILE = ["^(a+)+$", "^(a|a)*$", "(.*a.*){50}!", "(.{0,100}a){5}b", "((((a?){30}){30}))!", "^([a-z]*)*$"]


@pytest.mark.parametrize("pattern", HOSTILE)
def test_no_expression_and_no_text_keep_anybody_waiting(pattern: str) -> None:
    started = time.process_time()
    for text in ("a" * 40 + "!", "a" * 1_000_000, "ab" * 500_000):
        compile_pattern(pattern)(text)
    assert time.process_time() - started < 1


LACKING = {
    "(?=a)b": "前瞻",
    "^(?!a)": "“不含”写在 not 之下",
    "(?<=a)b": "后顾",
    "(?<!a)b": "后顾",
    r"(a)\1": "反向引用",
    "(?P<n>a)(?P=n)": "反向引用",
    "a++": "只写一个重复符号",
    "(?>a)": "原子组",
    r"a\Z": "请写 $",
    "a{1001}": "超过 1000 次",
    "(a{1000}){1000}": "超过 1000 次",
    r"\p{L}{100}": "庞大",
    "(?#x)a": "YAML 注释",
    "(?(1)a|b)": "条件分组",
    "(a": "缺少右括号",
    "a)": "多了右括号",
    "[a": "缺少右方括号",
    "*a": "之前没有要重复的内容",
    "[z-a]": "写反了",
    "a\\": "反斜杠",
    r"\h": "不认识的转义",
    "\ud800": "无法识别",
    "a" * (LONGEST_PATTERN + 1): "最长 500 个字",
}


@pytest.mark.parametrize(("pattern", "says"), LACKING.items(), ids=[pattern[:12] for pattern in LACKING])
def test_what_is_not_carried_out_is_told_with_what_to_write(pattern: str, says: str) -> None:
    with pytest.raises(PatternRefused, match="正则表达式") as refused:
        compile_pattern(pattern)
    assert says in str(refused.value)


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        (r"[\u4e00-\u9fa5]{2}", "L1 回访", True),
        (r"\\u4e00", r"\u4e00", True),
        (r"^\p{Han}+$", "回访", True),
        ("^L[0-9]{3}$", "L123", True),
        ("^L[0-9]{3}$", "L1234", False),
        ("(?i)abc", "xABCx", True),
        ("a", "\ud800a", True),
        ("b", "a" * LONGEST_MATCHED + "b", False),
    ],
)
def test_an_expression_is_found_anywhere_in_a_text(pattern: str, text: str, found: bool) -> None:
    assert compile_pattern(pattern)(text) is found
