"""Notification rules as data: this fact, on this condition, leads to this message at this time."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any, ClassVar, Literal

from pydantic import ConfigDict, TypeAdapter, ValidationError

from services.notifications.domain.errors import RuleRejected
from services.notifications.domain.windows import day_of, end_of
from shared.invalid import place, told
from shared.zone import ORG_ZONE

BIRTHDAY = "calendar.birthday"
FESTIVAL = "calendar.festival"
AT_ONCE = "at_once"
SAME_DAY = "same_day"


@dataclass(frozen=True)
class Rule:
    """`events` are event names, or `calendar.birthday` and `calendar.festival`; `where` is a condition on their data.

    `when`: at_once, same_day (as the fact), or the next `HH:MM` after it. `valid_hours`: for how long after that (same_day:
    after the day's end) it is still worth sending. `once_per`: one message per cause, or per customer and day.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    id: str
    events: tuple[str, ...]
    purpose: str
    template: str
    where: Mapping[str, Any] = field(default_factory=dict)
    audience: Literal["customer", "manager"] = "customer"
    when: str = AT_ONCE
    valid_hours: float = 72
    once_per: Literal["cause", "day"] = "cause"
    needs_consent: bool = False
    enabled: bool = True


_RULE = TypeAdapter(Rule)


def parse_rule(document: Mapping[str, Any]) -> Rule:
    """The rule a document describes. Raises RuleRejected, naming the fields that are wrong."""
    try:
        rule = _RULE.validate_python(document)
        if rule.when not in (AT_ONCE, SAME_DAY):
            time.fromisoformat(rule.when)
    except ValidationError as error:
        wrong = "；".join(f"{place(found)}：{told(found)}" for found in error.errors())
        raise RuleRejected(f"规则字段有误：{wrong}") from error
    except ValueError as error:
        raise RuleRejected(f"when 应为 at_once、same_day 或 HH:MM，而不是“{rule.when}”") from error
    if not rule.events or rule.valid_hours < 0:
        raise RuleRejected("events 不能为空，valid_hours 不能为负")
    return rule


def rule_document(rule: Rule) -> dict[str, Any]:
    """The rule as JSON-able data; `parse_rule` gives it back."""
    document: dict[str, Any] = _RULE.dump_python(rule, mode="json")
    return document


def applying(rules: Iterable[Rule], event: str, data: Mapping[str, Any]) -> list[Rule]:
    """The enabled rules for this event whose condition its data meets."""
    return [rule for rule in rules if rule.enabled and event in rule.events and meets(rule.where, data)]


def meets(where: Mapping[str, Any], data: Mapping[str, Any]) -> bool:
    """Every dotted path of `where` has the value, or one of the list of values, it asks for."""
    return all(_at(path, data) in (wanted if isinstance(wanted, list) else [wanted]) for path, wanted in where.items())


def _at(path: str, data: Any) -> Any:
    for name in path.split("."):
        if not isinstance(data, Mapping):
            return None
        data = data.get(name)
    return data


def timing(rule: Rule, happened_at: datetime, now: datetime) -> tuple[datetime, datetime]:
    """When the message may first go out and until when it is worth sending, UTC."""
    valid = timedelta(hours=rule.valid_hours)
    if rule.when == SAME_DAY:
        return max(now, happened_at), end_of(day_of(happened_at)).astimezone(UTC) + valid
    first = now if rule.when == AT_ONCE else _next_at(time.fromisoformat(rule.when), happened_at)
    return first, first + valid


def _next_at(hour: time, at: datetime) -> datetime:
    same_day = datetime.combine(day_of(at), hour, ORG_ZONE)
    return (same_day if same_day >= at else same_day + timedelta(days=1)).astimezone(UTC)
