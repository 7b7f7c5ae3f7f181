"""Conditions that pack.yaml names once and policies use by name: `{named: vip}` stands for what is written there.

They are put in before anything else is read, so that a version of a policy says by itself what it asks.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from shared.declared.section import Section, meant

CONDITIONS, NAMED = "conditions", "named"


def with_named(section: Section, head: Section) -> Section:
    """The section with every `{named: …}` below it replaced; one that pack.yaml lacks is noted."""
    known = head.values.get(CONDITIONS)
    trees = known if isinstance(known, Mapping) else {}
    kept = {CONDITIONS: known} if section is head and CONDITIONS in section.values else {}
    rest = {key: value for key, value in section.values.items() if key not in kept}
    values = {key: _put_in(value, trees, section, str(key)) for key, value in rest.items()}
    return replace(section, values={key: kept.get(key, values.get(key)) for key in section.values})


def _put_in(value: Any, trees: Mapping[Any, Any], section: Section, path: str) -> Any:
    if isinstance(value, list):
        return [_put_in(one, trees, section, f"{path}[{number}]") for number, one in enumerate(value)]
    if not isinstance(value, Mapping):
        return value
    if value.keys() != {NAMED}:
        return {key: _put_in(one, trees, section, f"{path}.{key}") for key, one in value.items()}
    name = value[NAMED]
    if isinstance(name, str) and name in trees:
        return trees[name]
    names = "、".join(map(str, trees)) or "（没有）"
    section.problem(path, f"pack.yaml 的 conditions 里没有 {name}{meant(name, map(str, trees))}，可写：{names}")
    return {"field": "event.type", "op": "exists"}
