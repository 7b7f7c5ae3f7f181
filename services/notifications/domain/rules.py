"""Notification rules as data: this fact, on this condition, leads to this message at this time."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from functools import cached_property
from typing import Any, ClassVar, Literal

from pydantic import ConfigDict, TypeAdapter

from services.notifications.domain.conditions import Check, compile_condition
from services.notifications.domain.older_rules import WHERE, modern
from services.notifications.domain.send import Audience
from shared.zone import ORG_ZONE, local_day, midnight

BIRTHDAY = "calendar.birthday"
FESTIVAL = "calendar.festival"
MOST_VALID_HOURS = 24 * 366
MOST_RULES = 20
MOST_EVENTS = 50
AT_ONCE = "at_once"
SAME_DAY = "same_day"
WHEN = rf"^({AT_ONCE}|{SAME_DAY}|([01]\d|2[0-3]):[0-5]\d)$"


@dataclass(frozen=True)
class Rule:
    """`events` are event names, or `calendar.birthday` and `calendar.festival`; `condition` is one on their data.

    `audience`: the customer, the managers (`manager_emails`), or the supervisors of the fact's branch (`supervisor_emails`).
    `when`: at_once, same_day (as the fact), or the next `HH:MM` after it. `valid_hours`: for how long after that (same_day:
    after the day's end) it is still worth sending. `once_per`: one message per cause, or per customer and day.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    id: str
    events: tuple[str, ...]
    purpose: str
    template: str
    condition: Mapping[str, Any] | None = None
    audience: Audience = "customer"
    when: str = AT_ONCE
    valid_hours: float = 72
    once_per: Literal["cause", "day"] = "cause"
    needs_consent: bool = False
    enabled: bool = True

    @cached_property
    def check(self) -> Check:
        """The condition as a function."""
        return compile_condition(self.condition)


_RULE = TypeAdapter(Rule)


def kept_rule(document: Mapping[str, Any]) -> Rule:
    """A rule that was checked when it was saved, maybe when more was allowed or its condition had another form.

    It must not fail any event.
    """
    rule = _RULE.validate_python(modern(document))
    when = rule.when if re.fullmatch(WHEN, rule.when) else AT_ONCE
    valid = rule.valid_hours if 0 <= rule.valid_hours <= MOST_VALID_HOURS else MOST_VALID_HOURS
    return replace(rule, when=when, valid_hours=valid)


def rule_document(rule: Rule) -> dict[str, Any]:
    """The rule as JSON-able data; `parse_rule` gives it back.

    One without a condition is written as it was before there were conditions, so that it stays the version that it is.
    """
    document: dict[str, Any] = _RULE.dump_python(rule, mode="json")
    return document if rule.condition else _without_condition(document) | {WHERE: {}}


def applying(rules: Iterable[Rule], event: str, data: Mapping[str, Any]) -> list[Rule]:
    """The enabled rules for this event whose condition its data meets."""
    return [rule for rule in rules if rule.enabled and event in rule.events and rule.check(data, event) is None]


def _without_condition(document: Mapping[str, Any]) -> dict[str, Any]:
    return {key: one for key, one in document.items() if key != "condition"}


def timing(rule: Rule, happened_at: datetime, now: datetime) -> tuple[datetime, datetime]:
    """When the message may first go out and until when it is worth sending, UTC."""
    valid = timedelta(hours=rule.valid_hours)
    if rule.when == SAME_DAY:
        return max(now, happened_at), midnight(local_day(happened_at) + timedelta(days=1)) + valid
    first = now if rule.when == AT_ONCE else _next_at(time.fromisoformat(rule.when), happened_at)
    return first, first + valid


def _next_at(hour: time, at: datetime) -> datetime:
    same_day = datetime.combine(local_day(at), hour, ORG_ZONE)
    return (same_day if same_day >= at else same_day + timedelta(days=1)).astimezone(UTC)
