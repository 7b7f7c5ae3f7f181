"""No template and no rule that is accepted can make a later event fail, or keep a service busy."""

import time
from datetime import UTC, datetime
from typing import Any

import pytest

from services.notifications.domain.errors import RuleRejected, TemplateRejected
from services.notifications.domain.lint import parse_rule, parse_template, read_rules
from services.notifications.domain.rules import kept_rule, timing
from services.notifications.domain.templates import MOST_NAMES, MOST_SOURCE
from tests.notifications.samples import template_document

RULE: dict[str, Any] = {"id": "r", "events": ["order.completed"], "purpose": "notice", "template": "t"}
TEMPLATE: dict[str, Any] = {
    "name": "t", "title": "题", "channel": "email", "category": "notice", "subject": "题", "text": "您好"
}  # fmt: skip
NOW = datetime(2026, 3, 2, 2, tzinfo=UTC)
WRONG_RULES = {
    "valid for ever": {"valid_hours": 1e300},
    "valid for no number": {"valid_hours": float("nan")},
    "valid for infinity": {"valid_hours": float("inf")},
    "valid for centuries": {"valid_hours": 10**7},
    "valid before": {"valid_hours": -1},
    "at a time with seconds": {"when": "09:00:00.5+08:00"},
    "at no time": {"when": "25:00"},
    "of no event": {"events": []},
    "of many events": {"events": ["e"] * 51},
    "compared with a structure": {"condition": {"field": "a", "op": "eq", "value": {"b": 1}}},
    "of many comparisons": {"condition": {"all": [{"field": "a", "op": "eq", "value": 1}] * 201}},
    "looking back": {"condition": {"history": {"events": ["order.completed"]}, "op": "ge", "value": 2}},
    "an expression that doubles a text": {"condition": {"cel": "['a'].map(x, x + x)[0] == 'aa'"}},
    "a pattern that never ends": {"condition": {"field": "a", "op": "matches", "value": "(?=a)"}},
    "in the older form": {"where": {"a": 1}},
    "a long name": {"id": "x" * 201},
}


@pytest.mark.parametrize("wrong", WRONG_RULES.values(), ids=WRONG_RULES)
def test_a_rule_that_would_fail_an_event_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(RuleRejected):
        parse_rule(RULE | wrong)


@pytest.mark.parametrize("rules", [5, "r", {"a": 1}, [5], [RULE] * 21, True])
def test_rules_of_a_template_are_a_list_of_rules(rules: Any) -> None:
    with pytest.raises(RuleRejected):
        read_rules(rules)


@pytest.mark.parametrize("wrong", [{"valid_hours": 1e300}, {"valid_hours": -5}, {"when": "9:00+08:00"}])
def test_a_rule_accepted_when_more_was_allowed_fails_no_event(wrong: dict[str, Any]) -> None:
    first, until = timing(kept_rule(RULE | wrong), NOW, NOW)
    assert first <= until


WRONG_TEMPLATES = {
    "brackets": {"text": "{{ " + "(" * 900 + "1" + ")" * 900 + " }}"},
    "negations": {"text": "{{ " + "not " * 900 + "1 }}"},
    "members": {"text": "{{ a" + ".b" * 900 + " }}"},
    "conditions": {"text": "{% if 1 %}" * 100 + "{% endif %}" * 100},
    "alternatives": {"text": "{{ " + "1 if 1 else " * 300 + "1 }}"},
    "parts": {"most_parts": 10**9},
    "parameters": {"params": {f"p{n}": "x" for n in range(51)}, "sample": {f"p{n}": "x" for n in range(51)}},
    "a book of a sample": {"params": {"p": "x"}, "sample": {"p": "x" * 5_000}},
    "a long name": {"name": "x" * 201},
}


@pytest.mark.parametrize("wrong", WRONG_TEMPLATES.values(), ids=WRONG_TEMPLATES)
def test_a_template_that_nobody_needs_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(TemplateRejected):
        parse_template(TEMPLATE | wrong)


def test_the_longest_template_is_judged_in_a_moment() -> None:
    """Of what could be the name of a host without end; by the processor's time, whatever else the machine does."""
    names = [f"name{number}" for number in range(MOST_NAMES)]
    text = "，".join(f"{{{{ {name} }}}}" for name in names)
    params, sample = dict.fromkeys(names, "a" * MOST_SOURCE), dict.fromkeys(names, "a")
    started = time.process_time()
    parse_template(template_document(text=text, params=params, sample=sample, most_parts=10))
    assert time.process_time() - started < 1
