"""What is doubtful in whom a policy follows up: strata that no event has, times that a draw leaves no room for."""

from collections.abc import Sequence
from typing import Any

from services.scheduler.domain.customer import ATTRIBUTES
from services.scheduler.domain.packs.vocabulary import Vocabulary
from services.scheduler.domain.whom.strata import BRANCH, KIND
from shared.declared.section import Section, meant

Content = dict[str, Any]
MINUTES = {"minutes": 1, "hours": 60}
DAY_MINUTES = 24 * 60


def check_whom(section: Section, content: Content, vocabulary: Vocabulary) -> None:
    """Note what is wrong with a policy's rate and quota."""
    events = content["trigger"]["events"]
    for key in ("rate", "quota"):
        if isinstance(section.values.get(key), dict) and (part := section.section(key)):
            _check_strata(part, events, vocabulary)
    if isinstance(content["rate"], dict):
        _check_times(section, content)


def _check_strata(part: Section, events: Sequence[str], vocabulary: Vocabulary) -> None:
    fields = vocabulary.fields(events)
    for field in part.values.get("by", ()):
        root, _, rest = field.partition(".")
        if root == "customer":
            if rest.partition(".")[0] not in ATTRIBUTES:
                part.problem("by", f"客户档案里没有 {rest}{meant(rest, ATTRIBUTES)}，分层都会为空", warning=True)
        elif field not in (BRANCH, KIND) and root != "event" and fields and root not in fields:
            close = meant(root, [BRANCH, KIND, *fields])
            part.problem("by", f"触发事件的数据里没有 {root}{close}，分层都会为空", warning=True)


def _check_times(section: Section, content: Content) -> None:
    """The draw is made after the midnight that ends the period; times count from the period's last day at the earliest."""
    delay, deadline = content["delay"], content["deadline"]
    if 0 < _minutes(delay) < DAY_MINUTES:
        message = "抽取在期间结束后的零时之后进行，此前不会联系；次日起联系请写 {days: 1}"
        section.problem("delay", message, warning=True)
    if deadline and 0 <= _minutes(deadline) < DAY_MINUTES:
        message = "抽取在期间结束后的零时之后进行，多数事实那时已超过时限；请至少写 {days: 1}"
        section.problem("deadline", message, warning=True)


def _minutes(amount: Content) -> int:
    """Elapsed minutes; -1 for what counts days."""
    return int(amount["amount"]) * MINUTES[amount["unit"]] if amount["unit"] in MINUTES else -1
