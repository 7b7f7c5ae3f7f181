"""Regular expressions that people write into configuration: RE2, whose time is linear in the text whatever is written."""

from collections.abc import Callable
from functools import lru_cache

import re2

LONGEST_PATTERN = 500
LONGEST_MATCHED = 2_000  # characters of a text; what stands behind them is not looked at
MOST_MEMORY = 512 << 10  # bytes of a compiled expression and its automaton
PERL, ESCAPE = "invalid perl operator: ", "invalid escape sequence: "
SPLIT = "请拆成几个条件写在 all 之下，“不含”写在 not 之下"
LACKING = (
    ((f"{PERL}(?=", f"{PERL}(?!"), "前瞻 (?=…)、(?!…)", SPLIT),
    ((f"{PERL}(?<",), "后顾 (?<=…)、(?<!…)", SPLIT),
    ((f"{PERL}(?P", *(f"{ESCAPE}\\{digit}" for digit in range(1, 10))), "反向引用", "请把重复的内容直接写出来"),
    ((f"{PERL}(?>", "bad repetition operator"), "占有量词和原子组", "请只写一个重复符号，速度不受影响"),
    ((f"{ESCAPE}\\Z",), " \\Z", "请写 $ 或 \\z"),
    ((f"{PERL}(?#",), "表达式内的注释 (?#…)", "请写成 YAML 注释"),
    ((f"{PERL}(?(",), "条件分组 (?(1)…)", "请写成几个条件"),
    (("invalid repetition size",), "超过 1000 次的重复", "请改小，或写 * 或 +"),
    (("pattern too large",), "这样庞大的表达式", "请减少重复次数，或拆成几个条件"),
)
FORMS = {
    "missing )": "缺少右括号 )",
    "unexpected )": "多了右括号 )",
    "missing ]": "缺少右方括号 ]",
    "no argument for repetition": "* + ? 之前没有要重复的内容",
    "trailing": "末尾多了一个反斜杠",
    "character class range": "方括号内的范围写反了",
    "invalid escape": "不认识的转义，普通的符号不必加反斜杠",
}
Found = Callable[[str], bool]


class PatternRefused(ValueError):
    """The text is no expression that is carried out; says why and what to write instead, in Chinese."""


@lru_cache(maxsize=2_000)
def compile_pattern(pattern: str) -> Found:
    """Whether the expression is found anywhere in a text, looked for in its first LONGEST_MATCHED characters.

    `\\d`, `\\w`, `\\s` and `\\b` know ASCII alone; a Chinese character is `\\p{Han}`. Raises PatternRefused.
    """
    if len(pattern) > LONGEST_PATTERN:
        raise PatternRefused(f"正则表达式最长 {LONGEST_PATTERN} 个字，现在是 {len(pattern)} 个；请拆成几个条件")
    try:
        found = re2.compile(_translated(pattern), _options()).search
    except re2.error as error:
        raise PatternRefused(_in_words(error)) from error
    except UnicodeEncodeError as error:
        raise PatternRefused("正则表达式里有无法识别的文字（单独的代理字符）") from error
    return lambda text: found(text[:LONGEST_MATCHED].encode("utf-8", "replace").decode()) is not None


def ascii_only(pattern: str) -> str:
    """The class of characters in the pattern that Chinese does not belong to, which may not be known; "" when none."""
    return next((name for name in ("\\w", "\\b") if name in pattern.replace("\\\\", "")), "")


def _options() -> re2.Options:
    options = re2.Options()
    options.log_errors = False
    options.max_mem = MOST_MEMORY
    return options


def _translated(pattern: str) -> str:
    """`\\u4e00`, as JSON Schema and Python write a character, in the words of RE2."""
    head, *tails = pattern.split("\\\\")
    return "\\\\".join(_with_characters(part) for part in (head, *tails))


def _with_characters(part: str) -> str:
    head, *tails = part.split("\\u")
    return head + "".join(rf"\x{{{tail[:4]}}}{tail[4:]}" if len(tail) >= 4 else rf"\u{tail}" for tail in tails)


def _in_words(error: re2.error) -> str:
    (given,) = error.args
    original = given.decode("utf-8", "replace") if isinstance(given, bytes) else str(given)
    for signs, name, instead in LACKING:
        if original.startswith(signs):
            return f"正则表达式引擎 RE2 没有{name}：{instead}（{original}）"
    form = next((words for start, words in FORMS.items() if start in original), "无法解析")
    return f"不是有效的正则表达式：{form}（{original}）"
