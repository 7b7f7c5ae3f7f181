"""Whose turn comes when: recurrences over the customers known (R11.1, R11.2)."""

from collections import Counter
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.scheduler.domain.book import PolicyBook
from services.scheduler.domain.customer import Customer
from services.scheduler.domain.later.walk import last_begun, next_walk
from services.scheduler.domain.when.periods import Every, period_of
from services.scheduler.domain.when.recurrence import Season
from shared.calendar import OFFICIAL
from tests.scheduler.builders import at, book

EVERIES: list[Every] = ["week", "month", "quarter", "half_year", "year"]
SEASON = {"from": "11-01", "to": "03-31"}


def rules(**trigger: Any) -> PolicyBook:
    return book({"trigger": trigger})


def days(rules: PolicyBook, customer: Customer, first: date, end: date) -> list[date]:
    """The customer's days from `first` to before `end`."""
    found, done = [], first - timedelta(days=1)
    while (walk := next_walk(rules, "p1", done)) and walk.day < end:
        found += [walk.day] if walk.occasion(customer) else []
        done = walk.day
    return found


@given(st.sampled_from(EVERIES), st.text(min_size=1, max_size=8), st.integers(2024, 2027))
def test_spread_gives_every_customer_exactly_one_working_day_a_period(every: Every, name: str, year: int) -> None:
    found = days(rules(every=every, spread=True), Customer(name), date(year, 1, 1), date(year + 1, 1, 1))
    inside = [
        day for day in found if period_of(every, day).first.year == period_of(every, day).end.year or every != "week"
    ]
    periods = Counter(period_of(every, day).first for day in found)
    assert all(OFFICIAL.is_working_day(day) for day in inside)
    assert set(periods.values()) == {1}
    assert len(periods) >= {"week": 49, "month": 12, "quarter": 4, "half_year": 2, "year": 1}[every]


def test_a_week_without_any_working_day_has_nobodys_turn() -> None:
    golden_week = date(2026, 2, 16)  # the Spring Festival of 2026 takes all of it
    assert days(rules(every="week", spread=True), Customer("C1"), golden_week, golden_week + timedelta(days=7)) == []


@given(st.sampled_from(EVERIES))
def test_the_days_of_different_customers_are_level(every: Every) -> None:
    trigger = rules(every=every, spread=True)
    walks, done = [], date(2025, 12, 31)
    period = period_of(every, date(2026, 4, 1))
    while (walk := next_walk(trigger, "p1", done)) and walk.day < period.end:
        walks += [walk] if walk.day >= period.first else []
        done = walk.day
    loads = [sum(walk.whose(Customer(f"C{n}")) for n in range(2000)) for walk in walks]
    even = 2000 / len(walks)
    assert sum(loads) == 2000
    assert all(abs(load - even) < 6 * even**0.5 + 1 for load in loads)


@pytest.mark.parametrize(
    ("trigger", "expected"),
    [
        ({"every": "week"}, ["2026-01-05", "2026-01-12", "2026-01-19", "2026-01-26"]),
        ({"every": "week", "on": "tue"}, ["2026-01-06", "2026-01-13", "2026-01-20", "2026-01-27"]),
        ({"every": "month"}, ["2026-01-04"]),  # a Sunday that is worked
        ({"every": "month", "on": 31}, ["2026-01-31"]),
        ({"every": "year", "on": "01-15"}, ["2026-01-15"]),
        ({"every": "quarter"}, ["2026-01-04"]),
        ({"every": "quarter", "seasons": [{"from": "01-20", "to": "02-05"}]}, ["2026-01-20"]),
    ],
)
def test_without_spread_all_come_on_one_day(trigger: dict[str, Any], expected: list[str]) -> None:
    found = days(rules(**trigger), Customer("C1"), date(2026, 1, 1), date(2026, 2, 1))
    assert [day.isoformat() for day in found] == expected


def test_a_day_that_a_month_or_year_lacks_is_its_last() -> None:
    monthly = days(rules(every="month", on=31), Customer("C1"), date(2026, 1, 1), date(2026, 7, 1))
    assert [day.day for day in monthly] == [31, 28, 31, 30, 31, 30]
    yearly = days(rules(every="year", on="02-29"), Customer("C1"), date(2026, 1, 1), date(2029, 1, 1))
    assert [day.isoformat() for day in yearly] == ["2026-02-28", "2027-02-28", "2028-02-29"]


@given(st.sampled_from(EVERIES), st.text(min_size=1, max_size=5))
def test_out_of_season_nobodys_turn_comes(every: Every, name: str) -> None:
    trigger = rules(every=every, spread=True, seasons=[SEASON])
    found = days(trigger, Customer(name), date(2026, 1, 1), date(2027, 1, 1))
    assert found
    assert all(Season("11-01", "03-31").covers(day) for day in found)
    assert not any(day.month in range(4, 11) for day in found)


def test_a_customer_takes_part_from_the_day_after_becoming_known() -> None:
    trigger = rules(every="week", on="tue")
    new = Customer("C1", {"known_since": "2026-03-03"})
    assert days(trigger, new, date(2026, 3, 1), date(2026, 3, 15)) == [date(2026, 3, 10)]


def test_a_walk_begins_at_its_time_of_day_and_one_that_is_new_waits_for_the_next() -> None:
    trigger = rules(every="week", on="tue", at="14:30")
    policy = trigger.policies["p1"]
    assert last_begun(policy, at("2026-03-03 14:29")) == date(2026, 3, 2)
    assert last_begun(policy, at("2026-03-03 14:30")) == date(2026, 3, 3)
    walk = next_walk(trigger, "p1", date(2026, 3, 2))
    assert walk
    assert walk.moment == at("2026-03-03 14:30")


def test_conditions_on_the_profile_choose_the_customers() -> None:
    key = {"field": "customer.tier", "op": "eq", "value": "key"}
    trigger = book({"trigger": {"every": "half_year"}, "condition": key})
    walk = next_walk(trigger, "p1", date(2026, 1, 1))
    assert walk
    assert walk.occasion(Customer("C1", {"tier": "key"}))
    assert walk.occasion(Customer("C2", {"tier": "ordinary"})) is None


def test_the_occasion_carries_what_a_contact_needs_and_is_the_same_whoever_finds_it() -> None:
    profile = {"name": "陈静", "phone": "sealed:v1:x", "level": "A", "branch": "CD", "tier": "key"}
    walk = next_walk(rules(every="year", on="03-03"), "p1", date(2026, 1, 1))
    assert walk
    occasion, again = (walk.occasion(Customer("C1", profile)) for _ in range(2))
    assert occasion
    assert occasion == again
    fact = occasion.fact
    assert (fact.id, fact.branch, fact.title) == ("p1/C1/2026-03-03", "CD", "策略")
    assert fact.customer == {
        "id": "C1",
        "name": "陈静",
        "phone": "sealed:v1:x",
        "level": "A",
        "do_not_contact": False,
    }
