"""Rules that were saved before there was one language of conditions: `where: {grade: major, level: [A, B]}`.

What is stored stays as it is and is read in this way with no end: a rule is in force until a newer version comes. In files
the old form is a mistake, which names the command that rewrites it.
"""

from collections.abc import Mapping
from typing import Any

WHERE = "where"
OLDER = (
    "where 是旧写法，请用 huifang pack migrate 改写策略包，或写成 condition: {field: 字段路径, op: eq, value: 值}，"
    "几个条件写在 all 之下"
)
Content = dict[str, Any]


def modern(rule: Mapping[str, Any]) -> Content:
    """A rule's document in the form of today; its other keys stay as they are, in their order."""
    pairs = (("condition", condition_of(value)) if key == WHERE else (key, value) for key, value in rule.items())
    return {key: value for key, value in pairs if key != "condition" or value is not None}


def condition_of(where: Any) -> Content | None:
    """Every path has the value, or one of the list of values, that it is asked for."""
    leaves = [_leaf(path, value) for path, value in where.items()] if isinstance(where, Mapping) else []
    return {"all": leaves} if len(leaves) > 1 else leaves[0] if leaves else None


def _leaf(path: str, wanted: Any) -> Content:
    if wanted is None:
        return {"field": path, "op": "exists", "value": False}
    if not isinstance(wanted, list):
        return {"field": path, "op": "eq", "value": wanted}
    if None not in wanted:
        return {"field": path, "op": "in", "value": wanted}
    return {"any": [_leaf(path, None), _leaf(path, [one for one in wanted if one is not None])]}
