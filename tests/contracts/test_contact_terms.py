"""The terms of a contact are the same in the task, in its events and in the visit: what is added there comes through whole."""

from dataclasses import fields, replace
from datetime import datetime, timedelta
from typing import Any, cast

import pytest

from services.scheduler.domain.task import Task
from services.scheduler.procedures.announce import announce
from services.visits.domain.task_events import open_visit, release_again
from services.visits.domain.visit import State, Visit
from shared.contracts.common import ContactTerms
from shared.contracts.tasks import Followup, FollowupPlanned, FollowupReleased
from shared.messaging import Work
from tests.scheduler.builders import at, book, fact, judge

HOLDERS = {
    "task": set(Task.__struct_fields__),
    "event": set(Followup.model_fields),
    "visit": {one.name for one in fields(Visit)},
}
TERMS = ContactTerms(
    kind="lift.serviced",
    branch="WEST",
    round=2,
    channel="on_site",
    team="field",
    priority=3,
    questionnaire="lift-door",
    never_alone=("trainee",),
    due_at=at("2026-03-02 09:00"),
    deadline_at=at("2026-03-06 18:00"),
    case_id="K7",
)


@pytest.mark.parametrize("holder", HOLDERS)
def test_whoever_holds_a_contact_has_all_its_terms(holder: str) -> None:
    assert set(ContactTerms._fields) <= HOLDERS[holder]


def released(terms: ContactTerms) -> FollowupReleased:
    whole = {"task_id": "00000000-0000-7000-8000-000000000001", "policy_id": "lift.door", "policy_version": 1,
             "customer": {"id": "C9"}, "matters": [], "released_at": at("2026-03-02 09:01")}  # fmt: skip
    return FollowupReleased.model_validate(whole | terms._asdict())


def test_a_visit_has_the_terms_that_its_task_was_released_with() -> None:
    assert ContactTerms.of(open_visit(released(TERMS), "L1")) == TERMS


def test_a_task_that_is_released_again_brings_all_of_them_into_its_visit() -> None:
    later = TERMS._replace(
        kind="lift.mended", branch="EAST", round=3, channel="phone", team="hotline", priority=1, questionnaire="lift-call",
        never_alone=(), due_at=TERMS.due_at + timedelta(days=1), deadline_at=None, case_id="K8",
    )  # fmt: skip
    postponed = replace(open_visit(released(TERMS), "L1"), state=State.POSTPONED)
    again = release_again(postponed, open_visit(released(later), "L1"), later.due_at)
    assert ContactTerms.of(again) == later


class Published:
    """A unit of work that keeps what was published."""

    def __init__(self) -> None:
        self.data: dict[str, Any] = {}

    def now(self) -> datetime:
        return TERMS.due_at

    def publish_as(self, contract: object, data: dict[str, Any], **more: object) -> None:
        self.data = data


def test_an_event_says_the_terms_of_its_task() -> None:
    _, customer = judge(book({"id": "lift", "delay": {"days": 1}, "deadline": {"days": 4}}), fact())
    (task,) = customer.open
    work = Published()
    announce(cast("Work", work), task._replace(**TERMS._asdict()))
    assert ContactTerms.of(FollowupPlanned.model_validate(work.data)) == TERMS
