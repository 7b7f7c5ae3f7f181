from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.scheduler.domain.customer import Contact, Customer
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
    assert task.deadline_at == at("2026-03-05 10:00")  # the earlier one
    assert len(customer.contacts) == 1


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
