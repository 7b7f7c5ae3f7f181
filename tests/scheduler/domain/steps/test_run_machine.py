"""Whatever happens to runs: no step twice, no step after the stop, everything ends."""

from collections import Counter
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from services.scheduler.domain.later.recall import TAKEN_BACK
from services.scheduler.domain.simulation.facts import simulated_fact
from services.scheduler.domain.simulation.plan import Simulation
from tests.scheduler.builders import MONDAY, book, fact

RESULTS = ("completed", "callback_agreed", "unreachable", "refused", "invalid_number", "expired")
WORDS = ("completed", "dissatisfied", "callback_agreed", "unreachable", "expired", "cancelled", "capped")
WAITS = (
    {"events": ["weather.rained"], "same": "area", "within": {"days": 20}},
    {"events": ["order.completed"], "within": {"days": 5}},
)
OTHER = {"id": "other", "events": ["inspection.done"], "priority": 1, "delay": {"days": 1}, "guards": ["case_open"]}


def _conditions() -> st.SearchStrategy[dict[str, Any]]:
    return st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(
        lambda words: {"field": "result", "op": "in", "value": words}
    )


@st.composite
def chains(draw: st.DrawFn) -> dict[str, Any]:
    """A policy of one to four steps."""
    steps: list[dict[str, Any]] = []
    for number in range(draw(st.integers(1, 4))):
        step: dict[str, Any] = {"id": f"s{number}", "delay": {"days": draw(st.integers(0, 3))}}
        kind = draw(st.sampled_from(["event", "planned", "took_place", "if"] if steps else ["event"]))
        step |= {"if": draw(_conditions())} if kind == "if" else {"from": kind}
        if kind != "planned" and draw(st.booleans()):
            step["wait"] = draw(st.sampled_from(WAITS))
        if draw(st.integers(0, 3)) == 0:
            step["repeat"] = {"times": 2} if "wait" in step else {"times": 2, "every": {"days": 1}}
        if draw(st.booleans()):
            step["fallback"] = [{"channel": "sms"}, {"channel": "email", "when": ["expired", "unreachable"]}]
        steps.append(step)
    again = draw(st.sampled_from(["parallel", "restart", "ignore"]))
    stop = {"events": ["alarm.handled"]}
    return {"id": "chain", "steps": steps, "again": again, "stop": stop, "guards": ["case_open"]}


class Runs(RuleBasedStateMachine):
    @initialize(chain=chains(), cap=st.integers(3, 30))
    def begin(self, chain: dict[str, Any], cap: int) -> None:
        self.simulation = Simulation(book(chain, OTHER, caps=[{"limit": cap, "per": "month"}]))
        self.now, self.number = MONDAY, 0
        for customer in ("C0", "C1"):
            self._fact("customer.updated", customer, {"area": f"area-{customer}"})

    @rule(customer=st.sampled_from(["C0", "C1"]), hours=st.integers(1, 60))
    def trigger(self, customer: str, hours: int) -> None:
        self._fact("repair.closed", customer, {}, hours)

    @rule(customer=st.sampled_from(["C0", "C1"]), name=st.sampled_from(["order.completed", "inspection.done"]))
    def something_else(self, customer: str, name: str) -> None:
        self._fact(name, customer, {})

    @rule(customer=st.sampled_from(["C0", "C1"]))
    def rain(self, customer: str) -> None:
        self._happen("weather.rained", {"area": {"code": f"area-{customer}"}})

    @rule(customer=st.sampled_from(["C0", "C1"]))
    def stop(self, customer: str) -> None:
        self._fact("alarm.handled", customer, {})

    @rule(customer=st.sampled_from(["C0", "C1"]), name=st.sampled_from(["opened", "closed"]))
    def case(self, customer: str, name: str) -> None:
        self._happen(f"complaint.{name}", {"case_id": customer, "customer": {"id": customer}})

    @rule(data=st.data(), result=st.sampled_from(RESULTS), rating=st.integers(1, 5))
    def call(self, data: st.DataObject, result: str, rating: int) -> None:
        self._pass(5)
        released = [task for task in self.simulation.tasks.values() if task.state == "released"]
        if released:
            task = data.draw(st.sampled_from(released))
            told = {"task_id": str(task.id), "customer": {"id": task.customer_id}, "rating": rating}
            done = result in ("completed", "callback_agreed")
            self._happen(f"visit.{result}" if done else "visit.failed", told if done else told | {"reason": result})

    @rule(hours=st.integers(1, 300))
    def time_passes(self, hours: int) -> None:
        self._pass(hours)

    @invariant()
    def no_step_is_planned_twice(self) -> None:
        placed = Counter(
            (decision.fact.id, detail["step"])
            for decision in self.simulation.decisions.values()
            for detail in decision.details
            if detail.get("step") and detail["result"] in ("planned", "merged")
        )
        assert max(placed.values(), default=1) == 1

    @invariant()
    def nothing_comes_after_the_stop(self) -> None:
        stopped: set[str] = set()
        for decision in self.simulation.decisions.values():
            for detail in decision.details:
                taken_back = detail["result"] == TAKEN_BACK  # of what had been released before
                assert taken_back or decision.fact.id not in stopped or detail["policy"] != "chain"
            if any(detail["result"] == "stopped" for detail in decision.details if "step" not in detail):
                stopped |= {decision.fact.id} if not self._restarted(decision) else set()

    @staticmethod
    def _restarted(decision: Any) -> bool:
        return any(detail.get("reason") == "restarted" for detail in decision.details)

    @invariant()
    def whoever_waits_for_a_contact_waits_for_one_that_may_come(self) -> None:
        for row in self._rows():
            if row.task_id is not None:
                assert self.simulation.tasks[row.task_id].state in ("planned", "released")

    def teardown(self) -> None:
        if hasattr(self, "simulation"):
            self._pass(24 * 400)
            assert self._rows() == []
            assert all(task.state != "planned" for task in self.simulation.tasks.values())

    def _rows(self) -> list[Any]:
        return [row for customer in self.simulation.customers.values() for row in customer.waiting]

    def _fact(self, name: str, customer: str, data: dict[str, Any], hours: int = 1) -> None:
        self._pass(hours)
        self.number += 1
        self.simulation.happen(fact(name, data, id=f"e{self.number}", customer=customer, time=self.now))

    def _happen(self, name: str, data: dict[str, Any]) -> None:
        self._pass(1)
        self.number += 1
        self.simulation.happen(simulated_fact(f"e{self.number}", "/test", name, self.now, data))

    def _pass(self, hours: int) -> None:
        self.now += timedelta(hours=hours)
        self.simulation.advance(self.now)


TestRuns = Runs.TestCase
TestRuns.settings = settings(
    max_examples=30, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
