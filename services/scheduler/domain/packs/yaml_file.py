"""YAML as policy owners write it: values, the line of every key path, and mistakes told in Chinese.

Anchors and aliases are refused: a pack is read by people, and a few nested aliases can fill any memory.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from services.scheduler.domain.packs.section import Lines

TOLD = {
    "found character '\\t'": "缩进不能用制表符（Tab），请改用空格",
    "mapping values are not allowed": "冒号的位置不对：检查上一行的缩进，含“: ”的文字请加引号",
    "could not find expected ':'": "缺少冒号，应写成“键: 值”，用英文冒号，后面留一个空格",
    "did not find expected": "缩进与同级不一致，或引号、括号没有配对",
    "expected <block end>": "缩进与同级不一致，或引号、括号没有配对",
    "expected ','": "方括号或花括号没有配对，或两项之间缺少逗号",
    "found unexpected end of stream": "引号没有结束",
    "could not determine a constructor": "不能用 ! 标记，请直接写值",
    "that cannot start any token": "以 @ 或 ` 开头的文字请加引号",
    "found unhashable key": "键应是一个词，不能是列表或映射；以 { 或 [ 开头的文字请加引号",
    "found another document": "一个文件只能有一份内容，请删去 --- 或分成几个文件",
    "special characters are not allowed": "有不可见的控制字符，请删除",
}
DEEPEST = 100
MERGE, TIMESTAMP = "tag:yaml.org,2002:merge", "tag:yaml.org,2002:timestamp"
BOOLEAN, TEXT = "tag:yaml.org,2002:bool", "tag:yaml.org,2002:str"
NO_SUCH_DAY = "没有这一天或这个时刻，请改正；要写成文字请加引号"
ODD_BLANKS = {"\u3000": "全角空格", "\u00a0": "不间断空格"}
ALIAS = "不能用 & 和 * 引用别处的内容，请把内容直接写出来（文字以 * 或 & 开头时请加引号）"


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


def _resolvers() -> dict[str, list[tuple[str, re.Pattern[str]]]]:
    """Only true and false are truth values, as in YAML 1.2: `on` is a key here, and `off` and `no` are words."""
    plain = re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z")
    known = yaml.SafeLoader.yaml_implicit_resolvers.items()
    kept = {first: [one for one in resolvers if one[0] != BOOLEAN] for first, resolvers in known}
    return kept | {first: [*kept.get(first, ()), (BOOLEAN, plain)] for first in "tTfF"}


class _Quick(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    yaml_implicit_resolvers = _resolvers()


class _Strict(yaml.SafeLoader):
    """Tells aliases apart, which composing would resolve."""

    yaml_implicit_resolvers = _resolvers()

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise yaml.MarkedYAMLError(problem=ALIAS, problem_mark=event.start_mark)
        return super().compose_node(parent, index)

    def construct_yaml_timestamp(self, node: yaml.ScalarNode) -> Any:
        """YAML reads dates before we do, and would not say where a wrong one stands."""
        try:
            return super().construct_yaml_timestamp(node)
        except ValueError as error:
            raise yaml.MarkedYAMLError(problem=NO_SUCH_DAY, problem_mark=node.start_mark) from error


_Strict.add_constructor(TIMESTAMP, _Strict.construct_yaml_timestamp)


def read_yaml(text: str) -> YamlFile:
    """Parse one document: by the quick parser, and by the one that tells more when there is a mistake."""
    try:
        if _is_simple(text):
            return _parsed(_Quick(text))
    except (yaml.YAMLError, ValueError):
        pass
    return _explained(text)


def _is_simple(text: str) -> bool:
    """No aliases, and not so deep that the quick parser, which is in C, would overflow the process's stack."""
    depth = 0
    for event in yaml.parse(text, Loader=_Quick):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST or isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            return False
    return True


def _parsed(loader: yaml.SafeLoader) -> YamlFile:
    read = YamlFile()
    node = loader.get_single_node()
    if node is not None:
        _note_lines(node, "", read)
        read.value = loader.construct_document(node)
    return read


def _explained(text: str) -> YamlFile:
    read = YamlFile()
    try:
        return _parsed(_Strict(text))
    except yaml.MarkedYAMLError as error:
        slip = _slip(_place(error), _told(str(error.problem or error.context)))
        read.slips.append(_oddity(text.splitlines(), slip.line) or slip)
    except yaml.YAMLError as error:
        read.slips.append(Slip(1, 1, _told(str(error))))
    except ValueError as error:
        read.slips.append(Slip(1, 1, f"数值无效（{error}），文字请加引号"))
    except RecursionError:
        read.slips.append(Slip(1, 1, "括号或缩进的层次太深"))
    return read


def _note_lines(node: yaml.Node, path: str, read: YamlFile) -> None:
    read.lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.SequenceNode):
        for index, one in enumerate(node.value):
            _note_lines(one, f"{path}[{index}]", read)
    elif isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue  # constructing tells that it is no key
            if key.tag == MERGE:
                read.slips.append(_slip(key.start_mark, "不能用 << 合并别处的内容，请把内容直接写出来"))
            if key.tag == BOOLEAN:
                key.tag = TEXT  # `on` is a key of ours, and nobody means true by it
            below = f"{path}.{key.value}" if path else key.value
            if key.value in seen:
                read.slips.append(_slip(key.start_mark, f"{key.value} 写了两次，请只留一个"))
            seen.add(key.value)
            read.lines[below] = key.start_mark.line + 1
            _note_lines(value, below, read)


def _place(error: yaml.MarkedYAMLError) -> yaml.Mark | None:
    """Of a bracket, quotation mark or key without end: where it begins, not where that is noticed."""
    without_end = any(part in str(error.context) for part in ("flow", "quoted", "simple key"))
    return (error.context_mark if without_end else error.problem_mark) or error.problem_mark


def _slip(mark: yaml.Mark | None, message: str) -> Slip:
    return Slip(mark.line + 1, mark.column + 1, message) if mark else Slip(1, 1, message)


def _oddity(lines: Sequence[str], number: int) -> Slip | None:
    """A character that looks right and is not, on the line of a mistake or the one above: then it is the mistake."""
    for line in range(min(number, len(lines)), max(number - 2, 0), -1):
        text = lines[line - 1]
        if blank := re.match(r"[ -]*([\u3000\u00a0])", text):
            return Slip(line, blank.start(1) + 1, f"行首有{ODD_BLANKS[blank[1]]}，缩进请用半角空格")
        if colon := re.match(r"[ -]*[\w.-]+(：)", text):
            return Slip(line, colon.start(1) + 1, "用了全角冒号，请改为英文冒号，后面留一个空格")
    return None


def _told(problem: str) -> str:
    if problem in (ALIAS, NO_SUCH_DAY):
        return problem
    meant = next((told for start, told in TOLD.items() if start in problem), "无法解析")
    return f"不是有效的 YAML：{meant}（{problem}）"
