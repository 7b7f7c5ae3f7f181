"""The plan of a series of facts, without a platform: the rules that the service runs, on values instead of rows.

Feed it in the order of time. Before anything happens, what is due by then is released, as the service would have done.
`plans` has what is planned and what becomes of it, `results` what contacts come to, `withdrawals` what doesn't stand any
more, `erasures` who is not contacted any more.
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from functools import partial
from uuid import UUID

from services.scheduler.domain.batch import NO_RULES, Matched, decide_in_order, match_in_order, match_occasions
from services.scheduler.domain.book import PolicyBook
from services.scheduler.domain.customer import Customer
from services.scheduler.domain.decide import Decision
from services.scheduler.domain.facts import Fact
from services.scheduler.domain.kept.contact_result import correction_of_visit
from services.scheduler.domain.later.erasing import CUSTOMER_ERASED
from services.scheduler.domain.later.recall import concerned, prompt_of, turned_away
from services.scheduler.domain.later.reserve import names_of_decision, plan_lost
from services.scheduler.domain.later.walk import Walk, last_begun, next_walk
from services.scheduler.domain.later.withdrawal import EVENT, withdrawal_of
from services.scheduler.domain.occasion import DRAWN, Occasion
from services.scheduler.domain.restraint.contacts import CASE_STATES, message_news, visit_news
from services.scheduler.domain.rule import Rule
from services.scheduler.domain.simulation.draws import GRACE, Draws
from services.scheduler.domain.simulation.erasures import erase
from services.scheduler.domain.simulation.facts import OPT_OUTS, heed_opt_out, to_be_decided
from services.scheduler.domain.simulation.plans import Plans
from services.scheduler.domain.simulation.results import correct, note_message, note_visit
from services.scheduler.domain.simulation.withdrawals import standing, take_back, withdraw
from services.scheduler.domain.task import Task
from services.scheduler.domain.when.periods import Period
from services.scheduler.domain.whom.limits import Slots
from shared.contracts.intake import FactWithdrawn
from shared.zone import local_day


class Simulation:
    """What is known after everything that happened so far: `tasks` and `customers` in their newest state, `decisions` by
    their keys."""

    def __init__(self, book: PolicyBook, plans: Callable[[PolicyBook], Plans] = Plans) -> None:
        self.book = book
        self._plans = plans(book)
        self.tasks: dict[UUID, Task] = self._plans.of.all
        self.decisions: dict[UUID, Decision] = self._plans.decisions
        self.customers: dict[str, Customer] = self._plans.customers
        self.draws: Draws = self._plans.draws
        self._agenda = self._plans.agenda
        self._slots = Slots()
        self._closings: set[date] = set()
        self._occurring = False
        self._seen: set[UUID] = set()
        self._not_walked = dict(book.timed)
        self._walking = True

    def happen(self, fact: Fact) -> Decision | None:
        """Take a fact, or an event of the platform, in; gives the decision where the service would make one.

        The same event again changes nothing, as in the service.
        """
        if fact.key in self._seen:
            return None
        self._seen.add(fact.key)
        self.advance(fact.at)
        decision = self._withdraw(fact) if fact.name == EVENT else self._hear(fact)
        self._occur_called()
        return decision

    def _withdraw(self, fact: Fact) -> Decision:
        return withdraw(self._plans, withdrawal_of(FactWithdrawn.model_validate(fact.data), fact.key, fact.at))

    def _hear(self, fact: Fact) -> Decision | None:
        self._note(fact)
        stands = fact.identity not in self._plans.withdrawn
        for name in self._plans.runs.listening(fact) if stands and not fact.customer_id else ():
            self._plans.hear(name, fact)
        before = self.customers.get(fact.customer_id)
        decision = self._decide(fact) if to_be_decided(self.book, fact) else None
        take_back(self._plans, fact)
        away = before and turned_away(before, self.customers[before.id])
        if name := fact.customer_id if away else concerned(fact.name, fact.data):
            self._plans.look_again(name, prompt_of(fact))
        return decision

    def _note(self, fact: Fact) -> None:
        """What an event of the platform says of a case, a contact, a refusal or an erasure."""
        reason = str(fact.data.get("reason", ""))
        if fact.name in CASE_STATES:
            self._plans.cases.note(fact)
        elif says := visit_news(fact.name, reason):
            note_visit(self._plans, fact, says)
        elif told := correction_of_visit(fact.name, fact.id, fact.at, fact.data):
            correct(self._plans, fact, told)
        elif says := message_news(fact.name, reason):
            note_message(self._plans, fact, says)
        elif fact.name in OPT_OUTS:
            heed_opt_out(self.customers, fact)
        elif fact.name == CUSTOMER_ERASED:
            erase(self._plans, fact)

    def occur(self, occasion: Occasion, rule: Rule | None = None) -> Decision:
        """Decide on an occasion, as the service does when it hears of it; `rule` is asked about one that time brings."""
        self.advance(occasion.moment)
        if occasion.reason in DRAWN:  # of whoever is drawn it matters whether they have been asked about it already
            name = occasion.fact.customer_id
            self.customers[name] = self.customers[name]._replace(asked=self._plans.of.asked(name))
        rules = {occasion.key: rule} if rule else NO_RULES
        return self._plan_contacts(match_occasions([occasion], self.customers, rules))

    def advance(self, until: datetime) -> None:
        """Time passes: what is due by `until` is released, cancelled or expired at its moment, or when it becomes known."""
        if self._not_walked:
            self._begin_walks(until)
        while due := self._agenda.take(until):
            moment, action = due
            self._plans.now = max(self._plans.now, moment)
            action()
            self._occur_called()
        self._plans.now = max(self._plans.now, until)

    def finish(self) -> None:
        """Time passes until nothing is planned any more; for its own sake it triggers nothing new."""
        self._walking = False
        while moment := self._agenda.next_awaited:
            self.advance(moment)

    def _begin_walks(self, now: datetime) -> None:
        """As in a service that has these policies since `now`."""
        waiting, self._not_walked = self._not_walked, {}
        for policy_id, rule in waiting.items():
            self._walk_after(policy_id, last_begun(rule.policy, now))

    def _walk_after(self, policy_id: str, done: date) -> None:
        if walk := next_walk(self.book, policy_id, done):
            self._agenda.add(walk.moment, partial(self._walk, walk), f"walk {policy_id}", awaited=False)

    def _walk(self, walk: Walk) -> None:
        if not self._walking:
            return
        for _, customer in sorted(self.customers.items()):
            if occasion := walk.occasion(customer):
                self.occur(occasion, walk.rule)
        self._occur_called()
        self._walk_after(walk.rule.policy.id, walk.day)

    def _decide(self, fact: Fact) -> Decision:
        self._plans.facts.setdefault(fact.identity, fact)
        (matched,), seen = match_in_order(self.book, [fact], self.customers)
        self.customers.update(seen)
        return self._plan_contacts([matched])

    def _close_later(self, period: Period) -> None:
        if period.end not in self._closings:
            self._closings.add(period.end)
            self._agenda.add(period.closes_at + GRACE, partial(self._close, period.end))

    def _close(self, end: date) -> None:
        self._plans.called.extend(self.draws.close(end))

    def _occur_called(self) -> None:
        """One after the other in the order of loss; what falls due at the same moment comes before, and may add some."""
        if self._occurring:
            return
        self._occurring = True
        try:
            while self._plans.called:
                self.occur(self._plans.called.popleft())
        finally:
            self._occurring = False

    def _plan_contacts(self, heard_of: Sequence[Matched]) -> Decision:
        matched = [standing(self._plans, one) for one in heard_of]
        closed = [local_day(self._plans.now - GRACE)] if self.book.draws else None  # days close, drawn from or not
        (decided,) = decide_in_order(matched, self.customers, self.book.chained, closed, self._slots)
        decision = decided.decision
        for period in self.draws.enter(decided):
            self._close_later(period)
        for one in decided.records:
            self._plans.record(one)
        self._plans.expect(decided.after)
        if plan_lost(decision):
            self._plans.replace(names_of_decision(decision), decision.at)
        return decision
