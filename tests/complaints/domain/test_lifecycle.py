"""A case's life, driven at random: events doubled and told in either order, people acting at any time."""

from collections import Counter
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from services.complaints.domain import escalation, followup, handling
from services.complaints.domain.case import IN_WORK, Case, Change
from services.complaints.domain.opening import open_case
from shared.contracts.complaints import (
    ComplaintClosed,
    ComplaintEscalated,
    ComplaintOpened,
    ComplaintReopened,
    ComplaintResolved,
)
from shared.contracts.visits import VisitFailed, VisitResult
from shared.errors import Conflict
from tests.complaints.builders import MONDAY, RULES, completed, content, dissatisfied, failed, opening, second


class CaseLife(RuleBasedStateMachine):
    """One visit's case. A second follow-up's result may be told many times, late, and in either of its two forms."""

    def __init__(self) -> None:
        super().__init__()
        self.now: datetime = MONDAY
        self.case: Case | None = None
        self.first_rating = 0
        self.results: list[VisitResult | VisitFailed] = []
        self.effects: Counter[str] = Counter()
        self.published: Counter[type] = Counter()
        self.ended: Case | None = None

    def keep(self, change: Change) -> None:
        assert self.case is None or change.case == self.case or change.case.version > self.case.version
        self.case = change.case
        for event in change.events:
            assert self.ended is None, "an event after the end"
            self.published[type(event)] += 1
        if change.case.is_final():
            self.ended = self.ended or change.case

    @rule(rating=st.sampled_from([1, 2]))
    def dissatisfied_visit_is_told(self, rating: int) -> None:
        told = opening(dissatisfied("V1", rating=self.first_rating or rating))
        if self.case is None:
            self.first_rating = rating
            self.keep(open_case(told, "TS1", 0, RULES, self.now))
        assert self.case is not None
        assert self.case.id == told.case_id

    @precondition(lambda self: self.case and self.case.state in IN_WORK)
    @rule()
    def unit_rectifies(self) -> None:
        case = self.case
        assert case is not None
        if case.state == "opened":
            self.keep(handling.assign(case, "CD", "", RULES, "boss", self.now))
        self.keep(handling.resolve(self.case or case, "已整改", "boss", self.now))

    @precondition(lambda self: self.case and self.case.state == "resolved")
    @rule(rating=st.sampled_from([None, 1, 2, 3, 5]))
    def second_follow_up_happens(self, rating: int | None) -> None:
        case, number = self.case, f"second-{len(self.results)}"
        assert case is not None
        if rating is None:
            self.results.append(failed(number, case))
        elif rating >= 3:
            self.results.append(content(number, case, rating))
        else:
            self.results.append(completed(number, **second(case, rating=rating, satisfaction=None)))

    @precondition(lambda self: self.results)
    @rule(data=st.data(), as_dissatisfied=st.booleans())
    def result_is_told(self, data: st.DataObject, as_dissatisfied: bool) -> None:
        told = data.draw(st.sampled_from(self.results))
        assert self.case is not None
        if isinstance(told, VisitFailed):
            change = followup.failed(self.case, told, self.now)
        else:
            bad = as_dissatisfied and followup.opinion_of(told) == "dissatisfied"
            change = followup.answered(self.case, told, bad, RULES, self.now)
        self.effects[told.visit_id] += bool(change.events)
        self.keep(change)

    @precondition(lambda self: self.case)
    @rule(what=st.sampled_from(["assign", "resolve", "reopen", "reopen", "close", "reject"]))
    def somebody_acts(self, what: str) -> None:
        case = self.case
        assert case is not None
        acts = {
            "assign": lambda: handling.assign(case, "CD", "", RULES, "boss", self.now),
            "resolve": lambda: handling.resolve(case, "已整改", "boss", self.now),
            "reopen": lambda: handling.reopen(case, "退回", RULES, "boss", self.now),
            "close": lambda: handling.close(case, "办结", "", "boss", self.now),
            "reject": lambda: handling.reject(case, "驳回", "boss", self.now),
        }
        with suppress(Conflict):
            self.keep(acts[what]())

    @rule(hours=st.integers(1, 100))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)
        case = self.case
        if case is not None and case.escalate_at is not None and case.escalate_at <= self.now:
            change = escalation.escalate_overdue(case, RULES, self.now)
            assert change.case != case, "the job would find it again for ever"
            self.keep(change)

    @invariant()
    def a_result_takes_effect_at_most_once(self) -> None:
        assert all(times <= 1 for times in self.effects.values())

    @invariant()
    def first_rating_is_never_lost(self) -> None:
        assert self.case is None or self.case.first_rating == self.first_rating

    @invariant()
    def closed_is_final(self) -> None:
        if self.ended is not None:
            assert self.case is not None
            assert replace(self.case, version=0, updated_at=MONDAY, answered=()) == replace(
                self.ended, version=0, updated_at=MONDAY, answered=()
            )

    @invariant()
    def figures_agree_with_what_was_published(self) -> None:
        case = self.case
        if case is None:
            return
        assert self.published[ComplaintOpened] == 1
        assert self.published[ComplaintClosed] == (1 if self.ended else 0)
        assert case.level == self.published[ComplaintEscalated]
        assert case.round == self.published[ComplaintReopened] + 1
        assert self.published[ComplaintResolved] in (case.round - 1, case.round)
        assert case.escalate_at is None or case.state in IN_WORK


TestCaseLife = CaseLife.TestCase
TestCaseLife.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
