"""Every action that is written to the audit log anywhere in the code has its Chinese name, and no name is left over."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from services.complaints.domain.case import What
from shared.audit_words import WORDS

ROOT = Path(__file__).parents[2]
AUDIT = "audit"
PLACE = 2  # of the action among the arguments of `shared.http.audit`
# told by other services, or come of rules: the case's own timeline has them, and nobody did them
TOLD = {"followed_up", "problem_found", "visit_corrected", "visit_reopened", "number_corrected", "hotline_repeated",
        "deadline_moved", "erased"}  # fmt: skip
# what an action made of a text and a value can be
MADE = {"case.": [what for what in get_args(What) if what not in TOLD]}
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Writer:
    """A function that writes an entry whose action is its argument `name`, the one at `place`."""

    place: int
    name: str


def modules() -> Iterator[tuple[Path, ast.Module]]:
    for folder in ("services", "shared"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "testing" not in path.parts:
                yield path, ast.parse(path.read_text())


def called(node: ast.Call, imported: dict[str, str]) -> str:
    name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
    return imported.get(name, name)


def imports(tree: ast.Module) -> dict[str, str]:
    """Another name → the name of what was imported by it."""
    found = (name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for name in node.names)
    return {name.asname: name.name for name in found if name.asname}


def taken_from(tree: ast.Module, helpers: dict[str, dict[str, Writer]]) -> dict[str, Writer]:
    """The helpers of other modules that this one imports, by their names."""
    lines = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    found = ((node.module or "", name.name) for node in lines for name in node.names)
    return {name: helpers[module][name] for module, name in found if name in helpers.get(module, {})}


def argument(call: ast.Call, writer: Writer) -> ast.expr | None:
    named = {keyword.arg: keyword.value for keyword in call.keywords}
    return named.get(writer.name) or (call.args[writer.place] if len(call.args) > writer.place else None)


def values(node: ast.expr | None, function: Function) -> list[str] | None:
    """What an argument can be; None for one that the function itself is given, or that nobody can tell."""
    match node:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.IfExp(body=one, orelse=other):
            both = [values(each, function) for each in (one, other)]
            return None if None in both else [text for each in both if each for text in each]
        case ast.JoinedStr(values=[ast.Constant(value=str(start)), ast.FormattedValue()]):
            return [start + made for made in MADE[start]]
        case ast.Name(id=name):
            for each in ast.walk(function):
                if isinstance(each, ast.Assign) and any(isinstance(t, ast.Name) and t.id == name for t in each.targets):
                    return values(each.value, function)
    return None


def parameter(function: Function, name: str) -> Writer | None:
    names = [each.arg for each in (*function.args.posonlyargs, *function.args.args)]
    return Writer(names.index(name), name) if name in names else None


def written() -> tuple[dict[str, set[str]], list[str]]:
    """The actions, each with the services (or `shared`) whose code writes it, and the places where nobody can tell which it
    is. Helpers that are given one are followed."""
    actions: dict[str, set[str]] = {}
    unclear: list[str] = []
    files = [(path, tree, ".".join(path.relative_to(ROOT).with_suffix("").parts)) for path, tree in modules()]
    helpers: dict[str, dict[str, Writer]] = {module: {} for *_, module in files}  # those that are given the action
    known = -1
    while known != (known := sum(map(len, helpers.values()))):
        unclear.clear()
        for path, tree, module in files:
            _walk(path, tree, taken_from(tree, helpers), helpers[module], actions, unclear)
    return actions, unclear


def _walk(
    path: Path,
    tree: ast.Module,
    taken: dict[str, Writer],
    own: dict[str, Writer],
    actions: dict[str, set[str]],
    unclear: list[str],
) -> None:
    """Note what a module writes; a helper of its `own` that is given the action is noted, and followed."""
    imported = imports(tree)
    owner = path.relative_to(ROOT / "services").parts[0] if path.is_relative_to(ROOT / "services") else "shared"
    functions = [node for node in ast.walk(tree) if isinstance(node, Function)]
    seen: set[str] = set()
    while fresh := {AUDIT, *taken, *own} - seen:
        seen |= fresh
        writers = {AUDIT: Writer(PLACE, "action"), **taken, **own}
        for function in functions:
            for call in (node for node in ast.walk(function) if isinstance(node, ast.Call)):
                if (name := called(call, imported)) not in fresh or not call.args:
                    continue
                given = argument(call, writers[name])
                found = values(given, function)
                passed = parameter(function, given.id) if isinstance(given, ast.Name) else None
                if found:
                    for action in found:
                        actions.setdefault(action, set()).add(owner)
                elif passed:
                    own[function.name] = passed
                elif path.name != "http.py":
                    unclear.append(f"{path.relative_to(ROOT)}:{call.lineno}")


def test_every_action_has_its_word_and_every_word_its_action() -> None:
    actions, unclear = written()
    assert unclear == [], "say the action as a text, or say in MADE what it can be"
    assert {"phone.revealed", "person.enabled", "key.rotated", "case.closed", "login"} <= actions.keys()
    assert actions.keys() - WORDS.keys() == set(), "these need a line in shared/audit_words.py"
    assert WORDS.keys() - actions.keys() == set(), "nothing writes these any more"


def test_words_are_chinese_and_differ() -> None:
    assert len(set(WORDS.values())) == len(WORDS)
    assert all(any("\u4e00" <= character <= "\u9fff" for character in word) for word in WORDS.values())
