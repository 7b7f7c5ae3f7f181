"""The life cycle apart from attempts."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.visits.domain.errors import ClaimedByOther, NotClaimed, VisitAlreadyFinished
from services.visits.domain.task_events import cancel, has_visit
from services.visits.domain.visit import (
    State,
    bring_back,
    expire,
    give_back,
    put_back,
    reassign,
    renew,
    require_holder,
)
from shared.contracts.visits import VisitFailed
from tests.visits.domain.builders import AGENT, NOW, held, open_one, task


@pytest.mark.parametrize(
    ("purpose", "channel", "questionnaire", "ours"),
    [
        ("followup", "phone", "", True),
        ("followup", "wechat", "q", True),
        ("followup", "weibo", "q", True),
        ("followup", "letter", "q", True),
        ("followup", "on_site", "q", True),
        ("followup", "sms", "q", True),
        ("followup", "email", "q", True),
        ("followup", "sms", "", False),
        ("followup", "email", "", False),
        ("greeting", "phone", "q", False),
        ("notice", "sms", "q", False),
    ],
)
def test_only_follow_ups_that_ask_something_become_visits(
    purpose: str, channel: str, questionnaire: str, ours: bool
) -> None:
    assert has_visit(task(purpose=purpose, channel=channel, questionnaire=questionnaire)) is ours


def test_a_task_always_has_the_same_visit() -> None:
    assert open_one().id == open_one().id
    assert open_one().id != open_one(task_id="T2").id


def test_the_lineage_of_the_first_fact_is_kept() -> None:
    assert open_one().lineage == "L1"


def test_only_the_holder_may_work_on_a_visit() -> None:
    require_holder(held(), AGENT)
    with pytest.raises(ClaimedByOther, match="1001"):
        require_holder(held(), "1002")
    with pytest.raises(NotClaimed):
        require_holder(open_one(), AGENT)
    with pytest.raises(VisitAlreadyFinished):
        require_holder(cancel(open_one(), "x", NOW), AGENT)


def test_a_visit_given_back_is_nobodys() -> None:
    back = give_back(held(), NOW)
    assert (back.state, back.agent, back.lease_until) == (State.OPEN, "", None)


def test_activity_extends_the_lease() -> None:
    assert renew(held(), NOW + timedelta(hours=1)).lease_until == NOW + timedelta(hours=1)


def test_an_unclaimed_visit_is_cancelled_at_once() -> None:
    gone = cancel(open_one(), "customer_refused", NOW)
    assert (gone.state, gone.ended, gone.finished_at) == (State.CANCELLED, "customer_refused", NOW)


def test_a_claimed_visit_is_only_marked_and_cancelled_when_given_back() -> None:
    marked = cancel(held(), "customer_refused", NOW)
    assert (marked.state, marked.cancel_reason) == (State.CLAIMED, "customer_refused")
    gone = give_back(marked, NOW)
    assert (gone.state, gone.ended, gone.agent) == (State.CANCELLED, "customer_refused", "")


def test_a_finished_visit_can_not_be_cancelled() -> None:
    failed, _ = expire(open_one(), NOW)
    assert cancel(failed, "customer_refused", NOW) is failed


def test_a_callback_that_comes_due_goes_before_everything_else() -> None:
    appointed = put_back(held(), State.APPOINTED, NOW)
    waiting = put_back(held(), State.WAITING, NOW)
    assert bring_back(appointed).rank == 0
    assert bring_back(waiting).rank == open_one().priority
    assert bring_back(appointed).next_at is None


def test_the_rank_of_a_callback_is_lost_when_it_is_tried_again() -> None:
    came_due = bring_back(put_back(held(), State.APPOINTED, NOW))
    assert put_back(held(came_due), State.WAITING, NOW).rank == open_one().priority


def test_reassigning_takes_a_visit_away_from_its_holder() -> None:
    moved = reassign(held(), "branch-office", NOW)
    assert (moved.state, moved.team, moved.agent, moved.lease_until) == (State.OPEN, "branch-office", "", None)


def test_reassigning_keeps_an_appointment() -> None:
    appointed = put_back(held(), State.APPOINTED, NOW)
    assert reassign(appointed, "other", NOW) == replace(appointed, team="other", version=appointed.version + 1)


def test_a_finished_visit_is_not_reassigned() -> None:
    with pytest.raises(VisitAlreadyFinished):
        reassign(expire(open_one(), NOW)[0], "other", NOW)


def test_an_expired_visit_fails_with_its_reason() -> None:
    failed, events = expire(open_one(), NOW)
    assert (failed.state, failed.ended) == (State.FAILED, "expired")
    [event] = events
    assert isinstance(event, VisitFailed)
    assert (event.reason, event.failed_at, event.visit_id) == ("expired", NOW, str(failed.id))
