"""Conditions that look back (R03.6), on the rules that service and simulation share."""

from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.scheduler.domain.batch import match_in_order
from services.scheduler.domain.book import PolicyBook
from services.scheduler.domain.customer import Customer
from services.scheduler.domain.facts import Fact
from services.scheduler.domain.kept.memory import MOST
from services.scheduler.domain.simulation.plan import Simulation
from tests.scheduler.builders import MONDAY, book, fact

DAY = timedelta(days=1)


def past(at_least: int = 2, events: list[str] | None = None, **history: Any) -> dict[str, Any]:
    spec = {"events": events or ["complaint.opened"], **history}
    return {"events": ["complaint.opened", "repair.closed"], "condition": _leaf(spec, "ge", at_least)}


def _leaf(history: dict[str, Any], op: str, value: int) -> dict[str, Any]:
    return {"history": history, "op": op, "value": value}


def complaint(number: int, day: int = 0, **data: Any) -> Fact:
    return fact("complaint.opened", {"case_id": f"K{number}", **data}, id=f"c{number}", time=MONDAY + day * DAY)


def outcomes(rules: PolicyBook, *facts: Fact) -> list[str]:
    simulation = Simulation(rules)
    decided = [simulation.happen(one) for one in facts]
    return [decision.outcome if decision else "" for decision in decided]


def test_the_event_being_decided_on_counts() -> None:
    assert outcomes(book(past(1)), complaint(1)) == ["planned"]
    assert outcomes(book(past(2)), complaint(1), complaint(2, 1)) == ["no_policy_matches", "planned"]


def test_the_same_matter_twice_in_a_row_and_not_with_another_in_between() -> None:
    rules = book(past(2, same="kind", in_a_row=True))
    kinds = ["noise", "leak", "noise", "noise"]
    told = outcomes(rules, *(complaint(n, n, kind=kind) for n, kind in enumerate(kinds)))
    assert told == ["no_policy_matches"] * 3 + ["planned"]
    told = outcomes(book(past(2, same="kind")), *(complaint(n, n, kind=kind) for n, kind in enumerate(kinds)))
    assert told == ["no_policy_matches"] * 2 + ["planned"] * 2


def test_what_has_no_value_is_the_same_as_nothing() -> None:
    rules = book(past(1, same="parent.no"))
    assert outcomes(rules, complaint(1), complaint(2)) == ["no_policy_matches"] * 2


def test_only_events_with_the_result_count_and_others_end_a_row() -> None:
    rules = book(past(2, events=["repair.closed"], result="replaced", in_a_row=True))
    results = ["replaced", "repaired", "replaced", "replaced"]
    repairs = [fact(data={"result": result}, id=f"r{n}", time=MONDAY + n * DAY) for n, result in enumerate(results)]
    assert outcomes(rules, *repairs) == ["no_policy_matches"] * 3 + ["planned"]


def test_a_low_rating_is_a_dissatisfied_contact() -> None:
    rules = book(past(1, events=["visit.completed"], result="dissatisfied"))
    card = {"task_id": "019cb2ba-9be0-8af8-ac84-99e0eb603435"}
    low = fact("visit.completed", {**card, "rating": 2}, id="v1")
    high = fact("visit.completed", {**card, "rating": 3}, id="v2", customer="C2")
    repairs = [fact(id=f"r{n}", customer=f"C{n}", time=MONDAY + DAY) for n in (1, 2)]
    assert outcomes(rules, low, high, *repairs)[2:] == ["planned", "no_policy_matches"]


TASKS = ("019cb2ba-9be0-8af8-ac84-99e0eb603435", "019cb2ba-9be0-8af8-ac84-99e0eb603436")


def contact(name: str, number: int, day: int, **data: Any) -> Fact:
    """What visits tell about one of two tasks."""
    told = {"task_id": TASKS[number], **data}
    return fact(name, told, id=f"{name}-{number}-{day}", time=MONDAY + day * DAY)


def test_a_corrected_record_counts_as_what_it_says_now() -> None:
    history: dict[str, Any] = {
        "events": ["visit.completed"],
        "result": "dissatisfied",
        "same": "kind",
        "in_a_row": True,
    }
    rules = book(past(2, **history) | {"events": ["visit.completed"]})
    first = contact("visit.completed", 0, 0, rating=1, kind="leak")
    right = contact("visit.corrected", 0, 1, rating=5, kind="leak", dissatisfied=False)
    second = contact("visit.completed", 1, 2, rating=2, kind="leak")
    assert outcomes(rules, first, second)[-1] == "planned"
    assert outcomes(rules, first, right, second)[-1] == "no_policy_matches"
    other = contact("visit.corrected", 1, 1, rating=5, kind="leak", dissatisfied=False)
    assert outcomes(rules, first, other, second)[-1] == "planned"
    wrong = contact("visit.corrected", 0, 1, rating=2, kind="leak", dissatisfied=True)
    assert outcomes(rules, first._replace(data={**first.data, "rating": 5}), wrong, second)[-1] == "planned"


def test_what_was_said_of_a_contact_that_did_not_go_badly_counts_no_more() -> None:
    rules = book(past(1, events=["visit.dissatisfied"]))
    said = contact("visit.dissatisfied", 0, 0, rating=1)
    right = contact("visit.corrected", 0, 1, rating=5, dissatisfied=False)
    repair = fact(id="r", time=MONDAY + 2 * DAY)
    assert outcomes(rules, said, repair)[-1] == "planned"
    assert outcomes(rules, said, right, repair)[-1] == "no_policy_matches"
    still = contact("visit.corrected", 0, 1, rating=2, dissatisfied=True)
    assert outcomes(rules, said, still, repair)[-1] == "planned"


def test_a_contact_that_was_opened_again_has_not_failed() -> None:
    rules = book(past(2, events=["visit.failed"], result="unreachable"))
    lost = [contact("visit.failed", number, number, reason="unreachable") for number in (0, 1)]
    again = contact("visit.reopened", 0, 2, reason="unreachable", failed_at=MONDAY.isoformat())
    repair = fact(id="r", time=MONDAY + 3 * DAY)
    assert outcomes(rules, *lost, repair)[-1] == "planned"
    assert outcomes(rules, *lost, again, repair)[-1] == "no_policy_matches"


def test_days_end_what_counts() -> None:
    rules = book(past(2, within={"days": 30}))
    assert outcomes(rules, complaint(1), complaint(2, 30)) == ["no_policy_matches"] * 2
    assert outcomes(rules, complaint(1), complaint(2, 29))[-1] == "planned"


def test_amounts_are_summed_whether_numbers_or_text() -> None:
    history = {"events": ["order.completed"], "sum": "amount", "within": {"days": 365}}
    rules = book({"events": ["order.completed"], "condition": _leaf(history, "ge", 1000)})
    amounts: list[Any] = ["600.50", 300, None, "99.50"]
    orders = [fact("order.completed", {"amount": a}, id=f"o{n}", time=MONDAY + n * DAY) for n, a in enumerate(amounts)]
    assert outcomes(rules, *orders) == ["no_policy_matches"] * 3 + ["planned"]


def test_contacts_planned_or_made_within_a_year() -> None:
    rules = book({"condition": _leaf({"contacts": True, "within": {"days": 365}}, "eq", 0), "merge": False})
    repairs = [fact(id=f"r{n}", time=MONDAY + days * DAY) for n, days in enumerate((0, 0, 100, 365, 367))]
    assert outcomes(rules, *repairs) == ["planned", *["no_policy_matches"] * 3, "planned"]


def test_contacts_of_one_batch_are_seen_as_if_they_came_one_by_one() -> None:
    rules = book({"condition": _leaf({"contacts": True, "within": {"days": 365}}, "eq", 0), "merge": False})
    matched, _ = match_in_order(rules, [fact(id="a"), fact(id="b")], {})
    assert all(one.drawn for one in matched)  # so that their contacts are loaded
    simulation = Simulation(rules)
    assert [simulation.happen(one.fact).outcome for one in matched] == ["planned", "no_policy_matches"]  # type: ignore[union-attr]


def test_a_customer_without_the_history_fails_with_the_count() -> None:
    simulation = Simulation(book(past(2, same="kind", within={"days": 9})))
    decision = simulation.happen(complaint(1, kind="noise"))
    assert decision
    failed = decision.details[0]["failed"]
    assert (failed["field"]["same"], failed["op"], failed["value"], failed["actual"]) == ("kind", "ge", 2, 1)


def test_nothing_is_remembered_that_no_policy_counts() -> None:
    customers = match_in_order(book({}), [fact(), complaint(1)], {})[1]
    assert customers["C1"].memory == ()
    rules = book(past(2, same="kind"))
    (kept,) = match_in_order(rules, [fact(), complaint(1, kind="noise")], {})[1]["C1"].memory
    assert (kept.name, kept.values) == ("complaint.opened", {"kind": "noise"})


def test_the_platforms_own_events_that_are_only_counted_are_no_trigger_of_all_events() -> None:
    counts_visits = past(1, events=["visit.attempted"])
    rules = book(counts_visits, {"id": "any", "events": ["*"]})
    assert outcomes(rules, fact("visit.attempted", {"task_id": "x"})) == ["no_policy_matches"]


@given(st.lists(st.integers(0, 3), min_size=1, max_size=MOST + 20))
def test_the_newest_are_remembered_and_counted_whatever_order_they_come_in(days: list[int]) -> None:
    rules = book(past(1))
    facts = [complaint(n, day) for n, day in enumerate(days)]
    memory = match_in_order(rules, facts, {})[1]["C1"].memory
    assert len(memory) == min(len(facts), MOST)
    happened = sorted(facts, key=lambda one: (one.at, one.key))
    assert [one.key for one in memory] == [one.key for one in happened[-MOST:]]
    again = match_in_order(rules, facts[-1:], {"C1": Customer("C1", memory=memory)})[1]["C1"].memory
    assert again == memory
