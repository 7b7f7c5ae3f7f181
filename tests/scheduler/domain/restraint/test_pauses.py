"""After what has upset a customer nobody contacts them for a while (R11.3)."""

from datetime import timedelta
from typing import Any

from services.scheduler.domain.batch import decide_in_order, match_in_order
from services.scheduler.domain.book import PolicyBook
from services.scheduler.domain.customer import Customer
from services.scheduler.domain.decide import Decision
from services.scheduler.domain.explain.decision import explain
from services.scheduler.domain.facts import Fact
from services.scheduler.domain.simulation.plan import Simulation
from tests.scheduler.builders import MONDAY, at, book, fact

NEXT_DAY = {"delay": {"days": 1}, "deadline": {"working_days": 5}}
PAUSES = [
    {"on": ["visit.dissatisfied"], "hours": 48},
    {"on": ["complaint.opened", "visit.dissatisfied"], "hours": 72, "condition": {"field": "rating", "op": "eq", "value": 1}},
]  # fmt: skip


def decided(rules: PolicyBook, *facts: Fact) -> tuple[list[Decision], Customer]:
    """Decisions of one batch, and the customer after it."""
    matched, seen = match_in_order(rules, facts, {})
    return [one.decision for one in decide_in_order(matched, dict(seen))], seen["C1"]


def upset(hours: int = 0, id: str = "d1", **data: Any) -> Fact:  # noqa: A002
    return fact("visit.dissatisfied", data, id=id, time=MONDAY + timedelta(hours=hours))


def test_what_is_planned_in_a_pause_moves_behind_it() -> None:
    decisions, customer = decided(book(NEXT_DAY, pauses=PAUSES), upset(), fact(id="e1"))
    assert customer.paused_until == at("2026-03-04 10:00")
    ((task,), detail) = (decisions[1].tasks, decisions[1].details[0])
    assert (task.due_at, detail["paused_until"]) == (customer.paused_until, customer.paused_until)
    assert "；客户暂停联系至 2026-03-04 10:00 (周三)，之后才联系" in "".join(explain("planned", [detail], {}))


def test_a_pause_ends_in_the_contact_window() -> None:
    evening = fact("visit.dissatisfied", id="d1", time=at("2026-03-05 19:00"))  # until Saturday evening
    decisions, _ = decided(book(NEXT_DAY, pauses=PAUSES), evening, fact(id="e1", time=at("2026-03-05 20:00")))
    assert decisions[1].tasks[0].due_at == at("2026-03-09 09:00")


def test_what_is_due_after_the_pause_stays_where_it_is() -> None:
    rules = book({"delay": {"days": 7}}, pauses=PAUSES)
    decisions, _ = decided(rules, upset(), fact(id="e1"))
    assert "paused_until" not in decisions[1].details[0]
    assert decisions[1].tasks[0].due_at == at("2026-03-09 09:00")


def test_the_event_that_calls_for_a_pause_says_so_and_plans_nothing_by_itself() -> None:
    rules = book({"events": ["*"]}, pauses=PAUSES)
    (decision,), _ = decided(rules, upset())
    assert (decision.outcome, decision.tasks) == ("no_policy_matches", ())
    assert explain(decision.outcome, decision.details, {})[1] == "客户暂停联系至 2026-03-04 10:00 (周三)。"
    assert rules.triggered_by(upset().type)


def test_of_several_pauses_the_one_that_ends_last_holds() -> None:
    rules = book(NEXT_DAY, pauses=PAUSES)
    assert decided(rules, upset(rating=1))[1].paused_until == MONDAY + timedelta(hours=72)
    assert decided(rules, upset(rating=1), upset(1, "d2", rating=2))[1].paused_until == MONDAY + timedelta(hours=72)
    assert decided(rules, upset(rating=2), upset(1, "d2"))[1].paused_until == MONDAY + timedelta(hours=49)


def test_an_event_of_before_the_newest_fact_still_pauses() -> None:
    _, customer = decided(book(NEXT_DAY, pauses=PAUSES), fact(time=MONDAY + timedelta(hours=3)), upset())
    assert customer.paused_until == MONDAY + timedelta(hours=48)


def test_what_was_planned_before_waits_for_the_end_of_the_pause() -> None:
    simulation = Simulation(book(NEXT_DAY, pauses=PAUSES))
    simulation.happen(fact(id="e1"))
    simulation.happen(upset(2))
    simulation.advance(at("2026-03-03 12:00"))
    (task,) = simulation.tasks.values()
    assert (task.state, task.reason, task.deferred, task.due_at) == ("planned", "paused", 1, at("2026-03-04 14:00"))
    simulation.advance(at("2026-03-04 14:00"))
    assert [task.state for task in simulation.tasks.values()] == ["released"]
