"""The one reader of YAML, and of JSON as a part of it: values, the line of every key path, mistakes told in Chinese.

Configuration is written by people and sent by strangers, so limits hold before anything is built: of characters, values,
depth (the parser in C builds deep trees on the process's stack) and the length of numbers. Anchors and aliases are
refused: a few nested ones can fill any memory. Plain words mean what JSON and YAML 1.2 mean by them: `on` and `no` are
words; 0571, 09:00 and a number of more than 15 digits are texts.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from shared.characters import unseen

Lines = dict[str, int]
MEANINGS = {
    "found character '\\t'": "缩进不能用制表符（Tab），请改用空格",
    "found a tab character": "缩进不能用制表符（Tab），请改用空格",
    "mapping values are not allowed": "冒号的位置不对：检查上一行的缩进，含“: ”的文字请加引号",
    "could not find expected ':'": "缺少冒号，应写成“键: 值”，用英文冒号，后面留一个空格",
    "did not find expected": "缩进与同级不一致，或引号、括号没有配对",
    "expected <block end>": "缩进与同级不一致，或引号、括号没有配对",
    "expected ','": "方括号或花括号没有配对，或两项之间缺少逗号",
    "found unexpected end of stream": "引号没有结束",
    "that cannot start any token": "以 @ 或 ` 开头的文字请加引号",
    "found unhashable key": "键应是一个词，不能是列表或映射；以 { 或 [ 开头的文字请加引号",
    "found another document": "一个文件只能有一份内容，请删去 --- 或分成几个文件",
    "special characters are not allowed": "有不可见的控制字符，请删除",
    "control characters are not allowed": "有不可见的控制字符，请删除",
}
LARGEST = 256 << 10  # characters
LARGEST_EXPLAINED = 16 << 10  # characters; the parser that tells more takes half a second for these
DEEPEST = 64
MOST_VALUES = 20_000
LONGEST_KEY = 200
LONGEST_PATH = 1_000  # of a key path with a line of its own; deeper ones stand where the part above stands
MOST_DIGITS = 15
LARGEST_NUMBER = 1e300
MERGE, TIMESTAMP = "tag:yaml.org,2002:merge", "tag:yaml.org,2002:timestamp"
BOOLEAN, TEXT = "tag:yaml.org,2002:bool", "tag:yaml.org,2002:str"
INTEGER, NUMBER = "tag:yaml.org,2002:int", "tag:yaml.org,2002:float"
PLAIN = {
    BOOLEAN: (re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z"), "tTfF"),
    INTEGER: (re.compile(r"[-+]?(?:0|[1-9][0-9]*)\Z"), "-+0123456789"),
    NUMBER: (re.compile(r"[-+]?(?=[.]?[0-9])(?:0|[1-9][0-9]*)?(?:[.][0-9]*)?(?:[eE][-+]?[0-9]+)?\Z"), "-+.0123456789"),
}
NO_SUCH_DAY = "没有这一天或这个时刻，请改正；要写成文字请加引号"
ODD_BLANKS = {"\u3000": "全角空格", "\u00a0": "不间断空格"}
ALIAS = "不能用 & 和 * 引用别处的内容，请把内容直接写出来（文字以 * 或 & 开头时请加引号）"
TAG = "不能用 ! 标记，请直接写值（文字以 ! 开头时请加引号）"
TOO_DEEP = f"括号或缩进的层次太深，最多 {DEEPEST} 层"
TOO_MANY = f"内容太多，一份文件最多 {MOST_VALUES} 个值；请分成几个文件"
KEY_TOO_LONG = f"键最长 {LONGEST_KEY} 个字；太长的文字请写成值"


@dataclass(frozen=True, slots=True)
class Slip:
    """A mistake of form: `line` and `column` count from 1."""

    line: int
    column: int
    message: str


@dataclass
class YamlFile:
    """A parsed file: its value, on which line each key path stands (`policies[0].rate`), and its mistakes of form."""

    value: Any = None
    lines: Lines = field(default_factory=dict)
    slips: list[Slip] = field(default_factory=list)


class _Refused(Exception):
    """What is sound YAML and not read all the same."""

    def __init__(self, message: str, mark: Any) -> None:
        super().__init__(message)
        self.slip = _slip(mark, message)


def _resolvers() -> dict[str, list[tuple[str, re.Pattern[str]]]]:
    """Those of YAML 1.1, with the truth values and numbers of JSON and YAML 1.2 in the place of its own."""
    known = yaml.SafeLoader.yaml_implicit_resolvers.items()
    kept = {first: [one for one in resolvers if one[0] not in PLAIN] for first, resolvers in known}
    for tag, (form, firsts) in PLAIN.items():
        kept |= {first: [*kept.get(first, ()), (tag, form)] for first in firsts}
    return kept


def _number(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> int | float | str:
    """A number, or as a text what no program that reads JSON would keep exactly: mostly an order's or a person's."""
    whole = node.tag == INTEGER
    if whole and len(node.value.lstrip("+-")) > MOST_DIGITS:
        return str(node.value)
    value = int(node.value) if whole else float(node.value)
    return value if abs(value) <= LARGEST_NUMBER else str(node.value)


def _timestamp(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> Any:
    """YAML reads dates before we do, and would not say where a wrong one stands."""
    try:
        return loader.construct_yaml_timestamp(node)
    except (ValueError, OverflowError) as error:
        raise _Refused(NO_SUCH_DAY, node.start_mark) from error


class _Quick(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    yaml_implicit_resolvers = _resolvers()


_Quick.add_constructor(TIMESTAMP, _timestamp)
_Quick.add_constructor(INTEGER, _number)
_Quick.add_constructor(NUMBER, _number)


def read_yaml(text: str, largest: int = LARGEST, explain: bool = True) -> YamlFile:
    """Parse one document of at most `largest` characters; what keeps it from being read is among its `slips`.

    To `explain` a mistake of form well takes up to a second.
    """
    if len(text) > largest:
        return YamlFile(slips=[Slip(1, 1, f"文件太大，最多 {largest >> 10} K 字；请分成几个文件")])
    try:
        _require_modest(text)
        return _parsed(_Quick(text))
    except _Refused as refused:
        return YamlFile(slips=[refused.slip])
    except yaml.YAMLError as error:
        return YamlFile(slips=[_explained(text, error, explain)])
    except UnicodeEncodeError:
        return YamlFile(slips=[Slip(1, 1, "有无法识别的文字（单独的代理字符），请用 UTF-8 编码")])


def _require_modest(text: str) -> None:
    """Look through the document, before anything is built, for what is never read. Raises _Refused, YAMLError."""
    depth = values = 0
    for event in yaml.parse(text, Loader=_Quick):
        if isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.NodeEvent):
            values += 1
            depth += isinstance(event, yaml.CollectionStartEvent)
            if isinstance(event, yaml.AliasEvent) or event.anchor:
                raise _Refused(ALIAS, event.start_mark)
            if getattr(event, "tag", None):
                raise _Refused(TAG, event.start_mark)
            if depth > DEEPEST or values > MOST_VALUES:
                raise _Refused(TOO_DEEP if depth > DEEPEST else TOO_MANY, event.start_mark)


def _parsed(loader: yaml.SafeLoader) -> YamlFile:
    read = YamlFile()
    node = loader.get_single_node()
    if node is not None:
        _note_lines(node, "", read)
        read.value = loader.construct_document(node)
    return read


def _explained(text: str, error: yaml.YAMLError, explain: bool) -> Slip:
    """The mistake as told by the parser that is slow and tells more, unless there is too much for it."""
    if explain and len(text) <= LARGEST_EXPLAINED:
        try:
            for _ in yaml.parse(text, Loader=yaml.SafeLoader):
                pass
        except yaml.YAMLError as better:
            error = better
    if not isinstance(error, yaml.MarkedYAMLError):
        return Slip(1, 1, _in_words(str(error)))
    slip = _slip(_place(error), _in_words(str(error.problem or error.context)))
    return _oddity(text.splitlines(), slip.line) or slip


def _note_lines(node: yaml.Node, path: str, read: YamlFile) -> None:
    if len(path) <= LONGEST_PATH:
        read.lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.SequenceNode):
        for index, one in enumerate(node.value):
            _note_lines(one, f"{path}[{index}]", read)
    elif isinstance(node, yaml.ScalarNode):
        _note_unseen(node, read)
    elif isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):  # of another key constructing tells that it is none
                below = f"{path}.{key.value}" if path else key.value
                _note_key(key, below, seen, read)
                _note_lines(value, below, read)


def _note_unseen(node: yaml.ScalarNode, read: YamlFile) -> None:
    """Of what can't be seen nobody knows that it is there: it makes words unequal, and texts look like others."""
    if odd := unseen(node.value):
        read.slips.append(_slip(node.start_mark, f"有看不见的字符（{odd}），请删除后重新输入"))


def _note_key(key: yaml.ScalarNode, path: str, seen: set[str], read: YamlFile) -> None:
    _note_unseen(key, read)
    if len(key.value) > LONGEST_KEY:
        raise _Refused(KEY_TOO_LONG, key.start_mark)
    if key.tag == MERGE:
        read.slips.append(_slip(key.start_mark, "不能用 << 合并别处的内容，请把内容直接写出来"))
    if key.tag == BOOLEAN:
        key.tag = TEXT  # `on` is a key of ours, and nobody means true by it
    if key.value in seen:
        read.slips.append(_slip(key.start_mark, f"{key.value} 写了两次，请只留一个"))
    seen.add(key.value)
    if len(path) <= LONGEST_PATH:
        read.lines[path] = key.start_mark.line + 1


def _place(error: yaml.MarkedYAMLError) -> yaml.Mark | None:
    """Of a bracket, quotation mark or key without end: where it begins, not where that is noticed."""
    without_end = any(part in str(error.context) for part in ("flow", "quoted", "simple key"))
    return (error.context_mark if without_end else error.problem_mark) or error.problem_mark


def _slip(mark: Any, message: str) -> Slip:
    return Slip(mark.line + 1, mark.column + 1, message) if mark else Slip(1, 1, message)


def _oddity(lines: Sequence[str], number: int) -> Slip | None:
    """A character that looks right and is not, on the line of a mistake or the one above: then it is the mistake."""
    for line in range(min(number, len(lines)), max(number - 2, 0), -1):
        text = lines[line - 1]
        if tab := re.match(r" *\t", text):
            return Slip(line, tab.end(), "缩进不能用制表符（Tab），请改用空格")
        if blank := re.match(r"[ -]*([\u3000\u00a0])", text):
            return Slip(line, blank.start(1) + 1, f"行首有{ODD_BLANKS[blank[1]]}，缩进请用半角空格")
        if colon := re.match(r"[ -]*[\w.-]+(：)", text):
            return Slip(line, colon.start(1) + 1, "用了全角冒号，请改为英文冒号，后面留一个空格")
    return None


def _in_words(problem: str) -> str:
    meant = next((words for start, words in MEANINGS.items() if start in problem), "无法解析")
    return f"不是有效的 YAML：{meant}（{problem}）"
