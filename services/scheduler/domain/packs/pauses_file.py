"""A pack's `pauses` as written in YAML."""

import re
from typing import Any

from services.scheduler.domain.conditions.tree import histories
from services.scheduler.domain.packs.condition_check import check_condition
from services.scheduler.domain.packs.condition_file import EVENT_FORM, check_tree
from services.scheduler.domain.packs.vocabulary import Vocabulary, unknown_event
from shared.declared.section import Section, written

Content = dict[str, Any]
SAY = "一条暂停，如 {on: [visit.dissatisfied], hours: 48}"
MOST_HOURS = 24 * 90


def read_pauses(section: Section) -> list[Content]:
    """After these events nobody contacts the customer for so many hours."""
    return [_pause(part) for part in section.sections("pauses", SAY)]


def _pause(section: Section) -> Content:
    events = section.texts("on", "事件名的列表，如 [visit.dissatisfied]", required=True)
    for event in events:
        if event == "*" or not re.fullmatch(EVENT_FORM, event):
            section.problem("on", f"应写事件名，如 visit.dissatisfied，现在是 {written(event)}")
    hours = section.integer("hours", 1, MOST_HOURS)
    condition = section.section("condition", "条件，如 {field: rating, op: eq, value: 1}")
    if condition is not None:
        check_tree(condition)
        if any(past.contacts for past in histories(condition.values)):
            condition.problem("", "暂停的条件里不能数联系次数（contacts）")
    section.close()
    return {"on": events, "hours": hours, "condition": dict(condition.values) if condition else None}


def check_pauses(head: Section, vocabulary: Vocabulary) -> None:
    """Note events that nobody sends and conditions that never hold."""
    for section in head.sections("pauses", SAY):
        events = section.texts("on", "")
        for event in events:
            if not vocabulary.knows(event):
                section.problem("on", unknown_event(event, vocabulary), warning=True)
        if condition := section.section("condition", ""):
            check_condition(condition, events, vocabulary)
