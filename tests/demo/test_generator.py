"""The demo's month and its people are functions of the seed."""

from collections import Counter
from datetime import date, datetime, time
from typing import Any

import pytest

from deploy.demo import outcomes
from deploy.demo.agents import on_shift
from deploy.demo.month import facts
from deploy.demo.morning import yesterdays
from deploy.demo.play import Script
from deploy.demo.population import BRANCHES, population
from shared.calendar import OFFICIAL
from shared.clock import parse_clock
from shared.contracts import by_name
from shared.zone import ORG_ZONE

FIRST = date(2026, 3, 1)


@pytest.fixture(scope="module")
def postings() -> list[Any]:
    return facts(7, population(7, 3000), FIRST, 31)


def test_the_same_seed_gives_the_same_month_and_another_seed_another(postings: list[Any]) -> None:
    assert facts(7, population(7, 3000), FIRST, 31) == postings
    assert facts(8, population(8, 3000), FIRST, 31) != postings


def test_every_unbroken_fact_keeps_its_contract(postings: list[Any]) -> None:
    declared = [(by_name(p.event["type"]), p.event["data"]) for p in postings if not p.broken]
    for contract, data in declared:
        if contract is not None:
            contract.model.model_validate(data)
    assert any(contract is None for contract, _ in declared), "one kind must be unknown to the platform"


def test_the_month_has_what_real_senders_do_wrong(postings: list[Any]) -> None:
    seen = Counter(posting.event["id"] for posting in postings)
    late = [p for p in postings if not p.broken and (p.at - datetime.fromisoformat(p.event["time"])).days >= 1]
    assert sum(times > 1 for times in seen.values()) > 20
    assert sum(posting.broken for posting in postings) > 5
    assert len(late) > 10


def test_weekends_are_quieter(postings: list[Any]) -> None:
    readings = Counter(
        datetime.fromisoformat(p.event["time"]).weekday()
        for p in postings
        if p.event["type"] == "meter.read" and not p.broken
    )
    assert readings[6] < readings[0] / 2


def test_postings_come_in_the_order_of_their_moments(postings: list[Any]) -> None:
    moments = [posting.at for posting in postings]
    assert moments == sorted(moments)


def test_about_64_of_100_calls_are_effective_and_1_to_5_of_100_answers_dissatisfied() -> None:
    calls = [outcomes.call(1, f"task-{number}", 1, 1) for number in range(5000)]
    completed = [call for call in calls if call.result == "completed"]
    assert 0.61 < len(completed) / len(calls) < 0.67
    assert 0.01 < sum(call.dissatisfied for call in completed) / len(completed) < 0.05


def test_an_outcome_depends_on_the_task_alone_not_on_who_asks_when() -> None:
    assert outcomes.call(1, "task-1", 2, 1) == outcomes.call(1, "task-1", 2, 1)
    assert len({outcomes.call(1, f"task-{number}", 1, 1).result for number in range(200)}) > 5


def test_a_dissatisfied_customer_chooses_a_dissatisfied_option() -> None:
    values = ("very_satisfied", "satisfied", "basically", "dissatisfied", "very_dissatisfied")
    question = {"id": "satisfaction", "kind": "single", "options": [{"value": value} for value in values]}
    for number in range(50):
        assert "dissatisfied" in outcomes.answer(1, f"t{number}", question, dissatisfied=True)
        assert outcomes.answer(1, f"t{number}", question, dissatisfied=False) in ("very_satisfied", "satisfied")


def test_agents_call_in_office_hours_only() -> None:
    day = date(2026, 3, 3)
    assert on_shift(datetime.combine(day, time(10), ORG_ZONE))
    assert not on_shift(datetime.combine(day, time(13), ORG_ZONE))
    assert not on_shift(datetime.combine(day, time(1), ORG_ZONE))


def test_the_script_s_clock_can_be_read_by_every_process() -> None:
    script = Script(days=2)
    clock = parse_clock(script.clock(), anchor=0.0)
    assert clock.now() > script.end.astimezone(clock.now().tzinfo), "fifty years after its start the simulation is over"


@pytest.mark.parametrize("days", range(1, 40))
def test_the_demo_ends_on_a_morning_on_which_customers_may_be_called(days: int) -> None:
    end = Script(days=days).end.astimezone(ORG_ZONE)
    assert OFFICIAL.is_working_day(end.date())
    assert end.time() == time(9, 30)


def test_each_branch_has_work_of_yesterday_of_customers_without_any_of_the_month(postings: list[Any]) -> None:
    households = population(7, 3000)
    end = Script().end
    found = yesterdays(7, households, postings, end)
    busy = {p.event["partitionkey"] for p in postings if p.event["type"] != "customer.updated"}
    branches = Counter(p.event["data"]["org"]["code"] for p in found)
    assert branches == dict.fromkeys((code for code, *_ in BRANCHES), 5)
    assert not busy & {p.event["partitionkey"] for p in found}
    assert len({p.event["id"] for p in found}) == len(found)
    assert {(end.astimezone(ORG_ZONE).date() - p.at.astimezone(ORG_ZONE).date()).days for p in found} == {1}
    for posting in found:
        contract = by_name(posting.event["type"])
        assert contract is not None
        contract.model.model_validate(posting.event["data"])
    assert yesterdays(7, households[:30], postings, end), "few customers are all busy: some of them come again"
