from itertools import pairwise

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from services.scheduler.domain.customer import Customer
from services.scheduler.domain.task import NAMES, NEXT, TaskNotInState, moved
from tests.scheduler.builders import MONDAY, book, fact, judge

ENDS = {"done", "failed", "cancelled", "expired"}
RULES = book(
    {"id": "weak", "priority": 6, "events": ["inspection.done", "repair.closed"], "delay": {"days": 1}},
    {"id": "strong", "priority": 2, "events": ["repair.closed"], "rate": 50, "delay": {"days": 1}},
)


class TaskLife(RuleBasedStateMachine):
    """Facts plan, combine and take over; time releases, cancels or expires; visits end what was released."""

    def __init__(self) -> None:
        super().__init__()
        self.customer = Customer("C1")
        self.states: dict[object, list[str]] = {}
        self.count = 0

    @rule(name=st.sampled_from(["inspection.done", "repair.closed", "meter.read"]))
    def a_fact_arrives(self, name: str) -> None:
        self.count += 1
        decision, self.customer = judge(RULES, fact(name, id=f"e{self.count}"), self.customer)
        for task in {task.id: task for task in decision.tasks}.values():
            history = self.states.setdefault(task.id, [])
            if not history or history[-1] != task.state:
                history.append(task.state)

    @precondition(lambda self: self.customer.open)
    @rule(state=st.sampled_from(["released", "cancelled", "expired"]))
    def time_comes(self, state) -> None:  # type: ignore[no-untyped-def]
        task = moved(self.customer.open[0], state, "because")
        self.customer = self.customer.without(task)
        self.states[task.id].append(task.state)

    @precondition(lambda self: any(history[-1] == "released" for history in self.states.values()))
    @rule(state=st.sampled_from(["done", "failed"]))
    def a_visit_ends(self, state: str) -> None:
        next(history for history in self.states.values() if history[-1] == "released").append(state)

    @invariant()
    def every_task_lives_one_life(self) -> None:
        for history in self.states.values():
            assert history[0] == "planned"
            for before, after in pairwise(history):
                assert after in NEXT[before]  # type: ignore[index]

    @invariant()
    def one_customer_waits_for_at_most_one_contact(self) -> None:
        assert len(self.customer.open) <= 1
        assert len(self.customer.contacts) == len(self.customer.open)


TestTaskLife = TaskLife.TestCase


def test_nothing_follows_an_end() -> None:
    ((task,), *_) = (judge(book({}), fact(time=MONDAY))[0].tasks,)
    for end in ENDS:
        for state in NAMES:
            with pytest.raises(TaskNotInState):
                moved(task._replace(state=end), state)  # type: ignore[arg-type]
