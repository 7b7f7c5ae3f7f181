"""A policy's `guards` as written in YAML."""

from collections.abc import Mapping
from typing import Any, get_args

from services.scheduler.domain.restraint.guards import GUARDS, Action
from shared.declared.section import Section, meant, written

Content = dict[str, Any]
SAY = "下达前检查的列表，如 [case_open] 或 [{cap_reached: defer}]"


def read_guards(section: Section) -> Content:
    """`guards`, and `defers`: those of them that put a contact off instead of cancelling it."""
    given = section.items("guards", SAY)
    actions = dict(pair for one in given if (pair := _guard(section, one)) is not None)
    defers = [name for name, action in actions.items() if action == "defer"]
    return {"guards": list(actions)} | ({"defers": defers} if defers else {})


def _guard(section: Section, given: Any) -> tuple[str, str] | None:
    """A name cancels; `{name: defer}` defers."""
    pairs = list(given.items()) if isinstance(given, Mapping) else [(given, "cancel")]
    if len(pairs) != 1:
        section.problem("guards", f"每项只写一种检查，如 {{cap_reached: defer}}，现在是 {written(given)}")
        return None
    name, action = pairs[0]
    if name not in GUARDS:
        section.problem("guards", f"可写 {'、'.join(GUARDS)}，现在是 {written(name)}{meant(name, GUARDS)}")
        return None
    if action not in get_args(Action):
        section.problem(
            "guards",
            f"{name} 之后应写 cancel（取消）或 defer（推迟），现在是 {written(action)}",
        )
        return None
    return name, action
