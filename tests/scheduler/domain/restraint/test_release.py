from datetime import timedelta
from typing import Any

import pytest

from services.scheduler.domain.customer import Customer
from services.scheduler.domain.restraint.release import (
    CaseStanding,
    Circumstances,
    Verdict,
    concluded,
    release_verdict,
)
from services.scheduler.domain.task import Task
from shared.calendar import BUILT_IN
from tests.scheduler.builders import MONDAY, at, book, fact, judge

RELEASED = Verdict("released")


def task(**changes: Any) -> Task:
    ((planned,), *_) = (judge(book({"deadline": {"days": 2}}), fact())[0].tasks,)
    return planned._replace(**changes)


def verdict(of: Task, known: Circumstances | None = None, now: timedelta = timedelta()) -> Verdict:
    return release_verdict(of, known or Circumstances(Customer("C1")), MONDAY + now, BUILT_IN)


def test_a_due_task_is_released() -> None:
    assert verdict(task()) == RELEASED


def test_a_task_past_its_deadline_expires() -> None:
    assert verdict(task(), now=timedelta(days=2, seconds=-1)) == RELEASED
    assert verdict(task(), now=timedelta(days=2)) == Verdict("expired", "deadline_passed")
    assert verdict(task(deadline_at=None), now=timedelta(days=98)) == RELEASED


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        ("2026-03-02 11:59", None),
        ("2026-03-02 12:00", "2026-03-02 14:00"),  # a frame's end is no longer in it
        ("2026-03-02 19:30", "2026-03-03 09:00"),
        ("2026-02-14 18:00", "2026-02-24 09:00"),  # over the Spring Festival
        ("2026-03-06 18:00", "2026-03-09 09:00"),
    ],
)
def test_what_comes_up_outside_of_its_window_is_asked_again_when_it_opens(now: str, opens: str | None) -> None:
    known = Circumstances(Customer("C1"))
    found = release_verdict(task(deadline_at=None), known, at(now), BUILT_IN)
    assert found == (Verdict("planned", opens=at(opens)) if opens else RELEASED)
    assert concluded(task(), found) == (task() if opens else task(state="released"))


def test_neither_a_pause_nor_a_blackout_nor_the_hours_of_either_of_two_windows_are_passed_over() -> None:
    closed = [
        {"from": "2026-03-03", "to": "2026-03-04", "branches": ["CD"]},
        {"from": "2026-03-05", "to": "2026-03-09"},
    ]
    other = {"id": "p2", "window": {"frames": ["15:00-19:00"]}}
    ((joined,), *_) = (judge(book({}, other, blackouts=closed), fact())[0].tasks[-1:],)
    known = Circumstances(Customer("C1"))
    assert release_verdict(joined, known, at("2026-03-02 18:30"), BUILT_IN).opens == at("2026-03-10 15:00")
    assert release_verdict(joined, known, at("2026-03-10 14:30"), BUILT_IN).opens == at("2026-03-10 15:00")
    assert release_verdict(joined, known, at("2026-03-10 17:59"), BUILT_IN) == RELEASED
    west = judge(book({}, other, blackouts=closed[:1]), fact(data={"org": {"code": "WEST"}}))[0].tasks[-1]
    assert release_verdict(west, known, at("2026-03-03 15:00"), BUILT_IN) == RELEASED


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


def test_what_is_held_until_its_window_opens_expires_at_its_deadline() -> None:
    held = release_verdict(
        task(deadline_at=at("2026-03-02 21:00")), Circumstances(Customer("C1")), at("2026-03-02 19:30"), BUILT_IN
    )
    assert held == Verdict("planned", opens=at("2026-03-02 21:00"))
