from datetime import timedelta
from typing import Any

import pytest

from services.scheduler.domain.customer import Customer
from services.scheduler.domain.restraint.release import CaseStanding, Circumstances, Verdict, release_verdict
from services.scheduler.domain.task import Task
from tests.scheduler.builders import MONDAY, book, fact, judge

RELEASED = Verdict("released")


def task(**changes: Any) -> Task:
    ((planned,), *_) = (judge(book({"deadline": {"days": 2}}), fact())[0].tasks,)
    return planned._replace(**changes)


def verdict(of: Task, known: Circumstances | None = None, now: timedelta = timedelta()) -> Verdict:
    return release_verdict(of, known or Circumstances(Customer("C1")), MONDAY + now)


def test_a_due_task_is_released() -> None:
    assert verdict(task()) == RELEASED


def test_a_task_past_its_deadline_expires() -> None:
    assert verdict(task(), now=timedelta(days=2, seconds=-1)) == RELEASED
    assert verdict(task(), now=timedelta(days=2)) == Verdict("expired", "deadline_passed")
    assert verdict(task(deadline_at=None), now=timedelta(days=99)) == RELEASED


@pytest.mark.parametrize(
    ("customer", "reason"),
    [
        (Customer("C1", {"do_not_contact": True}), "do_not_contact"),
        (Customer("C1", opted_out={"phone:all": MONDAY + timedelta(days=1)}), "opted_out"),
        (Customer("C1", opted_out={"phone:refused": MONDAY}), "customer_refused"),
    ],
)
def test_who_refused_meanwhile_is_not_contacted(customer: Customer, reason: str) -> None:
    assert verdict(task(), Circumstances(customer)) == Verdict("cancelled", reason)
    assert verdict(task(round=2, case_id="K1"), Circumstances(customer)) == Verdict("cancelled", reason)


def test_an_sms_task_heeds_sms_opt_outs_only() -> None:
    customer = Customer("C1", opted_out={"sms:all": MONDAY})
    assert verdict(task(channel="sms"), Circumstances(customer)).reason == "opted_out"
    assert verdict(task(), Circumstances(customer)) == RELEASED


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        (CaseStanding("resolved", "e1"), RELEASED),
        (CaseStanding("open", ""), Verdict("cancelled", "case_reopened")),
        (CaseStanding("resolved", "e2"), Verdict("cancelled", "case_reopened")),  # another round's follow-up will ask
        (CaseStanding("closed", "e1"), Verdict("cancelled", "case_closed")),
        (None, RELEASED),
    ],
)
def test_a_second_follow_up_asks_only_about_the_resolution_it_was_planned_for(
    case: CaseStanding | None, expected: Verdict
) -> None:
    assert verdict(task(case_id="K1", round=2), Circumstances(Customer("C1"), case=case)) == expected


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        (CaseStanding("open", ""), RELEASED),
        (CaseStanding("resolved", "e2"), RELEASED),
        (CaseStanding("closed", "e2"), Verdict("cancelled", "case_closed")),
    ],
)
def test_a_first_contact_about_a_case_takes_place_until_it_is_closed(case: CaseStanding, expected: Verdict) -> None:
    assert verdict(task(case_id="K1"), Circumstances(Customer("C1"), case=case)) == expected


def test_an_open_complaint_holds_back_only_tasks_whose_policy_wants_it() -> None:
    known = Circumstances(Customer("C1"), has_open_case=True)
    assert verdict(task(guards=("case_open",)), known) == Verdict("cancelled", "case_open")
    assert verdict(task(), known) == RELEASED
