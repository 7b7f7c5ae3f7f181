"""When a question is asked: a condition on earlier answers, in the one language of conditions (`shared.conditions`).

A field is the id of an earlier question. Its value is the answer as it is kept: a word, a number, of a multiple choice the list
of chosen words (`contains`); there is none while it is not answered.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.conditions import tree as conditions
from shared.conditions.declared import Known
from shared.conditions.tree import CEL, FIELD, HISTORY, Check, branches, compile_tree, leaves

Answers = Mapping[str, Any]
Content = Mapping[str, Any]
PAGE = "坐席的页面断网时也要判断下一题，问卷里的条件只能写"
ANSWERS = Known(
    (),
    {
        CEL: f"{PAGE} field、op、value，不能写 cel",
        HISTORY: f"{PAGE}对前面答案的比较；往事请写在策略的条件里",
        "named": "pack.yaml 里有名称的条件看的是事实，不能用在问卷里，请直接写条件",
    },
)


class _Names(conditions.Names[Answers, None]):
    variables = ()

    def getter(self, leaf: Content) -> conditions.Getter[Answers, None]:
        question = leaf[FIELD]
        return lambda answers, nothing: answers.get(question)

    def meant(self, leaf: Content) -> Any:
        return leaf.get("value", True)

    def values(self, one: Answers, other: None) -> Content:
        return {}


NAMES = _Names()


@dataclass(frozen=True, slots=True)
class Condition:
    """A well-formed tree."""

    tree: Content
    _check: Check[Answers, None] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_check", compile_tree(self.tree, NAMES))

    def holds(self, answers: Answers) -> bool:
        return self._check(answers, None) is None

    def comparisons(self) -> Iterator[Content]:
        """Every comparison, left to right."""
        return leaves(self.tree)

    def renamed(self, ids: Mapping[str, str]) -> "Condition":
        """The same of questions that are asked under other ids."""
        return Condition(_renamed(self.tree, ids))


def _renamed(tree: Content, ids: Mapping[str, str]) -> Content:
    if branches(tree) is None:
        return {**tree, FIELD: ids.get(tree[FIELD], tree[FIELD])}
    return {
        key: _renamed(below, ids) if key == "not" else [_renamed(one, ids) for one in below]
        for key, below in tree.items()
    }
