"""Dates that facts tell, and policies whose times count from them."""

from typing import Any

import pytest

from services.scheduler.domain.explain.decision import explain
from services.scheduler.domain.later.reserve import drawn_occasion, reserve_occasion
from services.scheduler.domain.packs.check import check_pack
from services.scheduler.domain.packs.pack import read_pack
from services.scheduler.domain.when.moment import moment_in
from shared.zone import local_day
from tests.scheduler.builders import at, book, contents, fact, judge, policies


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2026-05-01", "2026-05-01 00:00"),
        ("20260501", "2026-05-01 00:00"),
        ("2026/5/1", "2026-05-01 00:00"),
        ("2026年5月1日", "2026-05-01 00:00"),
        ("2026-05-01T14:30", "2026-05-01 14:30"),
        ("2026-05-01 14:30:00", "2026-05-01 14:30"),
        ("2026-05-01T06:30:00Z", "2026-05-01 14:30"),
    ],
)
def test_a_date_is_its_first_moment_and_a_time_itself(written: str, moment: str) -> None:
    assert moment_in(written) == at(moment)


@pytest.mark.parametrize(
    "written", ["", "长期", "05-01", "lunar:08-15", "1026-05-01", "9999-12-31", None, 20260501, True, {}]
)
def test_what_is_no_date_that_can_be_meant_is_none(written: object) -> None:
    assert moment_in(written) is None


BEFORE: dict[str, Any] = {"base": "contract.due_on", "delay": {"days": -30}, "deadline": {"days": -14}, "merge": False}


@pytest.mark.parametrize(
    ("policy", "due", "deadline"),
    [
        ({}, "2026-06-01 09:00", "2026-06-16 23:59"),  # 31 May is a Sunday
        ({"delay": {"working_days": -1}, "deadline": {"working_days": -1}}, "2026-06-29 09:00", "2026-06-29 18:00"),
        ({"delay": {"working_days": -20}, "deadline": {"end_of_day": -1}}, "2026-06-01 09:00", "2026-06-29 23:59"),
        ({"delay": {"months": -1}, "deadline": {"weeks": -2}}, "2026-06-01 09:00", "2026-06-16 23:59"),  # 30 May
        ({"delay": {"days": 1}, "deadline": {"months": 1}}, "2026-07-01 09:00", "2026-07-30 23:59"),
        ({"delay": {"hours": -14}, "deadline": {"days": 0}}, "2026-06-29 10:00", "2026-06-30 23:59"),
        ({"delay": {"working_hours": -7}, "deadline": {"days": 0}}, "2026-06-29 09:00", "2026-06-30 23:59"),
        ({"delay": {"days": -30}, "target": {"days": -20}}, "2026-06-10 09:00", "2026-06-16 23:59"),
    ],
)
def test_times_count_from_the_date_in_the_fact(policy: dict[str, Any], due: str, deadline: str) -> None:
    about = fact(data={"contract": {"due_on": "2026-06-30"}}, time=at("2026-03-02 10:00"))
    _, customer = judge(book({**BEFORE, **policy}), about)
    (task,) = customer.open
    assert (task.due_at, task.deadline_at) == (at(due), at(deadline))


def test_over_the_spring_festival_working_days_before_a_date_are_worked_ones() -> None:
    about = fact(data={"contract": {"due_on": "2026-02-25"}}, time=at("2026-01-05 10:00"))
    _, customer = judge(book({**BEFORE, "delay": {"working_days": -3}, "deadline": {"working_days": -1}}), about)
    (task,) = customer.open  # the 24th, then the made-up Saturday 14, then Friday 13
    assert (task.due_at, task.deadline_at) == (at("2026-02-13 09:00"), at("2026-02-24 18:00"))


@pytest.mark.parametrize(
    ("day", "due", "says"),
    [("2026-03-20", "2026-03-02 10:00", "2026-03-20 00:00"), ("2026-03-10", "2026-03-02 10:00", "得知时时限已过")],
)
def test_what_is_learnt_late_is_planned_at_once_and_said(day: str, due: str, says: str) -> None:
    decision, customer = judge(book(BEFORE), fact(data={"contract": {"due_on": day}}))
    assert [task.due_at for task in customer.open] == [at(due)]
    assert says in explain(decision.outcome, decision.details, {})[1]


@pytest.mark.parametrize(("data", "met"), [({}, "没有值"), ({"contract": {"due_on": "长期"}}, "实际为 “长期”")])
def test_a_fact_without_the_date_is_passed_over_and_it_is_said(data: dict[str, Any], met: str) -> None:
    decision, customer = judge(book(BEFORE), fact(data=data))
    assert (decision.outcome, customer.open) == ("no_policy_matches", ())
    assert explain(decision.outcome, decision.details, {})[1].endswith(f"要求 contract.due_on 是日期为 是，{met}。")


def test_the_contact_of_who_was_drawn_counts_from_the_date_too() -> None:
    (policy,) = policies({**BEFORE, "rate": {"exact": 20, "of": "day"}})
    about = fact(data={"contract": {"due_on": "2026-06-30"}})
    assert policy.drawing is not None
    period = policy.drawing.period(local_day(about.at))
    assert drawn_occasion(policy, about, period).anchor == at("2026-06-30 00:00")
    assert reserve_occasion(policy, about, period, at("2026-03-05 10:00")).anchor == at("2026-06-30 00:00")


def test_a_policy_without_such_a_date_keeps_the_content_it_always_had() -> None:
    assert "base" not in read_pack(contents({})).drafts[0].content


STEP = {"id": "one"}


@pytest.mark.parametrize(
    ("wrong", "key", "says"),
    [
        ({"delay": {"days": -3}}, "delay.days", "应写0 到 10000 的整数"),
        ({**BEFORE, "base": "customer.warranty_until"}, "base", "客户档案里的日期请用 trigger.anniversary"),
        ({**BEFORE, "trigger": {"every": "month"}}, "base", "请写 trigger 的 offset"),
        ({**BEFORE, "base": "no_such_field"}, "base", "触发事件的数据里没有 no_such_field"),
        ({**BEFORE, "delay": {"days": -10}}, "deadline", "时限早于最早的联系时间"),
        ({**BEFORE, "delay": {"days": -10}, "deadline": {"hours": -480}}, "deadline", "永远无法按时联系"),
        (
            {**BEFORE, "steps": [STEP, {"id": "two", "from": "took_place"}]},
            "steps[1].delay",
            "只有从 base 的日期算起才可为负数",
        ),
        ({**BEFORE, "steps": [{**STEP, "repeat": {"every": {"days": 3}, "times": 2}}]}, "steps[0].delay", "才可为负数"),
        ({**BEFORE, "steps": [{**STEP, "fallback": [{"channel": "sms"}]}]}, "steps[0].deadline", "才可为负数"),
        ({**BEFORE, "steps": [{**STEP, "base": "other"}]}, "steps[0].base", "属于整条策略"),
    ],
)
def test_a_mistake_is_told_where_it_stands(wrong: dict[str, Any], key: str, says: str) -> None:
    found = check_pack(contents({"questionnaire": "none", **wrong}))
    assert any(one.key == f"policies[0].{key}" and says in one.message for one in found), [str(one) for one in found]
