"""Policies that would plan for ever because of their own contacts, or wait for events that no policy is told of."""

from collections.abc import Mapping, Sequence
from typing import Any

from services.scheduler.domain.policy import ALL_EVENTS
from shared.conditions.tree import holds_for
from shared.contracts.base import COMPLAINTS, INTAKE, NOTIFICATIONS, VISITS
from shared.contracts.registry import by_name, by_type, short_name
from shared.declared.section import Section

Content = Mapping[str, Any]
HEARD = (INTAKE, COMPLAINTS, VISITS, NOTIFICATIONS)
ALWAYS = ("visit.attempted", "visit.completed")  # every contact that is made ends in one of these


def check_heard(section: Section, events: Sequence[str]) -> None:
    """Note events of the platform's own plans, which lead to no decisions."""
    for event in events:
        declared = by_name(event) or by_type(event)
        if declared and event != ALL_EVENTS and declared.topic not in HEARD:
            say = f"{declared.name}（{declared.title}）是平台自己的计划，策略收不到；请写引起计划的业务事件，如 repair.closed"
            section.problem("events", say)


def check_own_contacts(section: Section, content: Content) -> None:
    """Note a policy that its own follow-ups trigger again."""
    trigger = content["trigger"]
    own = [event for event in trigger["events"] if short_name(event).startswith("visit.")]
    if not own or content["purpose"] != "followup":
        return
    names = ["round", "channel", *(name for name in ("team", "questionnaire") if _is_one(content, name))]
    again = holds_for(trigger["condition"], {"policy_id": content["id"]} | {name: content[name] for name in names})
    if again is False:
        return
    leaf = f"{{field: policy_id, op: ne, value: {content['id']}}}"
    say = f"这条策略自己的回访也会引起 {own[0]}，又触发它自己；请在条件里排除，如 {leaf}"
    section.problem("events", say, warning=again is None or short_name(own[0]) not in ALWAYS)


def _is_one(content: Content, name: str) -> bool:
    return bool(content.get(name)) and name not in content.get("choose", {}) and "role" not in content.get("choose", {})
