from datetime import timedelta
from typing import Any

import pytest

from services.scheduler.domain.customer import Customer, updated
from services.scheduler.domain.decide import new_task
from services.scheduler.domain.ledger.contacts import Contact
from services.scheduler.domain.when.windows import Span
from shared.ids import new_id
from tests.scheduler.builders import MONDAY, at, book, fact, judge, policies

NEXT_DAY = {"delay": {"days": 1}, "deadline": {"working_days": 3}}
QUARTER = [{"limit": 2, "per": "quarter"}]


def contacts(*days: str) -> tuple[Contact, ...]:
    return tuple(Contact(new_id(), at(f"{day} 09:00").date()) for day in days)


def test_a_matching_fact_is_planned_with_what_its_policy_says() -> None:
    rules = book({**NEXT_DAY, "questionnaire": "q", "team": "hotline", "priority": 2})
    decision, customer = judge(rules, fact(level="A", phone="sealed:v1:x", secret="no"))
    (task,) = decision.tasks
    assert decision.outcome == "planned"
    assert (task.due_at, task.deadline_at) == (at("2026-03-03 09:00"), at("2026-03-05 18:00"))
    assert (task.questionnaire, task.team, task.priority, task.branch) == ("q", "hotline", 2, "CD")
    assert task.kind == "repair.closed"
    assert task.card == {"id": "C1", "name": "陈静", "level": "A", "phone": "sealed:v1:x", "do_not_contact": False}
    assert task.matters[0]["subject"] == "WX-e1"
    assert task.matters[0]["title"] == "维修结案 WX-e1"
    assert "customer" not in task.matters[0]["facts"]
    assert customer.open == (task,)


def test_the_same_fact_always_gives_the_same_plan() -> None:
    rules = book({**NEXT_DAY, "rate": 50})
    assert judge(rules, fact()) == judge(rules, fact())


def test_a_task_id_depends_on_policy_fact_and_source_only() -> None:
    first, second = policies({"id": "a"}, {"id": "b"})
    span = Span(MONDAY, None)
    ids = {new_task(fact(), first, span).id, new_task(fact(), second, span).id}
    ids |= {new_task(fact(source="/other"), first, span).id, new_task(fact(id="e2"), first, span).id}
    assert len(ids) == 4
    assert new_task(fact(), first, span).id == new_task(fact(team="x"), first, Span(MONDAY, MONDAY)).id


def test_an_event_type_nobody_knows_matches_no_policy() -> None:
    decision, _ = judge(book({}), fact("cn.acme.whatever"))
    assert (decision.outcome, decision.details) == ("no_policy_matches", ())


def test_a_policy_may_name_a_type_that_has_no_contract_and_any_type_at_all() -> None:
    assert judge(book({"events": ["cn.acme.whatever"]}), fact("cn.acme.whatever"))[0].outcome == "planned"
    assert judge(book({"events": ["*"]}), fact("cn.acme.other"))[0].outcome == "planned"


def test_the_condition_that_fails_is_recorded_with_its_value() -> None:
    rules = book({"condition": {"field": "result", "op": "eq", "value": "repaired"}})
    decision, _ = judge(rules, fact(data={"result": "cancelled"}))
    assert decision.outcome == "no_policy_matches"
    assert decision.details[0]["failed"] == {"field": "result", "op": "eq", "value": "repaired", "actual": "cancelled"}


def test_a_record_keeps_long_values_short() -> None:
    rules = book({"condition": {"field": "text", "op": "eq", "value": "x"}})
    decision, _ = judge(rules, fact(data={"text": "长" * 5000}))
    assert len(decision.details[0]["failed"]["actual"]) == 200


def test_a_fact_without_a_customer_cannot_be_followed_up() -> None:
    for about in (fact(customer=""), fact(data={"customer": "C1"}), fact(data={"customer": {"id": 7}}, customer="")):
        decision, _ = judge(book({}), about)
        assert (decision.outcome, decision.tasks) == ("no_customer", ())


def test_a_customer_on_the_do_not_contact_list_is_refused() -> None:
    customer = updated(Customer("C1"), fact("customer.updated", do_not_contact=True))
    decision, _ = judge(book({}), fact(), customer)
    assert decision.outcome == "refused"
    assert decision.details[0]["reason"] == "do_not_contact"


@pytest.mark.parametrize(
    ("way", "outcome"),
    [("phone:all", "refused"), ("sms:all", "planned"), ("phone:followup", "refused"), ("phone:greeting", "planned")],
)
def test_an_opt_out_holds_for_its_channel_and_purpose(way: str, outcome: str) -> None:
    customer = Customer("C1", opted_out={way: MONDAY - timedelta(days=1)})
    assert judge(book({}), fact(), customer)[0].outcome == outcome


@pytest.mark.parametrize(
    ("scope", "refused"),
    [
        ("*", {"greeting"}),  # all promotion
        ("notice", {"notice", "followup"}),  # a question by message is a notice
        ("all", {"followup", "greeting", "notice"}),
        ("survey", {"followup"}),
        ("thank_you", set()),  # notifications heed the name of one message
    ],
)
def test_an_opt_out_by_message_refuses_what_its_contract_says(scope: str, refused: set[str]) -> None:
    customer = Customer("C1", opted_out={f"sms:{scope}": MONDAY - timedelta(days=1)})
    for purpose in ("followup", "greeting", "notice"):
        outcome = judge(book({"channel": "sms", "purpose": purpose}), fact(), customer)[0].outcome
        assert outcome == ("refused" if purpose in refused else "planned")


@pytest.mark.parametrize(
    "way", [{"phone:all": MONDAY + timedelta(minutes=1)}, {"phone:refused": MONDAY - timedelta(days=1)}]
)
def test_the_plan_does_not_hang_on_how_fast_events_are_handled_or_when_somebody_called(way: dict[str, Any]) -> None:
    """A later opt-out and what was told to an agent are heeded at release."""
    assert judge(book({}), fact(), Customer("C1", opted_out=way))[0].outcome == "planned"


def test_a_second_follow_up_is_planned_even_for_who_refused_so_that_its_case_ends_on_record() -> None:
    customer = Customer("C1", opted_out={"phone:all": MONDAY - timedelta(days=1)})
    assert judge(book({"round": 2}), fact(), customer)[0].outcome == "planned"


def test_a_cap_blocks_and_tells_where_it_stands() -> None:
    customer = Customer("C1", contacts=contacts("2026-01-05", "2026-02-05"))
    decision, after = judge(book(NEXT_DAY, caps=QUARTER), fact(), customer)
    assert decision.outcome == "capped"
    assert decision.details[0]["cap"]["used"] == 2
    assert after == customer


def test_a_cap_is_counted_in_the_quarter_of_the_contact_not_of_the_fact() -> None:
    customer = Customer("C1", contacts=contacts("2026-01-05", "2026-02-05"))
    decision, _ = judge(book(NEXT_DAY, caps=QUARTER), fact(time=at("2026-03-31 10:00")), customer)
    assert decision.outcome == "planned"  # due on 1 April


@pytest.mark.parametrize(("part", "counted"), [("unblocked", True), ("exempt", False)])
def test_unblocked_policies_count_and_exempt_ones_do_not(part: str, counted: bool) -> None:
    customer = Customer("C1", contacts=contacts("2026-01-05", "2026-02-05"))
    decision, after = judge(book({**NEXT_DAY, "cap": part}, caps=QUARTER), fact(), customer)
    assert decision.outcome == "planned"
    assert len(after.contacts) == 2 + counted


def test_caps_are_used_up_by_earlier_facts_of_the_same_batch() -> None:
    rules = book({**NEXT_DAY, "merge": False}, caps=QUARTER)
    customer = Customer("C1")
    outcomes = []
    for number in range(3):
        decision, customer = judge(rules, fact(id=f"e{number}"), customer)
        outcomes.append(decision.outcome)
    assert outcomes == ["planned", "planned", "capped"]


def test_a_strong_policy_that_is_capped_leaves_the_contact_to_a_weaker_one() -> None:
    rules = book({"id": "strong", "priority": 1}, {"id": "weak", "priority": 9, "cap": "exempt"}, caps=QUARTER)
    decision, _ = judge(rules, fact(), Customer("C1", contacts=contacts("2026-01-05", "2026-02-05")))
    assert decision.outcome == "planned"
    assert {detail["policy"]: detail["result"] for detail in decision.details} == {
        "strong": "capped",
        "weak": "planned",
    }


def test_a_plan_that_cannot_keep_its_deadline_says_so() -> None:
    rules = book({"delay": {"days": 1}, "deadline": {"hours": 2}})
    assert judge(rules, fact())[0].details[0]["too_short"]


def test_a_resolved_complaint_is_asked_about_with_the_first_matter_and_the_case() -> None:
    data = {
        "case_id": "K1",
        "work_order_no": None,
        "case_no": "TS1",
        "kind": "repair.closed",
        "branch": "CX",
        "customer": {"id": "C1", "name": "陈静"},
        "matters": [{"event_id": "e0", "event_type": "repair.closed", "at": "2026-03-01T10:00:00+08:00"}],
    }
    rules = book({"events": ["complaint.resolved"], "round": 2, "merge": False, "cap": "exempt"})
    ((task,), *_) = (judge(rules, fact("complaint.resolved", data))[0].tasks,)
    assert (task.case_id, task.kind, task.branch, task.round) == ("K1", "repair.closed", "CX", 2)
    assert [matter["event_id"] for matter in task.matters] == ["e0", "e1"]
    assert task.matters[1]["subject"] == "TS1"
