"""Codes in the users' words."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from services.analytics.domain.selection import Dimension, Selection
from shared.contracts import by_name
from shared.contracts.words import GREETINGS, word_of

DIMENSION_NAMES = {Dimension.BRANCH: "分公司／网点", Dimension.KIND: "业务类型", Dimension.POLICY: "策略"}
NOBODY_SAID = {Dimension.BRANCH: "未注明网点", Dimension.KIND: "未注明业务", Dimension.POLICY: "未归属策略"}


def title_of(event: str, kinds: Mapping[str, str]) -> str:
    """What an event is called: by the platform, else by the pack that declares it (`kinds`), else ""."""
    declared = by_name(event)
    return declared.title if declared else kinds.get(event, "")


@dataclass(frozen=True)
class Labels:
    """What codes are called; `branches` as the latest facts named them, `kinds` of events as packs that declare them do."""

    branches: Mapping[str, str] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)

    def text(self, dimension: Dimension, code: str) -> str:
        """The name of a code; the code itself when nobody gave it a name."""
        if not code:
            return NOBODY_SAID[dimension]
        if dimension is Dimension.BRANCH:
            return self.branches.get(code) or code
        if dimension is not Dimension.KIND:
            return code
        return title_of(code, self.kinds) or word_of(GREETINGS, code)

    def filters(self, wanted: Selection) -> dict[str, str]:
        """The filters in force, by the dimension's name."""
        return {
            DIMENSION_NAMES[dimension]: "、".join(self.text(dimension, code) for code in codes)
            for dimension, codes in wanted.filters().items()
            if codes
        }
