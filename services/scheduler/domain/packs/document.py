"""A file of a pack as text, opened: its outermost mapping, or what keeps it from being read."""

from collections.abc import Mapping

from shared.declared.section import Problem, Section
from shared.yaml_reader import read_yaml

PACK_FILE, ORGANISATION = "pack.yaml", "organisation.yaml"
POLICIES, KINDS = "policies/", "kinds/"
SUFFIXES = (".yaml", ".yml")
MOST_EXPLAINED = 3  # mistakes of form; of further ones it is told less, which takes less time
UNREADABLE = "\ufffd"  # what decoding puts in the place of what it can't read


def parse(path: str, text: str, problems: list[Problem]) -> Section | None:
    """A file's outermost mapping; None, and the reasons among `problems`, when it can't be used."""
    read = read_yaml(text, explain=len(problems) < MOST_EXPLAINED)
    if UNREADABLE in text:
        line = text[: text.index(UNREADABLE)].count("\n") + 1
        problems.append(Problem(path, f"第 {line} 行", "有无法识别的文字，请把文件另存为 UTF-8 编码", line))
    problems += [Problem(path, f"第 {slip.line} 行第 {slip.column} 列", slip.message, slip.line) for slip in read.slips]
    if isinstance(read.value, Mapping):
        return Section(path, read.value, problems, lines=read.lines)
    if not read.slips:
        empty = read.value is None
        say = "文件是空的：请写上内容，或删除此文件" if empty else "最外层应写成“键: 值”的形式，列表写在一个键之下"
        problems.append(Problem(path, "", say, 1))
    return None
