"""Are the readers and writers of an older schema still served by a newer one?

Allowed: a new field that may be left out, a new value of an enumeration, a looser limit. Everything else is a new version
of the event. Only what our contracts use of JSON Schema is understood.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Schema = Mapping[str, Any]
LOWER_BOUNDS = ("minimum", "exclusiveMinimum", "minLength", "minItems")
UPPER_BOUNDS = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")


@dataclass
class Facts:
    """What a schema says about one place in the data."""

    required: bool = False
    types: set[str] = field(default_factory=set)
    values: set[str] = field(default_factory=set)
    formats: set[str] = field(default_factory=set)
    bounds: dict[str, float] = field(default_factory=dict)


def breaking_changes(old: Schema, new: Schema) -> list[str]:
    """Why `new` is no additive change of `old`, a line for each reason; empty when it is one."""
    before, after = facts(old), facts(new)
    reasons = [f"{path}: removed" for path in before if path not in after]
    for path, now in after.items():
        if path in before:
            reasons += [f"{path}: {reason}" for reason in _changes(before[path], now)]
        elif now.required and _parent(path) in before:
            reasons.append(f"{path}: new and required")
    return reasons


def facts(schema: Schema) -> dict[str, Facts]:
    """Every place in the data by path (`lines[].qty`), with what the schema says about it."""
    found: dict[str, Facts] = {"": Facts(required=True)}
    _describe(schema, schema, "", found)
    return found


def _changes(before: Facts, now: Facts) -> list[str]:
    reasons = []
    if before.required != now.required:
        reasons.append("now required" if now.required else "may now be left out")
    if before.types != now.types:
        reasons.append(f"type was {sorted(before.types)}, is {sorted(now.types)}")
    if before.formats != now.formats:
        reasons.append(f"format was {sorted(before.formats)}, is {sorted(now.formats)}")
    if now.values and (not before.values or before.values - now.values):
        reasons.append(f"values were {sorted(before.values) or 'free'}, are {sorted(now.values)}")
    if before.values and not now.values:
        reasons.append("values were a fixed list, are free")
    return reasons + [f"{name} is narrower" for name in now.bounds if _narrower(name, before, now)]


def _narrower(name: str, before: Facts, now: Facts) -> bool:
    if name not in before.bounds:
        return True
    return now.bounds[name] > before.bounds[name] if name in LOWER_BOUNDS else now.bounds[name] < before.bounds[name]


def _describe(node: Schema, root: Schema, path: str, found: dict[str, Facts]) -> None:
    if "$ref" in node:
        _describe(root["$defs"][str(node["$ref"]).rsplit("/", 1)[1]], root, path, found)
    for choice in node.get("anyOf", ()):
        _describe(choice, root, path, found)
    _note(node, found.setdefault(path, Facts()))
    for name, child in node.get("properties", {}).items():
        inner = f"{path}.{name}" if path else name
        found.setdefault(inner, Facts()).required |= name in node.get("required", ())
        _describe(child, root, inner, found)
    if isinstance(node.get("items"), Mapping):
        _describe(node["items"], root, f"{path}[]", found)


def _note(node: Schema, here: Facts) -> None:
    if "type" in node:
        here.types.add(str(node["type"]))
    here.values |= {str(value) for value in (*node.get("enum", ()), *([node["const"]] if "const" in node else ()))}
    here.formats |= {str(node[name]) for name in ("format", "pattern") if name in node}
    here.bounds |= {name: node[name] for name in (*LOWER_BOUNDS, *UPPER_BOUNDS) if name in node}


def _parent(path: str) -> str:
    return path.rpartition(".")[0].removesuffix("[]") if "." in path else ""
