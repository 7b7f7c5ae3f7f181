"""Rewrites what a pack's files say in the form of earlier versions; everything else in them stays as it is, byte for byte.

Written anew are conditions of questions (`when: {question: a, eq: yes}`) and of message rules (`where: {grade: major}`). What
is rewritten is read again and must say what the platform makes of the old form, else the file is left alone.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from services.notifications.domain.older_rules import WHERE, modern
from services.visits.domain.definition import modern_definition
from shared.yaml_reader import read_yaml

QUESTIONNAIRES, TEMPLATES = "questionnaires/", "templates/"
WIDEST = 120  # columns of a condition on one line
COMMENT = re.compile(r"(?<!\S)#[^\n]*")


class NotMigrated(Exception):
    """A file can't be rewritten; says why, in Chinese."""


class _Edit(NamedTuple):
    """Characters from `start` to `end` of a text are replaced."""

    start: int
    end: int
    text: str


def migrate_folder(folder: Path) -> dict[str, int]:
    """Rewrite the files of a pack. Returns how many places were rewritten, by path; raises NotMigrated, then nothing is."""
    texts = {
        str(path.relative_to(folder)): path.read_text("utf-8")
        for part in (QUESTIONNAIRES, TEMPLATES)
        for path in sorted((folder / part).glob("*.y*ml"))
    }
    found = {path: rewritten(path, text) for path, text in texts.items()}
    for path, (text, count) in found.items():
        if count:
            (folder / path).write_text(text, "utf-8", newline="")
    return {path: count for path, (_, count) in found.items() if count}


def rewritten(path: str, text: str) -> tuple[str, int]:
    """A file's text in the form of today, and how many places of it were rewritten. Raises NotMigrated."""
    read = read_yaml(text)
    if read.slips:
        raise NotMigrated(f"{path}:{read.slips[0].line} · {read.slips[0].message}")
    wanted = _modern(path, read.value)
    if wanted == read.value:
        return text, 0
    edits = list(_edits(path, text, read.value, wanted))
    new = text
    for edit in sorted(edits, reverse=True):
        new = new[: edit.start] + edit.text + new[edit.end :]
    if read_yaml(new).value != wanted:
        raise NotMigrated(f"{path} 的写法特殊，请手工改写其中的条件")
    return new, sum(edit.start < edit.end for edit in edits)


def _modern(path: str, value: Any) -> Any:
    if path.startswith(QUESTIONNAIRES) or not isinstance(value, Mapping) or not isinstance(value.get("rules"), list):
        return modern_definition(value) if path.startswith(QUESTIONNAIRES) else value
    rules = [modern(rule) if isinstance(rule, Mapping) and rule.get(WHERE) else rule for rule in value["rules"]]
    return {**value, "rules": rules}


def _edits(path: str, text: str, value: Any, wanted: Any) -> Iterator[_Edit]:
    """Each question, or rule, whose condition is to be written anew."""
    part, old, new = ("questions", "when", "when") if path.startswith(QUESTIONNAIRES) else ("rules", WHERE, "condition")
    node = _child(yaml.compose(text, Loader=yaml.SafeLoader), part)
    for item, before, after in zip(node.value, value[part], wanted[part], strict=True):
        if before != after:
            key, condition = next(pair for pair in item.value if pair[0].value == old)
            yield from _rewrite(text, item, key, condition, new, after[new])


def _rewrite(text: str, item: Any, key: yaml.Node, old: Any, name: str, tree: Any) -> Iterator[_Edit]:
    start, end, column = key.start_mark.index, _end(old), key.start_mark.column
    line = text.rfind("\n", 0, start) + 1
    comments = COMMENT.findall(_without_scalars(text, old, start, end))
    if comments:
        yield _Edit(line, line, "".join(f"{' ' * column}{comment}\n" for comment in comments))
    short = f"{name}: {flow(tree)}"
    if item.flow_style or column + len(short) <= WIDEST or not tree.keys() & {"all", "any"}:
        yield _Edit(start, end, short)
        return
    (group, parts), inner = next(iter(tree.items())), " " * (column + 2)
    leaves = "".join(f"\n{inner}  - {flow(one)}" for one in parts)
    yield _Edit(start, end, f"{name}:\n{inner}{group}:{leaves}")


def _child(node: Any, key: str) -> Any:
    return next(value for name, value in node.value if name.value == key)


def _end(node: Any) -> int:
    """Where a node's own text ends: a block's mark stands where the next begins."""
    if isinstance(node, yaml.ScalarNode) or node.flow_style:
        return int(node.end_mark.index)
    last = node.value[-1]
    return _end(last[1] if isinstance(last, tuple) else last)


def _without_scalars(text: str, node: yaml.Node, start: int, end: int) -> str:
    """The text with blanks for what is written as values, so that what looks like a comment is one."""
    characters = list(text[start:end])
    for one in _scalars(node):
        for index in range(one.start_mark.index - start, min(one.end_mark.index, end) - start):
            characters[index] = "x"
    return "".join(characters)


def _scalars(node: yaml.Node) -> Iterator[yaml.ScalarNode]:
    if isinstance(node, yaml.ScalarNode):
        yield node
    elif isinstance(node, yaml.SequenceNode):
        for one in node.value:
            yield from _scalars(one)
    else:
        for key, value in node.value:
            yield from _scalars(key)
            yield from _scalars(value)


def flow(value: Any) -> str:
    """A value as it is written in YAML on one line, read back as what it is."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{flow(key)}: {flow(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(flow, value)) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    is_plain = not isinstance(value, str) or read_yaml(f"[{text}]").value == [text]
    return text if is_plain else json.dumps(text, ensure_ascii=False)
