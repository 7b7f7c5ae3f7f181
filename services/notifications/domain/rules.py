"""Notification rules as data: this fact, on this condition, leads to this message at this time."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from typing import Any, ClassVar, Literal

from pydantic import ConfigDict, TypeAdapter, ValidationError

from services.notifications.domain.errors import RuleRejected
from services.notifications.domain.send import Audience
from services.notifications.domain.windows import day_of, end_of
from shared.invalid import in_words, place
from shared.zone import ORG_ZONE

BIRTHDAY = "calendar.birthday"
FESTIVAL = "calendar.festival"
MOST_VALID_HOURS = 24 * 366
MOST_RULES = 20
MOST_EVENTS, MOST_PATHS, MOST_WANTED, LONGEST = 50, 20, 200, 200
CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
AT_ONCE = "at_once"
SAME_DAY = "same_day"


@dataclass(frozen=True)
class Rule:
    """`events` are event names, or `calendar.birthday` and `calendar.festival`; `where` is a condition on their data.

    `audience`: the customer, the managers (`manager_emails`), or the supervisors of the fact's branch (`supervisor_emails`).
    `when`: at_once, same_day (as the fact), or the next `HH:MM` after it. `valid_hours`: for how long after that (same_day:
    after the day's end) it is still worth sending. `once_per`: one message per cause, or per customer and day.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    id: str
    events: tuple[str, ...]
    purpose: str
    template: str
    where: Mapping[str, Any] = field(default_factory=dict)
    audience: Audience = "customer"
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
    except ValidationError as error:
        wrong = "；".join(f"{place(found)}：{in_words(found)}" for found in error.errors())
        raise RuleRejected(f"规则字段有误：{wrong}") from error
    if faults := list(_faults(rule)):
        raise RuleRejected("；".join(faults))
    return rule


def read_rules(documents: Any) -> list[Rule]:
    """The rules that come with a template. Raises RuleRejected."""
    if documents is None:
        return []
    if not isinstance(documents, list) or len(documents) > MOST_RULES:
        raise RuleRejected(f"rules 应为通知规则的列表，最多 {MOST_RULES} 条")
    return [parse_rule(document) for document in documents]


def kept_rule(document: Mapping[str, Any]) -> Rule:
    """A rule that was checked when it was saved, maybe when more was allowed: it must not fail any event."""
    rule = _RULE.validate_python(document)
    when = rule.when if rule.when in (AT_ONCE, SAME_DAY) or CLOCK.fullmatch(rule.when) else AT_ONCE
    valid = rule.valid_hours if 0 <= rule.valid_hours <= MOST_VALID_HOURS else MOST_VALID_HOURS
    return replace(rule, when=when, valid_hours=valid)


def _faults(rule: Rule) -> Iterator[str]:
    """What would fail, or never end, when an event comes."""
    if not 1 <= len(rule.events) <= MOST_EVENTS:
        yield f"events 应有 1 到 {MOST_EVENTS} 个事件名"
    if not 0 <= rule.valid_hours <= MOST_VALID_HOURS:
        yield f"valid_hours 应在 0 到 {MOST_VALID_HOURS} 之间"
    if rule.when not in (AT_ONCE, SAME_DAY) and not CLOCK.fullmatch(rule.when):
        yield f"when 应为 at_once、same_day 或 HH:MM，而不是“{rule.when[:LONGEST]}”"
    if any(len(text) > LONGEST for text in (rule.id, rule.purpose, rule.template, *rule.events, *rule.where)):
        yield f"id、events、purpose、template 和 where 的路径最长 {LONGEST} 个字"
    wanted = [one for value in rule.where.values() for one in (value if isinstance(value, list) else [value])]
    if len(rule.where) > MOST_PATHS or len(wanted) > MOST_WANTED:
        yield f"where 最多 {MOST_PATHS} 个路径，{MOST_WANTED} 个值"
    if not all(one is None or isinstance(one, str | int | float | bool) for one in wanted):
        yield "where 的值应为文字、数或 true/false，或它们的列表"


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
