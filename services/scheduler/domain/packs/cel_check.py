"""What is doubtful in a sound CEL expression: paths that lead nowhere, and answers that no data can change."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import product
from typing import Any
from uuid import UUID

from services.scheduler.domain.conditions.tree import NAMES, VARIABLES
from services.scheduler.domain.customer import Customer
from services.scheduler.domain.facts import Fact
from services.scheduler.domain.packs.vocabulary import Vocabulary, lacking
from shared.conditions.cel import CelRefused, compile_cel
from shared.conditions.declared import EVENT_FIELDS
from shared.declared.section import Section, meant

LITERAL = r"""'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*\""""
_LITERAL = re.compile(LITERAL)
_PATH = re.compile(rf"(?<![\w.])({'|'.join(VARIABLES)})((?:\.[A-Za-z_]\w*)+)(\s*\()?")
_CONVERSION = re.compile(rf"\b(?:timestamp|duration|int|uint|double|bool)\(\s*(?:{LITERAL})\s*\)")
_MATCHES = re.compile(rf"\.\s*matches\(\s*({LITERAL})\s*\)")
LOOPING = ("exists", "all(", "filter", "[")  # what such an expression looks at can't be told from its text
SAMPLES: Sequence[Any] = ("2026-03-06T15:00:00+08:00", "1", 1, 1.5, True, ["1"], {"a": 1})
MOST_PATHS = 2
NOW = datetime(2026, 3, 6, 7, tzinfo=UTC)
Path = tuple[str, ...]


def check_cel(leaf: Section, events: Sequence[str], vocabulary: Vocabulary) -> None:
    """Note in a leaf with a well-formed expression what it can't mean."""
    text = str(leaf.values["cel"])
    for root, name, *_ in paths_of(text):
        if root == "event" and name not in EVENT_FIELDS:
            leaf.problem("cel", f"event 之下没有 {name}{meant(name, EVENT_FIELDS)}，只有 {'、'.join(EVENT_FIELDS)}")
        elif root == "data" and (unknown := lacking(name, vocabulary.fields(events))):
            leaf.problem("cel", f"触发事件的数据里没有 {unknown}", warning=True)
    if reason := only_errs(text):
        leaf.problem("cel", f"怎样的数据都只会出错：{reason}")
    elif not any(name in _LITERAL.sub("", text) for name in VARIABLES):
        leaf.problem("cel", f"没有看任何数据，结果永远一样；变量有 {'、'.join(VARIABLES)}", warning=True)


def paths_of(text: str) -> list[Path]:
    """What the expression looks at: ("data", "product", "category"); names of methods are none of it."""
    found = []
    for root, members, call in _PATH.findall(_LITERAL.sub("''", text)):
        names = members[1:].split(".")
        if names := names[:-1] if call else names:
            found.append((root, *names))
    return list(dict.fromkeys(found))


@lru_cache(maxsize=500)
def only_errs(text: str) -> str:
    """Why no data whatever give an answer; "" when some may."""
    for literal in [*_CONVERSION.findall(text), *(f"'' .matches({one})" for one in _MATCHES.findall(text))]:
        reason = _asked(f"{literal} == {literal}", {})
        if isinstance(reason, str):
            return reason
    paths = paths_of(text)
    if len(paths) > MOST_PATHS or any(sign in text for sign in LOOPING):
        return ""
    answer: bool | str = ""
    for values in product(SAMPLES, repeat=len(paths)):
        answer = _asked(text, _sample(dict(zip(paths, values, strict=True))))
        if isinstance(answer, bool):
            return ""
    return str(answer)


def _sample(values: Mapping[Path, Any]) -> dict[str, Any]:
    """The values where the paths lead; a path that is the beginning of another holds what that one needs."""
    sample: dict[str, Any] = {}
    for path, value in sorted(values.items(), key=lambda one: len(one[0]), reverse=True):
        place = sample
        for name in path[:-1]:
            place = place.setdefault(name, {})
        place.setdefault(path[-1], value)
    return sample


def _asked(text: str, sample: Mapping[str, Any]) -> bool | str:
    event, key = "repair.closed", UUID(int=0)
    fact = Fact("example", "/example", key, event, event, NOW, sample.get("data", {}), "", {}, "")
    try:
        return compile_cel(text, VARIABLES)(NAMES.values(fact, Customer("C1", sample.get("customer", {}))))
    except CelRefused as error:
        return str(error)
