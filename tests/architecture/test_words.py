"""One word for one thing: the glossary names each thing once, and no name in the code is one of those that meant several.

Columns, fields of events and bodies, and routes keep their names, whatever they are: `told` of analytics, `outcome` of a visit.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

ROOT = Path(__file__).parents[2]
GLOSSARY = ROOT / "docs" / "glossary.md"
PARTS = ("services", "shared", "deploy", "bench")
# word → what to write instead: it was said of what an event brings, what is shown, what was published, how a mistake is put …
BANNED = {
    "told": "what is done or held: `published`, `in_words`, `fields_of`, `said`",
    "desk": "`workbench` is where agents work, `policies` what decisions are made by",
    "untold": "`unpublished`, `unreported`",
}
COLUMNS = {"told", "told_at"}
MEANT_OTHERWISE = {
    # name → its word's one meaning
    "Outcome": {"services/scheduler/domain/detail.py"},  # what a decision came to
    "Place": {"deploy/regulations.py"},  # where something stands in a file
    "Run": {"services/scheduler/domain/steps/run.py"},  # the way of a fact along the steps of a policy
    "Matter": {"shared/contracts/common.py"},
}


def _rows() -> Iterator[tuple[str, str]]:
    for line in GLOSSARY.read_text().splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) == 5 and not cells[1].startswith(("Chinese", "---")):
            yield cells[1], cells[2]


def _terms(cell: str) -> list[str]:
    """`claim / lease` are two; what stands in parentheses says of what."""
    return [term.strip(" `") for term in re.split(r"[/,;]", re.sub(r"\([^)]*\)", "", cell)) if term.strip(" `")]


def test_the_glossary_has_each_word_once() -> None:
    meant: dict[str, list[str]] = defaultdict(list)
    for chinese, english in _rows():
        for term in {*_terms(chinese), *_terms(english)}:
            meant[term].append(f"{chinese} | {english}")
    assert len(meant) > 200, "the glossary was not read"
    assert {term: rows for term, rows in meant.items() if len(rows) > 1} == {}


def _definitions(file: Path) -> Iterator[tuple[str, int]]:
    """The names of a module, of what it defines, and of the fields of its classes, with their lines."""
    yield file.stem, 1
    tree = ast.parse(file.read_text())
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.name, node.lineno
        if isinstance(node, (ast.ClassDef, ast.Module)):
            for each in node.body:
                targets = [each.target] if isinstance(each, ast.AnnAssign) else getattr(each, "targets", [])
                yield from ((target.id, each.lineno) for target in targets if isinstance(target, ast.Name))


def _words(name: str) -> set[str]:
    return set(re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower().strip("_").split("_"))


def _product() -> Iterator[tuple[Path, str]]:
    for file in sorted(chain.from_iterable((ROOT / part).rglob("*.py") for part in PARTS)):
        if "versions" not in file.parts and "node_modules" not in file.parts:
            yield file, file.relative_to(ROOT).as_posix()


def test_no_name_is_a_word_that_meant_several_things() -> None:
    found = [
        f"{where}:{line}: {name}: {BANNED[word]}"
        for file, where in _product()
        for name, line in _definitions(file)
        for word in sorted(_words(name) & BANNED.keys())
        if name not in COLUMNS
    ]
    assert found == []


def test_a_class_of_a_word_is_what_the_glossary_says() -> None:
    found: dict[str, set[str]] = defaultdict(set)
    for file, where in _product():
        for name, _ in _definitions(file):
            if name in MEANT_OTHERWISE:
                found[name].add(where)
    assert found == MEANT_OTHERWISE


def test_a_name_is_read_word_by_word() -> None:
    assert _words("_told_of") == {"told", "of"}
    assert _words("UnitTold") == {"unit", "told"}
    assert _words("toldness") == {"toldness"}
