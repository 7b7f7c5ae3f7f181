"""Whatever happens to a visit, in whatever order: one end, told once, and never two holders."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from services.visits.domain.attempts import record
from services.visits.domain.errors import ClaimedByOther, NotClaimed, VisitAlreadyFinished
from services.visits.domain.results import RESULTS
from services.visits.domain.task_events import cancel
from services.visits.domain.visit import (
    State,
    bring_back,
    expire,
    expires_at,
    give_back,
    reassign,
    require_holder,
)
from services.visits.domain.work_rules import WorkRules
from shared.contracts import EventData
from shared.contracts.visits import VisitAttempted, VisitCallbackAgreed, VisitCompleted, VisitFailed
from tests.visits.domain.builders import BAD, GOOD, NOW, SHORT, held, open_one, report

PLAN = WorkRules()
AGENTS = ("1001", "1002")
LEASE = timedelta(minutes=15)


class VisitLife(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now: datetime = NOW
        self.visit = open_one()
        self.events: list[EventData] = []
        self.attempts = 0
        self.ended_with = 0

    @precondition(lambda self: self.visit.state is State.OPEN)
    @rule(agent=st.sampled_from(AGENTS))
    def claim(self, agent: str) -> None:
        self.visit = replace(held(self.visit, agent), lease_until=self.now + LEASE)

    @precondition(lambda self: self.visit.state is State.CLAIMED)
    @rule(
        result=st.sampled_from(sorted(RESULTS)),
        answers=st.sampled_from([GOOD, BAD]),
        corrected=st.booleans(),
        wait=st.integers(1, 2880),
    )
    def attempt(self, result: str, answers: dict[str, Any], corrected: bool, wait: int) -> None:
        values: dict[str, Any] = {"note": "备注"}
        if result in ("completed", "partly"):
            values["answers"] = answers
        if result == "callback_agreed":
            values["callback_at"] = self.now + timedelta(minutes=wait)
            last = expires_at(self.visit, PLAN.grace)
            if last and PLAN.hours.earliest(values["callback_at"]) >= last:
                return
        if corrected:
            values["corrected_phone"] = (f"sealed:v1:{self.attempts}", "139****9000")  # another than the one dialled
        self.visit, kept, events = record(self.visit, report(result, **values), SHORT, PLAN, self.now)
        self.attempts += 1
        assert kept.number == self.attempts
        assert isinstance(events[0], VisitAttempted)
        self.events += events

    @rule(agent=st.sampled_from(AGENTS))
    def only_the_holder_passes(self, agent: str) -> None:
        try:
            require_holder(self.visit, agent)
        except (ClaimedByOther, NotClaimed, VisitAlreadyFinished):
            assert self.visit.state is not State.CLAIMED or self.visit.agent != agent
        else:
            assert (self.visit.state, self.visit.agent) == (State.CLAIMED, agent)

    @precondition(lambda self: self.visit.state is State.CLAIMED)
    @rule()
    def let_go(self) -> None:
        self.visit = give_back(self.visit, self.now)

    @precondition(lambda self: self.visit.next_at is not None)
    @rule()
    def time_comes(self) -> None:
        assert self.visit.next_at is not None
        self.now = max(self.now, self.visit.next_at)
        self.visit = bring_back(self.visit)

    @rule()
    def task_is_cancelled(self) -> None:
        self.visit = cancel(self.visit, "customer_refused", self.now)

    @precondition(lambda self: not self.visit.finished)
    @rule(team=st.sampled_from(["hotline", "back-office"]))
    def another_team(self, team: str) -> None:
        self.visit = reassign(self.visit, team, self.now)

    @precondition(lambda self: self.visit.state in (State.OPEN, State.WAITING, State.APPOINTED))
    @rule()
    def deadline_and_grace_pass(self) -> None:
        last = expires_at(self.visit, PLAN.grace)
        assert last is not None
        self.now = max(self.now, last)
        self.visit, events = expire(self.visit, self.now)
        self.events += events

    @rule(minutes=st.integers(1, 600))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @invariant()
    def it_ends_once_and_says_so_last(self) -> None:
        ends = [event for event in self.events if isinstance(event, VisitCompleted | VisitFailed)]
        assert len(ends) == (self.visit.state in (State.COMPLETED, State.FAILED))
        if self.visit.state is State.CANCELLED:
            assert not ends
        if self.visit.finished:
            self.ended_with = self.ended_with or len(self.events)
            assert len(self.events) == self.ended_with

    @invariant()
    def attempts_are_counted(self) -> None:
        assert self.visit.attempts == self.attempts == sum(self.visit.tally.values())
        assert sum(isinstance(event, VisitAttempted) for event in self.events) == self.attempts
        tries = self.attempts - self.visit.tally.get("callback_agreed", 0)
        assert tries <= PLAN.most_attempts

    @invariant()
    def the_row_could_be_stored(self) -> None:
        assert (self.visit.state is State.CLAIMED) == (self.visit.lease_until is not None)
        assert (self.visit.state in (State.WAITING, State.APPOINTED)) == (self.visit.next_at is not None)
        assert self.visit.finished == (self.visit.finished_at is not None)
        assert self.visit.agent == "" or self.visit.state in (
            State.CLAIMED,
            State.COMPLETED,
            State.FAILED,
            State.CANCELLED,
        )

    @invariant()
    def appointments_are_told_with_the_time_that_is_kept(self) -> None:
        if self.visit.state is State.APPOINTED:
            last = [event for event in self.events if isinstance(event, VisitCallbackAgreed)][-1]
            assert last.callback_at == self.visit.next_at


TestVisitLife = VisitLife.TestCase
TestVisitLife.settings = settings(max_examples=150, stateful_step_count=25, deadline=None)
