"""Quotas per period and stratum, ceilings per day."""

from collections import Counter
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.scheduler.domain.book import PolicyBook
from services.scheduler.domain.explain.decision import explain
from services.scheduler.domain.simulation.plan import Simulation
from shared.zone import local_day
from tests.scheduler.builders import at, fact, policies

NEXT_DAY = {"delay": {"days": 1}}


def simulated(*given_: dict[str, Any], **head: Any) -> Simulation:
    return Simulation(PolicyBook(policies(*given_, **head)))


def happen(simulation: Simulation, amount: int, day: str = "2026-03-02", **data: Any) -> list[str]:
    outcomes = []
    for number in range(amount):
        about = fact(
            data=data or None,
            id=f"{day}-{number}-{data}",
            customer=f"C{number}-{data}",
            time=at(f"{day} 10:00") + timedelta(minutes=number),
        )
        decision = simulation.happen(about)
        assert decision is not None
        outcomes.append(decision.outcome)
    return outcomes


def test_no_more_than_the_quota_are_planned_in_a_period() -> None:
    simulation = simulated({**NEXT_DAY, "quota": {"limit": 2, "per": "week"}})
    assert happen(simulation, 3) == ["planned", "planned", "quota_reached"]
    assert happen(simulation, 1, "2026-03-08") == ["quota_reached"]
    assert happen(simulation, 1, "2026-03-09") == ["planned"]


def test_a_quota_may_be_of_a_quarter_or_a_year() -> None:
    simulation = simulated({**NEXT_DAY, "quota": {"limit": 2, "per": "quarter"}})
    assert happen(simulation, 2, "2026-01-05") == ["planned", "planned"]
    assert happen(simulation, 1, "2026-03-31") == ["quota_reached"]
    assert happen(simulation, 1, "2026-04-01") == ["planned"]
    simulation = simulated({**NEXT_DAY, "quota": {"limit": 1, "per": "year"}})
    assert happen(simulation, 2, "2026-01-05") == ["planned", "quota_reached"]
    assert happen(simulation, 1, "2026-12-31") == ["quota_reached"]
    assert happen(simulation, 1, "2027-01-01") == ["planned"]


def test_every_stratum_has_a_quota_of_its_own() -> None:
    simulation = simulated({**NEXT_DAY, "quota": {"limit": 1, "per": "day", "by": ["branch"]}})
    assert happen(simulation, 2, org={"code": "EAST"}) == ["planned", "quota_reached"]
    assert happen(simulation, 2, org={"code": "WEST"}) == ["planned", "quota_reached"]


def test_what_joins_another_contact_takes_no_place() -> None:
    strong = {"id": "strong", "priority": 1, **NEXT_DAY, "events": ["order.completed"]}
    simulation = simulated(strong, {**NEXT_DAY, "quota": {"limit": 1, "per": "day"}})
    simulation.happen(fact("order.completed", id="o", customer="C1", time=at("2026-03-02 09:00")))
    outcomes = [
        decision.outcome
        for number, customer in enumerate(("C1", "C2", "C3"))
        if (decision := simulation.happen(fact(id=f"e{number}", customer=customer)))
    ]
    assert outcomes == ["merged", "planned", "quota_reached"]


def test_a_full_quota_is_explained() -> None:
    simulation = simulated({**NEXT_DAY, "quota": {"limit": 1, "per": "week"}})
    happen(simulation, 1)
    decision = simulation.happen(fact(id="last", customer="C9", time=at("2026-03-04 10:00")))
    assert decision is not None
    assert explain(decision.outcome, decision.details, {})[1].endswith(
        "命中，全部回访，但此策略 2026-03-02 至 2026-03-08（全部）最多计划 1 次，已满。"
    )


def test_what_is_over_the_ceiling_moves_to_the_next_day_with_room() -> None:
    simulation = simulated({**NEXT_DAY, "ceiling": {"per_day": 2}})
    happen(simulation, 5, "2026-03-05")  # a Thursday
    days = Counter(str(local_day(task.due_at)) for task in simulation.tasks.values())
    assert days == {"2026-03-06": 2, "2026-03-09": 2, "2026-03-10": 1}
    moved = [one for decision in simulation.decisions.values() for one in decision.details if "ceiling" in one]
    assert len(moved) == 3
    assert moved[0]["moved_from"] == at("2026-03-06 09:00")
    assert "每天最多 2 次，由 2026-03-06 09:00 (周五) 顺延" in explain("planned", [moved[0]], {})[1]


def test_who_is_moved_behind_the_deadline_is_told_so() -> None:
    simulation = simulated({**NEXT_DAY, "deadline": {"days": 1}, "ceiling": {"per_day": 1}})
    happen(simulation, 2)
    assert [detail.get("too_short") for one in simulation.decisions.values() for detail in one.details] == [None, True]


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 12)), max_size=60), st.integers(1, 4))
@settings(max_examples=40, deadline=None)
def test_no_day_ever_holds_more_than_the_ceiling(given_: list[tuple[int, int]], limit: int) -> None:
    simulation = simulated({**NEXT_DAY, "ceiling": {"per_day": limit}})
    for number, (day, customer) in enumerate(sorted(given_)):
        simulation.happen(
            fact(id=f"e{number}", customer=f"C{customer}", time=at("2026-03-02 10:00") + timedelta(days=day))
        )
    kept = [task for task in simulation.tasks.values() if not task.combined and len(task.matters) == 1]
    assert max(Counter(local_day(task.due_at) for task in kept).values(), default=0) <= limit
