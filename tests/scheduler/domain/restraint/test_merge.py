from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.scheduler.domain.customer import Customer
from services.scheduler.domain.ledger.caps import Cap, standing
from services.scheduler.domain.ledger.contacts import Contact
from services.scheduler.domain.task import moved
from shared.ids import new_id
from tests.scheduler.builders import MONDAY, at, book, fact, judge

NEXT_DAY = {"delay": {"days": 1}, "deadline": {"working_days": 3}}
ALL = ["repair.closed", "inspection.done", "hotline.case_closed"]


def results(decision) -> dict[str, str]:  # type: ignore[no-untyped-def]
    return {detail["policy"]: detail["result"] for detail in decision.details}


def test_one_work_order_that_matches_several_policies_is_one_contact_of_the_strongest() -> None:
    rules = book({"id": "a", "priority": 6, **NEXT_DAY}, {"id": "b", "priority": 3, **NEXT_DAY})
    decision, customer = judge(rules, fact())
    assert results(decision) == {"b": "planned", "a": "merged"}
    (task,) = customer.open
    assert (task.policy_id, task.combined) == ("b", ("a",))
    assert len(task.matters) == 1


def test_equal_priority_goes_to_the_policy_that_asks_more_customers() -> None:
    rules = book({"id": "a", "rate": 99.999999, **NEXT_DAY}, {"id": "b", **NEXT_DAY})
    _, customer = judge(rules, fact())
    assert customer.open[0].policy_id == "b"


def test_two_matters_of_one_customer_become_one_contact() -> None:
    rules = book({"events": ALL, **NEXT_DAY})
    _, customer = judge(rules, fact(id="e1"))
    decision, customer = judge(rules, fact("inspection.done", id="e2", time=MONDAY + timedelta(hours=3)), customer)
    assert decision.outcome == "merged"
    (task,) = customer.open
    assert decision.details[0]["partner"] == str(task.id)
    assert [matter["event_id"] for matter in task.matters] == ["e1", "e2"]
    assert task.deadline_at == at("2026-03-05 18:00")  # the earlier one
    assert len(customer.contacts) == 1


def test_the_same_id_from_another_source_is_another_matter() -> None:
    rules = book({"events": ALL, **NEXT_DAY})
    _, customer = judge(rules, fact(id="e1"))
    other = fact("inspection.done", id="e1", source="/crm", time=MONDAY + timedelta(hours=3))
    decision, customer = judge(rules, other, customer)
    assert decision.outcome == "merged"
    assert [(one["event_id"], one["event_source"]) for one in customer.open[0].matters] == [
        ("e1", "/test"),
        ("e1", "/crm"),
    ]


def test_who_takes_a_contact_over_takes_the_same_id_from_another_source_too() -> None:
    rules = book(
        {"id": "weak", "priority": 6, **NEXT_DAY},
        {"id": "strong", "events": ["hotline.case_closed"], "priority": 2, **NEXT_DAY},
    )
    _, customer = judge(rules, fact(id="e1"))
    decision, _ = judge(rules, fact("hotline.case_closed", id="e1", source="/hotline"), customer)
    _, planned = decision.tasks
    assert [(one["event_id"], one["event_source"]) for one in planned.matters] == [("e1", "/hotline"), ("e1", "/test")]


def test_a_more_urgent_matter_takes_the_planned_contact_over() -> None:
    rules = book(
        {"id": "weak", "priority": 6, **NEXT_DAY},
        {"id": "strong", "events": ["hotline.case_closed"], "priority": 2, **NEXT_DAY},
    )
    _, customer = judge(rules, fact(id="e1"))
    decision, customer = judge(rules, fact("hotline.case_closed", id="e2"), customer)
    cancelled, planned = decision.tasks
    assert decision.outcome == "planned"
    assert (cancelled.state, cancelled.reason, cancelled.policy_id) == ("cancelled", "merged", "weak")
    assert (planned.policy_id, planned.combined) == ("strong", ("weak",))
    assert [matter["event_id"] for matter in planned.matters] == ["e2", "e1"]
    assert customer.open == (planned,)
    assert [contact.task_id for contact in customer.contacts] == [planned.id]


def test_a_combined_contact_keeps_every_deadline_or_is_not_combined() -> None:
    quick = {"id": "quick", "events": ["inspection.done"], "delay": {"hours": 1}, "deadline": {"hours": 4}}
    rules = book(quick, {"id": "slow", **NEXT_DAY})
    _, customer = judge(rules, fact("inspection.done", id="e1"))
    decision, customer = judge(rules, fact(id="e2"), customer)
    assert decision.outcome == "planned"
    assert len(customer.open) == 2


def test_a_days_list_is_settled_at_midnight() -> None:
    """A contact due today is not changed by what happens today, so the plan does not hang on when release ran."""
    rules = book({"events": ALL, **NEXT_DAY})
    _, customer = judge(rules, fact(id="e1"))
    early = fact("inspection.done", id="e2", time=at("2026-03-03 00:01"))
    assert judge(rules, early, customer)[0].outcome == "planned"


def test_weekend_matters_share_the_next_working_day() -> None:
    rules = book({"events": ALL, **NEXT_DAY})
    _, customer = judge(rules, fact(id="e1", time=at("2026-03-06 17:00")))
    decision, customer = judge(rules, fact(id="e2", time=at("2026-03-08 11:00")), customer)
    assert decision.outcome == "merged"
    assert customer.open[0].due_at == at("2026-03-09 09:00")


def test_other_channels_purposes_and_rounds_stay_apart() -> None:
    for other in ({"channel": "sms"}, {"purpose": "greeting"}, {"round": 2}, {"merge": False}):
        rules = book({"id": "a", **NEXT_DAY}, {"id": "b", **NEXT_DAY, **other})
        assert set(results(judge(rules, fact())[0]).values()) == {"planned"}


@pytest.mark.parametrize(
    ("one", "other", "outcome"),
    [
        (True, True, "merged"),
        ({"within": {"days": 3}}, True, "merged"),
        ({"within": {"days": 2}}, True, "planned"),
        (True, {"within": {"days": 2}}, "planned"),
        ({"within": {"days": 5}}, {"within": {"days": 3}}, "merged"),
    ],
)
def test_contacts_merge_only_as_far_apart_as_both_allow(one: Any, other: Any, outcome: str) -> None:
    early = {"id": "a", "delay": {"days": 1}, "merge": one}  # due on Tuesday
    late = {"id": "b", "events": ["meter.read"], "delay": {"days": 4}, "merge": other, "priority": 5}  # on Friday
    rules = book(early, late)
    _, customer = judge(rules, fact(id="e1"))
    assert judge(rules, fact("meter.read", id="e2"), customer)[0].outcome == outcome


@pytest.mark.parametrize(("team", "outcome"), [("cd", "planned"), ("hq", "merged")])
@pytest.mark.parametrize("priority", [3, 7])
def test_an_independent_contact_merges_only_with_those_of_its_own_team(team: str, outcome: str, priority: int) -> None:
    """The other team may be the one that did the work; it does not matter which of the two would keep the contact."""
    independent = {"id": "a", "team": "cd", "independent": True, "teams": ["hq"], **NEXT_DAY}
    rules = book(independent, {"id": "b", "events": ["meter.read"], "team": team, "priority": priority, **NEXT_DAY})
    did_the_work = fact(id="e1", data={"provider": {"code": "cd"}})
    _, customer = judge(rules, did_the_work)
    assert customer.open[0].team == "hq"
    results_of = results(judge(rules, fact("meter.read", id="e2"), customer)[0])
    assert results_of == {"b": outcome if priority == 7 or team == "cd" else "planned"}
    _, customer = judge(rules, fact("meter.read", id="e2"))
    assert len(judge(rules, did_the_work, customer)[1].open) == (2 if team == "cd" else 1)


@pytest.mark.parametrize("priority", [3, 7])
def test_a_matter_that_joins_brings_its_questionnaire_along(priority: int) -> None:
    """Whichever of the two keeps the contact; the matters of an earlier contact are no part of a new one."""
    rules = book(
        {"id": "a", "questionnaire": "qa", **NEXT_DAY},
        {"id": "b", "events": ["meter.read"], "questionnaire": "qb", "priority": priority, **NEXT_DAY},
    )
    _, customer = judge(rules, fact(id="e1"))
    _, customer = judge(rules, fact("meter.read", id="e2"), customer)
    [task] = customer.open
    own, joined = sorted(task.matters, key=lambda matter: matter.get("part", ""))
    assert (own.get("part"), joined["part"]) == (None, joined["event_id"])
    assert {own["event_id"]: task.questionnaire, joined["event_id"]: joined["questionnaire"]} == {
        "e1": "qa",
        "e2": "qb",
    }


def test_who_may_not_go_alone_for_one_matter_does_not_for_both() -> None:
    visit = {"channel": "on_site", **NEXT_DAY}
    rules = book({"id": "a", **visit}, {"id": "b", "events": ["meter.read"], "never_alone": ["sales"], **visit})
    _, customer = judge(rules, fact(id="e1"))
    _, customer = judge(rules, fact("meter.read", id="e2"), customer)
    assert [task.never_alone for task in customer.open] == [("sales",)]


@pytest.mark.parametrize("priority", [3, 7])
def test_who_did_the_work_of_one_matter_makes_no_contact_about_both(priority: int) -> None:
    independent = {"id": "a", "team": "hq", "independent": True, **NEXT_DAY}
    rules = book(independent, {"id": "b", "events": ["meter.read"], "team": "hq", "priority": priority, **NEXT_DAY})
    _, customer = judge(rules, fact(id="e1", data={"provider": {"code": "cd"}}))
    _, customer = judge(rules, fact("meter.read", id="e2"), customer)
    assert [set(task.barred) for task in customer.open] == [{"CD", "cd"}]


def test_a_released_task_takes_no_further_matter() -> None:
    rules = book({"events": ALL, **NEXT_DAY})
    _, customer = judge(rules, fact(id="e1"))
    gone = customer.without(moved(customer.open[0], "released"))
    assert judge(rules, fact(id="e2"), gone)[0].outcome == "planned"


def test_joining_a_contact_is_possible_when_the_cap_is_reached() -> None:
    rules = book({"events": ALL, **NEXT_DAY}, caps=[{"limit": 1, "per": "quarter"}])
    _, customer = judge(rules, fact(id="e1"))
    assert judge(rules, fact(id="e2"), customer)[0].outcome == "merged"


def test_combining_never_moves_a_contact_into_a_period_that_is_full() -> None:
    rules = book({**NEXT_DAY, "deadline": {"days": 9}}, caps=[{"limit": 1, "per": "quarter"}])
    _, customer = judge(rules, fact(id="e1", time=at("2026-03-27 10:00")))  # due Monday 30 March
    customer = customer._replace(contacts=(*customer.contacts, Contact(new_id(), at("2026-04-08 09:00").date())))
    late = book({"id": "p2", "delay": {"days": 4}, "deadline": {"days": 9}}, caps=[{"limit": 1, "per": "quarter"}])
    decision, _ = judge(late, fact(id="e2", time=at("2026-03-28 10:00")), customer)  # due 1 April
    assert decision.outcome == "capped"


FACTS = st.lists(
    st.tuples(st.sampled_from(ALL), st.integers(0, 60 * 24 * 20), st.sampled_from(["C1", "C2"])), max_size=12
)


@given(FACTS)
def test_whatever_happens_no_cap_overflows_and_every_drawn_fact_is_answered(facts) -> None:  # type: ignore[no-untyped-def]
    rules = book(
        {"id": "a", "events": ALL, "priority": 5, **NEXT_DAY},
        {"id": "b", "events": ["hotline.case_closed"], "priority": 2, **NEXT_DAY},
        caps=[{"limit": 2, "per": "month"}],
    )
    customers: dict[str, Customer] = {}
    answered: dict[str, set[str]] = {"C1": set(), "C2": set()}
    for number, (name, minutes, who) in enumerate(sorted(facts, key=lambda one: one[1])):
        about = fact(name, id=f"e{number}", customer=who, time=MONDAY + timedelta(minutes=minutes))
        decision, customers[who] = judge(rules, about, customers.get(who))
        if decision.outcome in ("planned", "merged"):
            answered[who].add(about.id)
    for who, customer in customers.items():
        months = [contact.day.month for contact in customer.contacts]
        assert all(months.count(month) <= 2 for month in months)
        assert {matter["event_id"] for task in customer.open for matter in task.matters} == answered[who]
        assert all(task.deadline_at is None or task.due_at <= task.deadline_at for task in customer.open)
        assert len({task.id for task in customer.open}) == len(customer.open) == len(customer.contacts)


def test_an_exempt_contact_that_a_counted_matter_joins_counts_from_then_on() -> None:
    free = {"id": "free", "events": ["hotline.case_closed"], "priority": 1, "cap": "exempt", **NEXT_DAY}
    rules = book(free, {"id": "counted", **NEXT_DAY}, caps=[{"limit": 1, "per": "month"}])
    _, customer = judge(rules, fact("hotline.case_closed", id="e1"))
    assert (len(customer.open), customer.contacts) == (1, ())
    _, joined = judge(rules, fact(id="e2"), customer)
    assert [contact.policies for contact in joined.contacts] == [("counted",)]
    used = customer._replace(contacts=(Contact(new_id(), at("2026-03-20 09:00").date()),))
    assert judge(rules, fact(id="e2"), used)[0].outcome == "capped"


def test_a_cap_of_one_policy_is_kept_when_it_joins_a_contact_of_another() -> None:
    rules = book(
        {"id": "a", "merge": False, "delay": {"days": 20}},
        {"id": "b", "events": ["meter.read"], "cap": "unblocked", "delay": {"days": 20}},
        {"id": "c", "events": ["inspection.done"], "delay": {"days": 20}},
        caps=[{"limit": 1, "per": "quarter", "policies": ["c"]}],
    )
    _, customer = judge(rules, fact("inspection.done", id="e1"))
    _, customer = judge(rules, fact("meter.read", id="e2", time=at("2026-03-05 10:00")), customer._replace(open=()))
    assert judge(rules, fact("inspection.done", id="e3", time=at("2026-03-05 11:00")), customer)[0].outcome == "capped"
    assert judge(rules, fact("meter.read", id="e4", time=at("2026-03-05 11:00")), customer)[0].outcome == "merged"


PART = st.sampled_from([{}, {"policies": ["a*"]}, {"policies": ["b", "c"]}, {"purposes": ["greeting"]}])
CAP = st.builds(
    lambda limit, per, part: {"limit": limit, **per, **part},
    st.integers(1, 3),
    st.sampled_from([{"per": "week"}, {"per": "month"}, {"per": "days", "days": 10}]),
    PART,
)
POLICY = st.fixed_dictionaries(
    {
        "events": st.lists(st.sampled_from(ALL), min_size=1, unique=True),
        "priority": st.integers(1, 3),
        "cap": st.sampled_from(["counted", "counted", "unblocked", "exempt"]),
        "purpose": st.sampled_from(["followup", "followup", "greeting"]),
        "delay": st.integers(0, 12).map(lambda days: {"days": days}),
        "deadline": st.integers(13, 30).map(lambda days: {"days": days}),
    }
)


def _takes_place_anyway(contact: Contact, cap: Cap, unblocked: set[str]) -> bool:
    free = tuple(unblocked.intersection(contact.policies))
    return bool(free) and cap.concerns(contact._replace(policies=free))


@given(st.tuples(*[POLICY] * 4), st.lists(CAP, min_size=1, max_size=3), FACTS)
def test_no_order_of_facts_exceeds_a_cap_whatever_it_counts(given_policies, caps, facts) -> None:  # type: ignore[no-untyped-def]
    named = [{**policy, "id": name} for policy, name in zip(given_policies, ("a", "a2", "b", "c"), strict=True)]
    unblocked = {policy["id"] for policy in named if policy["cap"] == "unblocked"}
    rules = book(*named, caps=caps)
    customer = Customer("C1")
    for number, (name, minutes, _) in enumerate(sorted(facts, key=lambda one: one[1])):
        about = fact(name, id=f"e{number}", time=MONDAY + timedelta(minutes=minutes))
        _, customer = judge(rules, about, customer)
    assert {contact.task_id for contact in customer.contacts} == {task.id for task in customer.open if task.counted}
    for cap in rules.policies["a"].caps:
        held = [one for one in customer.contacts if cap.concerns(one) and not _takes_place_anyway(one, cap, unblocked)]
        for one in held:
            state = standing(cap, one.day, [other.day for other in held])
            assert state.used <= cap.limit


@pytest.mark.parametrize(
    ("late", "soon", "together"),
    [
        ({}, {}, False),  # neither has a deadline
        ({"deadline": {"days": 90}}, {}, False),
        ({}, {"deadline": {"days": 90}}, False),
        (
            {"deadline": {"days": 90}},
            {"deadline": {"days": 90}},
            True,
        ),  # their deadlines say how far they may be put off
        ({"merge": True}, {"merge": True}, True),  # so the pack says
        ({"merge": {"within": {"days": 90}}}, {"merge": {"within": {"days": 90}}}, True),
    ],
)
def test_a_contact_without_a_deadline_merges_with_none_that_is_months_away(
    late: dict[str, Any], soon: dict[str, Any], together: bool
) -> None:
    rules = book(
        {"id": "late", "events": ["gas.ignited"], "delay": {"days": 60}, **late},
        {"id": "soon", "events": ["repair.closed"], "delay": {"days": 1}, **soon},
    )
    _, customer = judge(rules, fact("gas.ignited", id="e1"))
    decision, _ = judge(rules, fact("repair.closed", id="e2", time=MONDAY + timedelta(hours=1)), customer)
    assert decision.outcome == ("merged" if together else "planned")


def test_a_contact_without_a_deadline_merges_within_a_week() -> None:
    rules = book(
        {"id": "late", "events": ["gas.ignited"], "delay": {"days": 8}},
        {"id": "soon", "events": ["repair.closed"], "delay": {"days": 1}},
        {"id": "sooner", "events": ["order.completed"]},
    )
    _, customer = judge(rules, fact("gas.ignited", id="e1"))  # due in eight days
    near, _ = judge(rules, fact("repair.closed", id="e2"), customer)
    far, _ = judge(rules, fact("order.completed", id="e3"), customer)
    assert (near.outcome, far.outcome) == ("merged", "planned")
