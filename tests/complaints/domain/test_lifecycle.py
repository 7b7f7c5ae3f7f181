"""A case's life, driven at random: events doubled and told in either order, people acting at any time."""

from datetime import datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from services.complaints.domain import escalation, followup, handling
from services.complaints.domain.case import Case, Change
from services.complaints.domain.opening import open_case
from shared.contracts.complaints import ComplaintClosed, ComplaintEscalated, ComplaintReopened, ComplaintResolved
from shared.contracts.visits import Outcome, VisitFailed
from shared.errors import Conflict
from tests.complaints.builders import MONDAY, RULES, completed, content, dissatisfied, failed, opening, second

FIRST_RATINGS = st.sampled_from([1, 2])


class CaseLife(RuleBasedStateMachine):
    """Keeps one case per origin, as the store does, and checks what must hold whatever happens."""

    results = Bundle("results")

    def __init__(self) -> None:
        super().__init__()
        self.now: datetime = MONDAY
        self.cases: dict[str, Case] = {}
        self.first: dict[str, int] = {}
        self.ended: dict[str, Case] = {}
        self.raises: dict[str, int] = {}
        self.resolutions: dict[str, int] = {}
        self.visits = 0

    def keep(self, origin_id: str, change: Change) -> None:
        before = self.cases.get(origin_id)
        assert before is None or change.case == before or change.case.version > before.version
        self.cases[origin_id] = change.case
        for event in change.events:
            self.raises[origin_id] = self.raises.get(origin_id, 0) + isinstance(event, ComplaintEscalated)
            self.resolutions[origin_id] = self.resolutions.get(origin_id, 0) + isinstance(event, ComplaintResolved)
            assert event.case_id == str(change.case.id)  # type: ignore[attr-defined]
            if isinstance(event, ComplaintClosed):
                assert origin_id not in self.ended, "closed twice"
                self.ended[origin_id] = change.case
            if isinstance(event, ComplaintReopened):
                assert origin_id not in self.ended

    @rule(visit=st.sampled_from(["V1", "V2"]), rating=FIRST_RATINGS)
    def dissatisfied_visit_is_told(self, visit: str, rating: int) -> None:
        told = opening(dissatisfied(visit, rating=self.first.setdefault(visit, rating)))
        if told.origin_id not in self.cases:
            self.keep(visit, open_case(told, f"TS-{visit}", 0, RULES, self.now))
        assert self.cases[visit].id == told.case_id

    @rule(target=results, visit=st.sampled_from(["V1", "V2"]), rating=st.sampled_from([None, 1, 2, 3, 5]))
    def second_follow_up_happens(self, visit: str, rating: int | None) -> tuple[str, Outcome | VisitFailed, bool]:
        self.visits += 1
        number = f"second-{self.visits}"
        case = self.cases.get(visit)
        if case is None or case.state != "resolved":
            return visit, dissatisfied(), False
        if rating is None:
            return visit, failed(number, case), True
        if rating >= 3:
            return visit, content(number, case, rating), True
        return visit, completed(number, **second(case, rating=rating)), True

    @rule(result=results, as_dissatisfied=st.booleans())
    def result_is_told(self, result: tuple[str, Outcome | VisitFailed, bool], as_dissatisfied: bool) -> None:
        """Drawn without being consumed: the same result may be told many times, late, in either form."""
        visit, told, real = result
        if not real:
            return
        case = self.cases[visit]
        if isinstance(told, VisitFailed):
            self.keep(visit, followup.failed(case, told, self.now))
        else:
            bad = as_dissatisfied and followup.opinion_of(told) == "dissatisfied"
            self.keep(visit, followup.answered(case, told, bad, RULES, self.now))

    @rule(result=consumes(results))
    def result_is_forgotten(self, result: object) -> None:
        """Some results are never told again."""

    @rule(visit=st.sampled_from(["V1", "V2"]), what=st.sampled_from(["assign", "resolve", "reopen", "close", "reject"]))
    def somebody_acts(self, visit: str, what: str) -> None:
        case = self.cases.get(visit)
        if case is None:
            return
        acts = {
            "assign": lambda: handling.assign(case, "CD", "", RULES, "boss", self.now),
            "resolve": lambda: handling.resolve(case, "已整改", "boss", self.now),
            "reopen": lambda: handling.reopen(case, "退回", RULES, "boss", self.now),
            "close": lambda: handling.close(case, "办结", "", "boss", self.now),
            "reject": lambda: handling.reject(case, "驳回", "boss", self.now),
        }
        try:
            self.keep(visit, acts[what]())
        except Conflict:
            assert self.cases[visit] == case

    @rule(hours=st.integers(1, 100))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)
        for visit, case in self.cases.items():
            if case.escalate_at is not None and case.escalate_at <= self.now:
                change = escalation.escalate_overdue(case, RULES, self.now)
                assert change.case != case, "the job would find it again for ever"
                self.keep(visit, change)

    @invariant()
    def first_rating_is_never_lost(self) -> None:
        for visit, case in self.cases.items():
            assert case.first_rating == self.first[visit]

    @invariant()
    def closed_is_final(self) -> None:
        for visit, ended in self.ended.items():
            case = self.cases[visit]
            assert (case.state, case.outcome, case.final_rating, case.level, case.round) == (
                ended.state,
                ended.outcome,
                ended.final_rating,
                ended.level,
                ended.round,
            )

    @invariant()
    def figures_agree_with_what_was_published(self) -> None:
        for visit, case in self.cases.items():
            assert case.level == self.raises.get(visit, 0)
            assert self.resolutions.get(visit, 0) in (case.round - 1, case.round)
            assert (case.escalate_at is None) or not case.is_final()


TestCaseLife = CaseLife.TestCase
TestCaseLife.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
