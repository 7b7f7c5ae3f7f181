from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.scheduler.domain.customer import Customer
from services.scheduler.domain.ledger.caps import standing
from services.scheduler.domain.ledger.contacts import Contact
from services.scheduler.domain.policy import Policy
from services.scheduler.domain.restraint.deferral import MOST_TIMES, final_verdict
from services.scheduler.domain.restraint.release import CaseStanding, Circumstances, Verdict, concluded
from services.scheduler.domain.task import Task, TaskNotInState, deferred, moved
from services.scheduler.domain.when.windows import next_moment
from shared.ids import new_id
from shared.zone import local_day
from tests.scheduler.builders import MONDAY, at, book, fact, judge

SENT_BACK = Circumstances(Customer("C1"), True, True)
FRIDAY = at("2026-03-06 10:00")
DEFERRING = {
    "delay": {"days": 1},
    "deadline": {"days": 10},
    "guards": [{"case_open": "defer"}, {"cap_reached": "defer"}],
}


def planned(policy: dict[str, Any], **head: Any) -> tuple[Task, Policy]:
    """A task due on Monday 9 March 09:00, and its policy."""
    rules = book(policy, **head)
    ((task,), *_) = (judge(rules, fact(time=FRIDAY))[0].tasks,)
    return task, rules.policies["p1"]


def verdict(task: Task, policy: Policy, known: Circumstances | None = None) -> Verdict:
    return final_verdict(task, known or Circumstances(Customer("C1")), task.due_at, policy)


def contacts(*days: str) -> tuple[Contact, ...]:
    return tuple(Contact(new_id(), at(f"{day} 09:00").date(), policies=("x",)) for day in days)


def test_a_deferred_task_waits_for_its_window_on_a_later_day() -> None:
    task, policy = planned(DEFERRING)
    wanted = Verdict("planned", "case_open", at("2026-03-10 09:00"))
    assert verdict(task, policy, Circumstances(Customer("C1"), has_open_case=True)) == wanted
    waiting = concluded(task, wanted)
    assert (waiting.state, waiting.reason, waiting.deferred, waiting.due_at) == ("planned", "case_open", 1, wanted.due)
    assert concluded(waiting, verdict(waiting, policy)).reason == ""


def test_a_paused_customer_is_contacted_after_the_pause() -> None:
    task, policy = planned({"delay": {"days": 1}, "deadline": {"days": 10}})
    known = Circumstances(Customer("C1", paused_until=at("2026-03-10 15:30")))
    assert verdict(task, policy, known) == Verdict("planned", "paused", at("2026-03-10 15:30"))
    over = Circumstances(Customer("C1", paused_until=task.due_at))
    assert verdict(task, policy, over) == Verdict("released")


@pytest.mark.parametrize("pause", ["2026-03-16 10:01", "2026-03-20 10:00"])
def test_who_can_be_contacted_only_after_the_deadline_is_cancelled_with_what_held_it_back(pause: str) -> None:
    task, policy = planned({"delay": {"days": 1}, "deadline": {"days": 10}})  # by 16 March 10:00
    assert verdict(task, policy, Circumstances(Customer("C1", paused_until=at(pause)))) == Verdict(
        "cancelled", "paused"
    )


@pytest.mark.parametrize(
    ("guards", "known", "expected"),
    [
        (["case_open"], Circumstances(Customer("C1"), True), Verdict("cancelled", "case_open")),
        ([{"case_open": "cancel"}], Circumstances(Customer("C1"), True), Verdict("cancelled", "case_open")),
        (["case_reopened"], Circumstances(Customer("C1"), True), Verdict("released")),
        (["case_reopened"], SENT_BACK, Verdict("cancelled", "case_reopened")),
        ([{"case_open": "defer"}, "case_reopened"], SENT_BACK, Verdict("cancelled", "case_reopened")),
    ],
)
def test_a_guard_cancels_unless_it_says_that_it_defers(
    guards: list[Any], known: Circumstances, expected: Verdict
) -> None:
    task, policy = planned({**DEFERRING, "guards": guards})
    assert verdict(task, policy, known) == expected


def test_a_second_follow_up_may_wait_while_its_case_is_sent_back_but_not_ask_about_another_resolution() -> None:
    task, policy = planned({**DEFERRING, "guards": [{"case_reopened": "defer"}], "round": 2})
    task = task._replace(case_id="K1")
    reopened = Circumstances(Customer("C1"), True, True, CaseStanding("open", "", True))
    assert verdict(task, policy, reopened).reason == "case_reopened"
    assert verdict(task, policy, reopened).state == "planned"
    again = Circumstances(Customer("C1"), case=CaseStanding("resolved", "another"))
    assert verdict(task, policy, again) == Verdict("cancelled", "case_reopened")


CAP = {"caps": [{"limit": 1, "per": "week"}]}


def test_a_cap_reached_meanwhile_puts_the_contact_off_to_the_first_day_with_room() -> None:
    task, policy = planned(DEFERRING, **CAP)
    full = Circumstances(Customer("C1", contacts=(*contacts("2026-03-11"), Contact(task.id, local_day(task.due_at)))))
    assert verdict(task, policy, full) == Verdict("planned", "cap_reached", at("2026-03-16 09:00"))
    own = Circumstances(Customer("C1", contacts=(Contact(task.id, local_day(task.due_at)),)))
    assert verdict(task, policy, own) == Verdict("released")


def test_a_cap_reached_meanwhile_cancels_where_the_policy_says_so_and_is_not_asked_where_it_does_not() -> None:
    full = Circumstances(Customer("C1", contacts=contacts("2026-03-11")))
    assert verdict(*planned({**DEFERRING, "guards": ["cap_reached"]}, **CAP), full) == Verdict(
        "cancelled", "cap_reached"
    )
    assert verdict(*planned({"delay": {"days": 1}}, **CAP), full) == Verdict("released")
    exempt = {**DEFERRING, "cap": "unblocked"}
    assert verdict(*planned(exempt, **CAP), full) == Verdict("released")


def test_refusals_and_deadlines_come_before_waiting() -> None:
    task, policy = planned(DEFERRING)
    refused = Circumstances(Customer("C1", {"do_not_contact": True}, paused_until=at("2026-04-01 09:00")), True)
    assert verdict(task, policy, refused) == Verdict("cancelled", "do_not_contact")
    late = final_verdict(task, Circumstances(Customer("C1")), at("2026-03-17 09:00"), policy)
    assert late == Verdict("expired", "deadline_passed")


def test_a_planned_task_and_a_released_one_are_put_off_and_no_other() -> None:
    task, _ = planned(DEFERRING)
    again = deferred(moved(task, "released"), MONDAY, "paused")
    assert (again.state, again.due_at, again.reason, again.deferred) == ("planned", MONDAY, "paused", 1)
    with pytest.raises(TaskNotInState):
        deferred(moved(task, "cancelled"), MONDAY, "paused")


WINDOWS = st.sampled_from([{"days": "all"}, {"days": "working"}, {"frames": ["15:00-16:00"]}])


@given(
    window=WINDOWS,
    deadline=st.none() | st.integers(2, 200),
    limit=st.integers(1, 2),
    per=st.sampled_from(["week", "month", "quarter", "days"]),
    taken=st.lists(st.integers(0, 120), max_size=12),
    pauses=st.lists(st.integers(1, 40), max_size=3),
    open_for=st.integers(0, 300),
)
def test_waiting_ends_and_never_exceeds_a_cap(window, deadline, limit, per, taken, pauses, open_for) -> None:  # type: ignore[no-untyped-def]
    cap: dict[str, Any] = {"limit": limit, "per": per} | ({"days": 9} if per == "days" else {})
    bounded = {"deadline": {"days": deadline}} if deadline else {"deadline": None}
    task, policy = planned({**DEFERRING, **bounded, "window": window}, caps=[cap])
    others = tuple(Contact(new_id(), local_day(FRIDAY) + timedelta(days=day), policies=("x",)) for day in taken)
    ends: datetime = FRIDAY + timedelta(days=open_for)
    turns = 0
    while task.state == "planned":
        pause = next(
            (FRIDAY + timedelta(days=day) for day in pauses if FRIDAY + timedelta(days=day) > task.due_at), None
        )
        known = Circumstances(Customer("C1", contacts=others, paused_until=pause), task.due_at < ends)
        before, task, turns = task, concluded(task, verdict(task, policy, known)), turns + 1
        if task.state == "planned":
            assert before.due_at < task.due_at == next_moment(policy.window, task.due_at)
            assert task.deadline_at is None or task.due_at <= task.deadline_at
            assert not standing(policy.caps[0], local_day(task.due_at), [other.day for other in others]).reached
    assert turns <= MOST_TIMES + 1
    if task.state == "released":
        assert not standing(policy.caps[0], local_day(task.due_at), [other.day for other in others]).reached
