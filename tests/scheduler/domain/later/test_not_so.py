"""What a contact did not come to takes back what was planned because of it, and nothing else."""

from typing import Any

import pytest

from services.scheduler.domain.customer import Customer
from services.scheduler.domain.facts import Fact
from services.scheduler.domain.later.not_so import not_so, withdrawals_by, without_what_came_along
from services.scheduler.domain.later.withdrawal import FACT_WITHDRAWN
from services.scheduler.domain.task import Task
from tests.scheduler.builders import book, fact, judge

ANY_TIME: dict[str, Any] = {"merge": True, "delay": {"days": 2}}
POLICIES = book(
    {"id": "sorry", "events": ["visit.dissatisfied"], **ANY_TIME},
    {"id": "repair", "events": ["repair.closed"], **ANY_TIME},
)
REPAIR = {"event_id": "R0", "event_source": "/erp", "event_type": "repair.closed", "at": "2026-03-01T10:00:00+08:00",
          "title": "修理", "subject": "R0", "facts": {}}  # fmt: skip


def unhappy(visit: str = "T1", id: str = "unhappy") -> Fact:  # noqa: A002
    """A contact about a repair went badly."""
    return fact("visit.dissatisfied", {"task_id": visit, "matters": [REPAIR], "case_id": None}, id=id)


def correction(visit: str = "T1", **says: Any) -> Fact:
    return fact("visit.corrected", {"task_id": visit, "dissatisfied": False, "problems": [], **says}, id="right")


def planned(*facts: Fact) -> tuple[Customer, Task]:
    """The customer after these facts, and the one task that they planned together."""
    customer = Customer("C1")
    for each in facts:
        _, customer = judge(POLICIES, each, customer)
    (task,) = customer.open
    return customer, task


@pytest.mark.parametrize(
    ("name", "says", "events"),
    [
        ("visit.corrected", {"dissatisfied": False, "problems": []}, {"visit.dissatisfied", "visit.problem_found"}),
        ("visit.corrected", {"dissatisfied": True, "problems": []}, {"visit.problem_found"}),
        ("visit.corrected", {"dissatisfied": True, "problems": ["odour"]}, set()),
        ("visit.reopened", {}, {"visit.failed"}),
        ("visit.completed", {"dissatisfied": False}, set()),
    ],
)
def test_what_is_not_so_after_an_event(name: str, says: dict[str, Any], events: set[str]) -> None:
    assert not_so(name, says) == events


def test_a_correction_finds_what_its_contact_has_planned() -> None:
    customer, task = planned(unhappy())
    (gone,) = withdrawals_by(correction(), customer, [])
    assert (gone.identity, gone.reason, gone.customer_id) == (("unhappy", "/test"), "corrected", "C1")
    assert withdrawals_by(correction(), customer._replace(open=()), [task]) == [gone]  # it is out
    assert withdrawals_by(correction("T2"), customer, []) == []
    assert withdrawals_by(correction(dissatisfied=True), customer, []) == []


def test_what_was_planned_because_of_it_alone_is_called_off_with_the_matter_that_came_along() -> None:
    _, task = planned(unhappy())
    assert [matter["event_id"] for matter in task.matters] == ["R0", "unhappy"]
    after = without_what_came_along(task, ("unhappy", "/test"))
    assert (after.state, after.reason) == ("cancelled", FACT_WITHDRAWN)


def test_a_contact_about_another_matter_too_goes_on_without_it() -> None:
    for facts in ((unhappy(), fact(id="R1")), (fact(id="R1"), unhappy())):
        _, task = planned(*facts)
        after = without_what_came_along(task, ("unhappy", "/test"))
        assert after.state == "planned"
        assert [matter["event_id"] for matter in after.matters] == ["R1"]
