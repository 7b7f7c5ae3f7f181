"""Times that hang on holidays not yet published, and what becomes of them when they are."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.scheduler.domain.book import PolicyBook
from services.scheduler.domain.customer import Customer
from services.scheduler.domain.later.replan import Replanned, replan
from services.scheduler.domain.ledger.contacts import Contact
from services.scheduler.domain.packs.pack import policy_of, read_pack
from services.scheduler.domain.policy import Policy
from services.scheduler.domain.provisional import recomputed, unpublished_year
from services.scheduler.domain.task import Task
from shared.calendar import BUILT_IN, OfficialYears, WorkCalendar
from shared.ids import new_id
from shared.zone import ORG_ZONE
from tests.scheduler.builders import as_yaml, at, contents, fact, judge
from tests.scheduler.domain.packs.test_calendar_year import read

KNOWN = WorkCalendar(official=OfficialYears(BUILT_IN.years | {2027}, {**BUILT_IN.days, **read().days}))
THREE_DAYS = {"id": "p1", "delay": {"days": 1}, "deadline": {"working_days": 3}, "warn": {"working_days": 1}}
LONGER = {"id": "p2", "events": ["gas.ignited"], "delay": {"working_days": 2}, "deadline": {"weeks": 3}, "priority": 1}


def read_policies(given: Sequence[Mapping[str, Any]], calendar: WorkCalendar, **head: Any) -> list[Policy]:
    return [policy_of(draft.content, 1, calendar) for draft in read_pack(contents(*given, **head)).drafts]


def plan(
    calendar: WorkCalendar, *events: tuple[str, datetime], policies: Sequence[Mapping[str, Any]], **head: Any
) -> Customer:
    """The customer after these facts."""
    book, customer = PolicyBook(read_policies(policies, calendar, **head)), Customer("C1")
    for number, (name, moment) in enumerate(events):
        _, customer = judge(book, fact(name, id=f"e{number}", time=moment), customer)
    return customer


def again(task: Task, policies: Sequence[Mapping[str, Any]]) -> Task:
    known = {policy.id: policy for policy in read_policies(policies, KNOWN)}
    return recomputed(task, lambda term: known[term["policy"]])


def times(task: Task) -> tuple[datetime, datetime | None, datetime | None]:
    return task.due_at, task.deadline_at, task.warn_at


def test_a_task_keeps_what_its_provisional_times_come_from() -> None:
    (task,) = plan(WorkCalendar(), ("repair.closed", at("2026-12-30 15:00")), policies=[THREE_DAYS]).open
    assert times(task) == (at("2026-12-31 09:00"), at("2027-01-04 18:00"), at("2027-01-01 18:00"))
    assert task.provisional
    assert unpublished_year(task) == 2027
    done = again(task, [THREE_DAYS])
    assert times(done) == (at("2026-12-31 09:00"), at("2027-01-05 18:00"), at("2027-01-04 18:00"))
    assert not done.provisional


def test_a_branch_with_a_calendar_of_its_own_is_computed_again_by_it() -> None:
    units = {"code": "HQ", "title": "总部", "children": [{"code": "CD", "title": "成都", "calendar": "site"}]}
    calendars = {"site": {"frames": ["07:00-08:00"], "days": {"2027-01-02": "on", "2027-01-04": "off"}}}
    files = contents(THREE_DAYS, calendars=calendars) | {"organisation.yaml": as_yaml({"organisation": units})}
    (content,) = (draft.content for draft in read_pack(files).drafts)
    unknown, known = policy_of(content, 1), policy_of(content, 1, KNOWN)
    _, customer = judge(PolicyBook([unknown]), fact("repair.closed", time=at("2026-12-31 15:00")), Customer("C1"))
    assert times(customer.open[0])[:2] == (at("2027-01-01 07:00"), at("2027-01-05 08:00"))
    done = recomputed(customer.open[0], lambda term: known)
    assert times(done) == (at("2027-01-02 07:00"), at("2027-01-06 08:00"), at("2027-01-05 08:00"))
    assert not done.provisional


def test_what_hangs_on_no_holiday_keeps_nothing() -> None:
    (task,) = plan(WorkCalendar(), ("repair.closed", at("2026-12-24 15:00")), policies=[THREE_DAYS]).open
    assert task.terms == ()


def test_a_firm_deadline_holds_for_a_combined_contact_too() -> None:
    firm = {**LONGER, "delay": {"days": 2}, "deadline": {"days": 5}}
    given = [("gas.ignited", at("2026-12-29 09:00")), ("repair.closed", at("2026-12-30 15:00"))]
    (task,) = plan(WorkCalendar(), *given, policies=[THREE_DAYS, firm]).open
    assert [("policy" in term) for term in task.terms] == [False, True]
    assert again(task, [THREE_DAYS, firm]).deadline_at == at("2027-01-03 09:00")


def test_what_something_else_has_moved_on_does_not_come_back() -> None:
    (task,) = plan(WorkCalendar(), ("repair.closed", at("2026-12-31 15:00")), policies=[THREE_DAYS]).open
    assert task.due_at == at("2027-01-01 09:00")
    assert again(task, [THREE_DAYS]).due_at == at("2027-01-04 09:00")
    later = task._replace(due_at=at("2027-01-07 09:00"))
    assert again(later, [THREE_DAYS]).due_at == at("2027-01-07 09:00")


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["repair.closed", "gas.ignited"]),
            st.datetimes(min_value=datetime(2026, 12, 20), max_value=datetime(2027, 1, 20)),  # noqa: DTZ001
        ),
        min_size=1,
        max_size=3,
    )
)
def test_computing_again_gives_what_planning_with_known_holidays_would_have_given(
    given: list[tuple[str, datetime]],
) -> None:
    """As long as the same matters are combined; whether they fit together is decided once."""
    events = [(name, moment.replace(tzinfo=ORG_ZONE)) for name, moment in sorted(given, key=lambda one: one[1])]
    policies = [THREE_DAYS, LONGER]
    planned = plan(WorkCalendar(), *events, policies=policies).open
    wanted = {task.id: task for task in plan(KNOWN, *events, policies=policies).open}
    for task in planned:
        same = wanted.get(task.id)
        if same and [one["event_id"] for one in same.matters] == [one["event_id"] for one in task.matters]:
            done = again(task, policies) if task.provisional else task
            assert times(done) == times(same)
            assert not done.provisional


def replanned(task: Task, customer: Customer, **head: Any) -> Replanned:
    (policy,) = read_policies([THREE_DAYS], KNOWN, **head)
    return replan(task, customer, policy, lambda term: policy)


def test_a_moved_task_is_recorded_with_its_old_times() -> None:
    customer = plan(WorkCalendar(), ("repair.closed", at("2026-12-31 15:00")), policies=[THREE_DAYS])
    result = replanned(customer.open[0], customer)
    assert result.task.state == "planned"
    assert result.customer.open == (result.task,)
    assert result.detail is not None
    assert result.detail["was"]["due"] == at("2027-01-01 09:00")
    assert result.detail["due"] == at("2027-01-04 09:00")


def test_a_task_whose_times_turn_out_right_is_only_no_longer_provisional() -> None:
    given = ("repair.closed", at("2027-03-01 15:00"))
    customer = plan(WorkCalendar(), given, policies=[THREE_DAYS])
    result = replanned(customer.open[0], customer)
    assert result.detail is None
    assert result.task == customer.open[0]._replace(terms=())


@pytest.mark.parametrize(("limit", "state"), [(1, "cancelled"), (2, "planned")])
def test_a_task_never_moves_where_a_cap_is_used_up(limit: int, state: str) -> None:
    caps = [{"limit": limit, "per": "week"}]
    given = ("repair.closed", at("2026-12-31 15:00"))
    customer = plan(WorkCalendar(), given, policies=[THREE_DAYS], caps=caps)
    other = Contact(new_id(), date(2027, 1, 5), policies=("p1",))
    customer = customer._replace(contacts=(*customer.contacts, other))
    result = replanned(customer.open[0], customer, caps=caps)
    assert (result.task.state, result.task.reason) == (state, "capped" if state == "cancelled" else "")
    assert len(result.customer.contacts) == limit
