"""Conditions in CEL (cel.dev), for what a tree can't say: `data.amount > 100.0 && customer.tier == 'A'`.

Whoever asks says which variables there are; all are of any type. Whatever goes wrong when an expression is asked, mostly a
field that is missing, counts as false and is told as the reason.

An expression is bounded in time and memory: the library counts the rounds of loops; `map` is left out, a chain of which
doubles a text until memory is full; few texts may be joined; loops and `matches` see texts only up to LONGEST_SEEN.
"""

import re
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from typing import Any

from cel_expr_python import cel

LONGEST = 1000
LONGEST_SEEN = 2_000  # characters
MOST_SUMS = 20
COSTLY = ("all", "exists", "filter", "matches")  # loops, and expressions on texts
CONFIGURATION = "{{name: conditions, stdlib: {{exclude_macros: [map]}}, variables: [{}]}}"
Variables = tuple[str, ...]
Answer = bool | str
Ask = Callable[[Mapping[str, Any]], Answer]
_PLACE = re.compile(r"ERROR: <input>:(\d+):(\d+): (.*)")
_MEANINGS = (
    ("max recursion depth", "括号或连写的运算太多，请拆成几个条件写在 all 或 any 之下"),
    ("recursion limit", "括号太多，请拆成几个条件写在 all 或 any 之下"),
    ("mismatched input '<eof>'", "表达式没有写完"),
    ("token recognition error at: '= '", "相等写作 =="),
    ("token recognition error", "有不认识的符号，文字须用一对引号括起来"),
    ("undeclared reference", "没有这个名字；变量只有 {}"),
    ("no matching overload", "两边的类型不能这样运算；带小数的数写 100.0，以文字记的金额先写 double(…)"),
    ("extraneous input", "有多余的内容"),
    ("iteration budget", "循环太多"),
    ("key not found", "没有这个字段，可先用 has(…) 判断"),
)


class CelRefused(ValueError):
    """The text is no expression that gives true or false; says where and why, in Chinese."""


def compile_cel(text: str, variables: Variables) -> Ask:
    """The expression as a function of the variables' values: true, false, or (in Chinese) why it could not be told.

    Raises CelRefused.
    """
    expression, costly = _compiled(text, variables), any(name in text for name in COSTLY)

    def answer(data: Mapping[str, Any]) -> Answer:
        try:
            value = expression.eval(data=_cut(data) if costly else data)
        except (RuntimeError, TypeError, ValueError, OverflowError) as error:
            return _in_words(str(error), variables)
        result = value.value()
        if isinstance(result, bool):
            return result
        if value.type() == cel.Type.ERROR:
            return _in_words(str(result), variables)
        return f"得出的是 {value.type().name()}，不是真或假"

    return answer


def _cut(value: Any) -> Any:
    if isinstance(value, str):
        return value[:LONGEST_SEEN]
    if isinstance(value, Mapping):
        return {key: _cut(one) for key, one in value.items()}
    return [_cut(one) for one in value] if isinstance(value, list) else value


@lru_cache(maxsize=2_000)
def _compiled(text: str, variables: Variables) -> Any:
    if len(text) > LONGEST or text.count("+") > MOST_SUMS:
        raise CelRefused(f"表达式最长 {LONGEST} 个字，最多 {MOST_SUMS} 个加号；请拆成几个条件")
    if re.search(r"\.\s*map\s*\(", text):
        raise CelRefused("条件里不能用 map，请用 exists、all 或 filter")
    try:
        expression = _environment(variables).compile(text)
    except RuntimeError as error:
        raise CelRefused(_in_words(str(error), variables)) from error
    if expression.return_type() not in (cel.Type.BOOL, cel.Type.DYN):
        raise CelRefused(f"表达式应得出真或假，现在得出 {expression.return_type().name()}")
    return expression


@cache
def _environment(variables: Variables) -> Any:
    declared = ", ".join(f"{{name: {name}, type_name: dyn}}" for name in variables)
    return cel.NewEnv(config=cel.NewEnvConfigFromYaml(CONFIGURATION.format(declared)))


def _in_words(error: str, variables: Variables) -> str:
    """The library's first error, with its place and what it mostly means."""
    found = _PLACE.search(error)
    original = found[3] if found else error.partition("\n")[0]
    meant = next((words for part, words in _MEANINGS if part in original.lower()), "无法计算")
    meant = meant.format("、".join(variables))
    place = f"第 {int(found[2])} 个字符附近：" if found else ""
    return f"{place}{meant}（{original}）"
