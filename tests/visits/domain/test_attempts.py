"""What one attempt leads to."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.visits.domain.attempts import record
from services.visits.domain.errors import AnswersMissing, InvalidAnswers, InvalidAttempt, QuestionnaireNotPublished
from services.visits.domain.task_events import cancel
from services.visits.domain.visit import State, Visit, bring_back
from services.visits.domain.work_rules import WorkRules
from shared.contracts import EventData
from shared.contracts.visits import (
    CustomerNumberCorrected,
    VisitAttempted,
    VisitCallbackAgreed,
    VisitCompleted,
    VisitDissatisfied,
    VisitFailed,
    VisitProblemFound,
)
from tests.visits.domain.builders import AGENT, BAD, GOOD, NOW, SHORT, at, held, open_one, report

PLAN = WorkRules()


def attempt(visit: Visit, result: str, questionnaire: Any = SHORT, **values: Any) -> tuple[Visit, list[EventData]]:
    if result in ("refused", "language_barrier"):
        values.setdefault("note", "原因")
    decided, _, events = record(visit, report(result, **values), questionnaire, PLAN, NOW)
    return decided, events


def again(visit: Visit) -> Visit:
    """Back from waiting, and claimed by the same agent."""
    return held(visit if visit.state is State.OPEN else bring_back(visit))


def kinds(events: list[EventData]) -> list[type[EventData]]:
    return [type(event) for event in events]


def test_every_attempt_is_told_with_who_made_it_and_how() -> None:
    _, [event] = attempt(held(), "no_answer", talk_seconds=0, wrap_up_seconds=12)
    assert isinstance(event, VisitAttempted)
    assert (event.result, event.connected, event.agent, event.at) == ("no_answer", False, AGENT, NOW)
    assert (event.attempts, event.wrap_up_seconds) == (1, 12)


def test_the_attempt_kept_says_what_was_dialled_and_when_it_goes_on() -> None:
    decided, kept, _ = record(held(), report("busy", note="占线"), SHORT, PLAN, NOW)
    assert (kept.number, kept.agent, kept.phone_masked, kept.note) == (1, AGENT, "138****8000", "占线")
    assert kept.next_at == decided.next_at == NOW + timedelta(minutes=30)
    assert kept.person == ""


def test_a_satisfied_customer_completes_the_visit() -> None:
    done, events = attempt(held(), "completed", answers=GOOD)
    assert (done.state, done.agent, done.finished_at, done.lease_until) == (State.COMPLETED, AGENT, NOW, None)
    assert kinds(events) == [VisitAttempted, VisitCompleted]
    event = events[1]
    assert isinstance(event, VisitCompleted)
    assert (event.effective, event.satisfaction, event.rating, event.resolved) == (True, "satisfied", 4, True)
    assert event.answers == GOOD
    assert event.on_time


def test_answers_saved_before_count() -> None:
    _, events = attempt(replace(held(), answers={"fixed": "yes"}), "completed", answers={"satisfaction": "basically"})
    assert isinstance(events[1], VisitCompleted)
    assert events[1].answers == {"fixed": "yes", "satisfaction": "basically"}


def test_an_answer_saved_before_is_taken_back_by_none() -> None:
    before = replace(held(), answers={"fixed": "yes", "satisfaction": "dissatisfied", "words": "太慢"})
    done, _ = attempt(before, "partly", answers={"satisfaction": "satisfied", "words": None})
    assert done.answers == {"fixed": "yes", "satisfaction": "satisfied"}


def test_a_dissatisfied_customer_and_a_problem_are_told_beside_the_completion() -> None:
    done, events = attempt(held(), "completed", answers=BAD, note="要求上门道歉")
    assert kinds(events) == [VisitAttempted, VisitCompleted, VisitDissatisfied, VisitProblemFound]
    problem = events[3]
    assert isinstance(problem, VisitProblemFound)
    assert problem.problems == ["题fixed"]
    assert problem.remark == "要求上门道歉"
    assert done.outcome is not None
    assert done.outcome["reasons"] == ["选late"]


def test_completed_asks_for_every_required_answer() -> None:
    with pytest.raises(AnswersMissing):
        attempt(held(), "completed", answers={"fixed": "yes"})


def test_a_customer_who_hangs_up_midway_leaves_a_partial_result() -> None:
    done, events = attempt(held(), "partly", answers={"fixed": "yes"})
    assert done.state is State.COMPLETED
    assert isinstance(events[1], VisitCompleted)
    assert (events[1].effective, events[1].satisfaction) == (False, None)


def test_partly_with_every_required_answer_is_effective_all_the_same() -> None:
    _, events = attempt(held(), "partly", answers=GOOD)
    assert isinstance(events[1], VisitCompleted)
    assert events[1].effective


def test_an_outsider_can_not_complete_a_visit() -> None:
    with pytest.raises(InvalidAttempt, match="非本人"):
        attempt(held(), "completed", answers=GOOD, person="other")
    assert attempt(held(), "completed", answers=GOOD, person="family")[0].state is State.COMPLETED


def test_after_the_deadline_a_visit_is_not_on_time() -> None:
    late = held(open_one(deadline_at=NOW - timedelta(seconds=1)))
    _, events = attempt(late, "completed", answers=GOOD)
    assert isinstance(events[1], VisitCompleted)
    assert not events[1].on_time


def test_at_the_deadline_a_visit_is_still_on_time() -> None:
    _, events = attempt(held(open_one(deadline_at=NOW)), "completed", answers=GOOD)
    assert isinstance(events[1], VisitCompleted)
    assert events[1].on_time


def test_wrong_answers_are_refused() -> None:
    with pytest.raises(InvalidAnswers):
        attempt(held(), "completed", answers=GOOD | {"fixed": "maybe"})


def test_without_its_questionnaire_a_visit_can_not_be_completed() -> None:
    with pytest.raises(QuestionnaireNotPublished):
        attempt(held(), "completed", questionnaire=None)
    assert attempt(held(), "no_answer", questionnaire=None)[0].state is State.WAITING


def test_a_task_without_a_questionnaire_is_complete_once_somebody_was_reached() -> None:
    done, events = attempt(held(open_one(questionnaire="")), "completed", questionnaire=None)
    assert done.state is State.COMPLETED
    assert isinstance(events[1], VisitCompleted)
    assert events[1].effective


@pytest.mark.parametrize(
    ("result", "next_at"),
    [
        ("busy", "2026-03-02T10:30"),
        ("no_answer", "2026-03-02T14:00"),
        ("wrong_person", "2026-03-02T14:00"),
        ("powered_off", "2026-03-02T14:00"),
        ("suspended", "2026-03-03T09:00"),
        ("restricted", "2026-03-03T09:00"),
        ("language_barrier", "2026-03-03T09:00"),
    ],
)
def test_each_code_is_tried_again_by_its_plan(result: str, next_at: str) -> None:
    waiting, events = attempt(held(), result)
    assert (waiting.state, waiting.next_at, waiting.agent) == (State.WAITING, at(next_at), "")
    assert kinds(events) == [VisitAttempted]


def test_after_three_attempts_a_customer_is_unreachable() -> None:
    visit = held()
    for result in ("no_answer", "busy"):
        visit = again(attempt(visit, result)[0])
    failed, events = attempt(visit, "powered_off")
    assert (failed.state, failed.ended, failed.attempts) == (State.FAILED, "unreachable", 3)
    assert isinstance(events[1], VisitFailed)
    assert (events[1].reason, events[1].agent) == ("unreachable", AGENT)


def test_a_suspended_number_is_given_up_after_the_second_time() -> None:
    visit = again(attempt(held(), "suspended")[0])
    assert attempt(visit, "suspended")[0].ended == "unreachable"


@pytest.mark.parametrize("result", ["invalid_number", "wrong_number"])
def test_a_wrong_number_ends_the_visit_unless_it_is_corrected(result: str) -> None:
    failed, events = attempt(held(), result)
    assert (failed.state, failed.ended) == (State.FAILED, "invalid_number")
    assert kinds(events) == [VisitAttempted, CustomerNumberCorrected, VisitFailed]
    corrected, events = attempt(held(), result, corrected_phone=("sealed:v1:y", "139****9000"))
    assert (corrected.state, corrected.customer.phone_masked) == (State.OPEN, "139****9000")
    assert kinds(events) == [VisitAttempted, CustomerNumberCorrected]


def test_a_refusal_ends_the_visit_and_is_told_with_its_reason() -> None:
    failed, events = attempt(held(), "refused")
    assert (failed.state, failed.ended) == (State.FAILED, "refused")
    assert isinstance(events[1], VisitFailed)
    assert events[1].reason == "refused"


@pytest.mark.parametrize("result", ["refused", "language_barrier"])
def test_some_results_need_a_note(result: str) -> None:
    with pytest.raises(InvalidAttempt, match="备注"):
        record(held(), report(result, note="  "), SHORT, PLAN, NOW)


def test_an_agreed_callback_is_kept_and_told() -> None:
    appointed, events = attempt(held(), "callback_agreed", callback_at=at("2026-03-03T15:00"), answers={"fixed": "yes"})
    assert (appointed.state, appointed.next_at, appointed.agent) == (State.APPOINTED, at("2026-03-03T15:00"), "")
    assert appointed.answers == {"fixed": "yes"}
    assert kinds(events) == [VisitAttempted, VisitCallbackAgreed]
    assert isinstance(events[1], VisitCallbackAgreed)
    assert events[1].callback_at == at("2026-03-03T15:00")


def test_a_callback_outside_contact_hours_moves_to_the_next_allowed_moment() -> None:
    assert attempt(held(), "callback_agreed", callback_at=at("2026-03-02T12:30"))[0].next_at == at("2026-03-02T14:00")


@pytest.mark.parametrize(
    ("result", "callback_at"),
    [
        ("callback_agreed", None),
        ("callback_agreed", at("2026-03-02T09:00")),
        ("callback_agreed", at("2026-03-30T09:00")),
        ("no_answer", at("2026-03-03T09:00")),
    ],
)
def test_a_callback_needs_a_time_that_can_be_kept(result: str, callback_at: Any) -> None:
    with pytest.raises(InvalidAttempt):
        attempt(held(), result, callback_at=callback_at)


def test_callbacks_do_not_use_up_the_attempts() -> None:
    visit = held()
    for _ in range(5):
        visit = again(attempt(visit, "callback_agreed", callback_at=at("2026-03-03T15:00"))[0])
    waiting, _ = attempt(visit, "no_answer")
    assert (waiting.state, waiting.attempts) == (State.WAITING, 6)


@pytest.mark.parametrize("result", ["no_answer", "invalid_number"])
def test_a_visit_marked_as_cancelled_ends_with_the_running_contact(result: str) -> None:
    marked = cancel(held(), "capped", NOW)
    gone, events = attempt(marked, result)
    assert (gone.state, gone.ended, gone.attempts) == (State.CANCELLED, "capped", 1)
    learned = [CustomerNumberCorrected] if result == "invalid_number" else []
    assert kinds(events) == [VisitAttempted, *learned]


def test_what_the_customer_said_counts_even_if_the_task_was_cancelled_meanwhile() -> None:
    done, events = attempt(cancel(held(), "capped", NOW), "completed", answers=GOOD)
    assert done.state is State.COMPLETED
    assert VisitCompleted in kinds(events)
