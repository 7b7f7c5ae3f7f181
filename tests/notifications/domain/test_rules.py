"""Rules, contacts, greetings, replies, and planning from them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.notifications.domain.contacts import Contact, customer_in, known_to, updated
from services.notifications.domain.errors import RuleRejected
from services.notifications.domain.lint import parse_rule
from services.notifications.domain.planning import Versioned, again, fact_of, plan
from services.notifications.domain.refusals import covers, digit_of, meaning_of, scopes_of
from services.notifications.domain.rules import Rule, applying, kept_rule, rule_document, timing
from services.notifications.domain.send import State
from shared.testing import event
from shared.zone import ORG_ZONE
from tests.notifications.samples import NOW, a_send, a_template

RULE = Rule(id="thank-you", events=("order.completed",), purpose="thank_you", template="note")


def leaf(field: str, op: str, value: Any) -> dict[str, Any]:
    return {"field": field, "op": op, "value": value}


def test_a_rule_read_back_is_the_same_rule() -> None:
    rule = parse_rule(
        {
            "id": "r",
            "events": ["a"],
            "purpose": "p",
            "template": "t",
            "condition": {"field": "x.y", "op": "in", "value": [1, 2]},
        }
    )
    assert parse_rule(rule_document(rule)) == rule


@pytest.mark.parametrize(
    "wrong",
    [
        {"when": "soon"},
        {"when": "25:00"},
        {"audience": "everybody"},
        {"colour": "red"},
        {"events": []},
        {"valid_hours": -1},
    ],
)
def test_a_wrong_rule_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(RuleRejected):
        parse_rule({"id": "r", "events": ["a"], "purpose": "p", "template": "t", **wrong})


DATA = {"grade": "major", "customer": {"level": "A"}, "amount": "120.50", "lines": [{"sku": "K"}]}


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ({"all": [leaf("grade", "eq", "major"), leaf("customer.level", "in", ["A", "B"])]}, True),
        (leaf("customer.level", "in", ["B"]), False),
        (leaf("customer.level.deeper", "eq", "A"), False),
        (leaf("amount", "gt", 100), True),
        ({"not": leaf("lines.0.sku", "matches", "^K$")}, False),
        (leaf("event.type", "eq", "complaint.opened"), True),
        ({"cel": "double(data.amount) > 100.0 && customer.level == 'A' && event.type == 'complaint.opened'"}, True),
        ({"cel": "data.nothing == 1"}, False),
        (None, True),
    ],
)
def test_a_condition_is_asked_of_the_events_data(condition: dict[str, Any] | None, holds: bool) -> None:
    rule = replace(RULE, events=("complaint.opened",), condition=condition)
    assert applying([rule], "complaint.opened", DATA) == ([rule] if holds else [])


@pytest.mark.parametrize(
    ("where", "tree"),
    [
        ({}, None),
        ({"grade": "major"}, leaf("grade", "eq", "major")),
        ({"a.b": ["x", 2]}, leaf("a.b", "in", ["x", 2])),
        ({"a": None}, leaf("a", "exists", False)),
        ({"a": [None, "x"]}, {"any": [leaf("a", "exists", False), leaf("a", "in", ["x"])]}),
        ({"q": "", "ok": True}, {"all": [leaf("q", "eq", ""), leaf("ok", "eq", True)]}),
    ],
)
def test_a_rule_saved_in_the_older_form_asks_what_it_asked(where: dict[str, Any], tree: dict[str, Any] | None) -> None:
    document = {"id": "r", "events": ["e"], "purpose": "p", "template": "t", "where": where}
    assert kept_rule(document).condition == tree


def test_a_rule_without_a_condition_stays_the_document_that_it_was() -> None:
    """Its digest is its version: applied again it must not become a new one."""
    document = rule_document(RULE)
    assert (document["where"], "condition" in document) == ({}, False)
    assert parse_rule(document) == RULE


def test_an_older_rule_in_a_file_names_the_command_that_rewrites_it() -> None:
    with pytest.raises(RuleRejected, match="huifang pack migrate"):
        parse_rule(rule_document(RULE) | {"where": {"grade": "major"}})


def test_only_enabled_rules_for_the_event_apply() -> None:
    off = Rule(id="off", events=("order.completed",), purpose="p", template="t", enabled=False)
    other = Rule(id="other", events=("repair.closed",), purpose="p", template="t")
    assert applying([off, other, RULE], "order.completed", {}) == [RULE]


def test_same_day_ends_with_the_facts_day_and_its_grace() -> None:
    rule = Rule(id="r", events=("a",), purpose="p", template="t", when="same_day", valid_hours=12)
    yesterday = NOW - timedelta(days=1)
    assert timing(rule, yesterday, NOW) == (NOW, datetime(2026, 3, 2, 12, tzinfo=ORG_ZONE))


def test_an_hour_means_the_next_one_after_the_fact() -> None:
    rule = Rule(id="r", events=("a",), purpose="p", template="t", when="09:00", valid_hours=2)
    first, last = timing(rule, NOW, NOW)
    assert (first, last - first) == (datetime(2026, 3, 3, 9, tzinfo=ORG_ZONE), timedelta(hours=2))


@pytest.mark.parametrize(
    "content", ["R", "r", " R ", "Ｒ", "t", "TD", "td。", "N", "退订", "退订！", "退订谢谢", "“R”"]
)
def test_words_that_opt_out(content: str) -> None:
    assert meaning_of(content) == "refusal"


@pytest.mark.parametrize("content", ["Rain", "谢谢", "1", "NO", "不要退订", ""])
def test_words_that_do_not(content: str) -> None:
    assert meaning_of(content) != "refusal"


def test_a_single_digit_is_an_answer() -> None:
    assert [digit_of(content) for content in ("1", " ３ ", "3。", "12", "满意", "²")] == [1, 3, 3, None, None, 2]


def test_a_refusal_covers_promotion_and_the_category_it_answers() -> None:
    assert scopes_of("promotion") == scopes_of("") == ("*",)
    assert scopes_of("notice") == ("*", "notice")
    assert not covers("*", "thank_you", "notice")
    assert not covers("notice", "code", "verify")


def told(event_name: str, at: datetime, /, **block: object) -> tuple[str, dict[str, object], datetime]:
    return event_name, {"customer": {"id": "C1", **block}}, at


def known(*words: tuple[str, dict[str, object], datetime]) -> Contact:
    contact = Contact("C1")
    for word in words:
        contact = updated(contact, *word)
    return contact


def test_the_newest_word_on_a_customer_wins_field_by_field() -> None:
    old = told("customer.updated", NOW, name="陈静", birthday="1990-05-17", level="A", do_not_contact=True)
    new = told("order.completed", NOW + timedelta(days=1), name="陈小静", phone="sealed:v1:new", phones=["sealed:v1:b"])
    both = known(old, new)
    assert (both.name, both.phone, both.phones) == ("陈小静", "sealed:v1:new", ("sealed:v1:b",))
    assert (both.birthday, both.birthday_key, both.level, both.do_not_contact) == ("1990-05-17", "05-17", "A", True)
    assert known(new, old) == both


def test_every_branch_that_a_fact_named_knows_the_customer() -> None:
    ours = ("order.completed", {"customer": {"id": "C1"}, "org": {"code": "CX"}}, NOW + timedelta(days=1))
    theirs = ("order.completed", {"customer": {"id": "C1"}, "org": {"code": "CD"}}, NOW)
    both = known(ours, theirs)
    assert (both.branch, both.units) == ("CX", ("CD", "CX"))
    assert known(theirs, ours) == both
    assert known_to(both, ["CX", ""]) is both


def test_a_fact_without_a_customer_tells_of_nobody() -> None:
    assert customer_in({"area": {"code": "1"}}) == customer_in({"customer": {}}) == ""


def test_two_events_about_one_order_are_one_matter() -> None:
    data = {"order_no": "SO1", "customer": {"id": "C1", "name": "陈静"}}
    facts = [fact_of(event("order.completed", data, key="C1", id=event_id)) for event_id in ("e1", "e2")]
    sends = [plan(fact, RULE, Versioned(1, a_template()), None, NOW) for fact in facts]
    assert sends[0].key == sends[1].key
    assert (sends[0].state, sends[0].text) == (State.PLANNED, "尊敬的陈静，您好。")


def test_no_template_or_no_text_is_on_record_as_not_sent() -> None:
    fact = fact_of(event("order.completed", {"customer": {"id": "C1"}}, key="C1", id="e1"))
    assert plan(fact, RULE, None, None, NOW).reason == "no_template"
    wants_more = a_template(params={"name": "{{ data.absent }}"})
    assert plan(fact, RULE, Versioned(1, wants_more), None, NOW).reason == "no_text"


def test_what_is_sent_again_is_new_and_names_the_failed_one() -> None:
    failed = a_send(state=State.FAILED, reason="x", attempts=3, token=9)
    new = again(failed, datetime(2026, 3, 3, tzinfo=UTC))
    assert (new.state, new.resend_of, new.attempts, new.token) == (State.PLANNED, failed.id, 0, 0)
    assert new.id != failed.id
