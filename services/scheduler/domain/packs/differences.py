"""What differs between two versions of a policy, key by key."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

from services.scheduler.domain.explain.arithmetic import is_amount, shown
from services.scheduler.domain.packs.schema import pack_schema
from services.scheduler.domain.whom.selection import whom_text

WHOLE = ("condition",)  # a tree is told as a whole
NOT_WRITTEN = {"merge_within": "合并的联系最多相差几天"}  # of canonical keys that a pack writes in another form


class Difference(NamedTuple):
    """A key's canonical values in both; None = it has none there. `title` is the key's Chinese name."""

    key: str
    title: str
    before: Any
    after: Any

    def __str__(self) -> str:
        name = f"{self.title}（{self.key}）" if self.title else self.key
        say = whom_text if self.key == "rate" else shown
        return f"{name}：{say(self.before)} → {say(self.after)}"


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    """In the order of the keys as a policy has them. A key that is missing and one without value are alike."""
    return list(_compare(before, after, ""))


def _compare(before: Mapping[str, Any], after: Mapping[str, Any], path: str) -> Iterator[Difference]:
    for key in dict.fromkeys((*after, *before)):
        old, new = (_value(one.get(key)) for one in (before, after))
        below = f"{path}.{key}" if path else key
        if old == new:
            continue
        if isinstance(old, Mapping) and isinstance(new, Mapping) and key not in WHOLE and not is_amount(new):
            yield from _compare(old, new, below)
        else:
            yield Difference(below, _title(below), old, new)


def _value(value: Any) -> Any:
    return None if value in ("", [], {}, ()) else value


def _title(path: str) -> str:
    """What the schema's description of the key begins with."""
    return _titles().get(path, "") or NOT_WRITTEN.get(path, "")


@cache
def _titles() -> dict[str, str]:
    known = pack_schema()["$defs"]
    return {path: title for part in ("Head", "Policy") for path, title in _described(known[part], known, "")}


def _described(schema: Mapping[str, Any], known: Mapping[str, Any], path: str) -> Iterator[tuple[str, str]]:
    for key, one in schema.get("properties", {}).items():
        below = f"{path}.{key}" if path else key
        whole = {**known.get(str(one.get("$ref", "")).rpartition("/")[2], {}), **one}
        yield below, _heading(whole.get("description", ""))
        if path.count(".") < 2:
            yield from _described(whole, known, below)


def _heading(description: str) -> str:
    for stop in "：；，。":
        description = description.partition(stop)[0]
    return description
