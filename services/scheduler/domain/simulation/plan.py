"""The plan of a series of facts, without a platform: the rules that the service runs, on values instead of rows.

Feed it in the order of time. Before anything happens, what is due by then is released, as the service would have done.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from functools import partial
from uuid import UUID

from services.scheduler.domain.batch import NO_RULES, Matched, decide_in_order, match_in_order, match_occasions
from services.scheduler.domain.book import PolicyBook
from services.scheduler.domain.customer import REFUSED, Customer, not_refusing, way_of, with_refusal
from services.scheduler.domain.decide import Decision, plan_contact, turned
from services.scheduler.domain.facts import Fact, Identity
from services.scheduler.domain.kept.contact_result import (
    REOPENED,
    ContactResult,
    correction_of_visit,
    result_of_end,
    result_of_message,
    result_of_visit,
    task_id_in,
)
from services.scheduler.domain.later.not_so import not_so, withdrawals_by, without_what_came_along
from services.scheduler.domain.later.recall import (
    Prompt,
    concerned,
    looked_at_again,
    prompt_of,
    recall_record,
    taken_back,
    turned_away,
    visit_ends,
)
from services.scheduler.domain.later.reserve import (
    Name,
    names_of,
    names_of_decision,
    plan_lost,
    release_lost,
    visit_lost,
)
from services.scheduler.domain.later.walk import Walk, last_begun, next_walk
from services.scheduler.domain.later.withdrawal import (
    AT_RELEASE,
    EVENT,
    Withdrawal,
    Without,
    called_off,
    forgotten,
    is_withdrawn,
    record,
    withdrawal_of,
    without,
)
from services.scheduler.domain.occasion import DRAWN, Occasion
from services.scheduler.domain.restraint.contacts import CASE_STATES, TaskNews, message_news, visit_news
from services.scheduler.domain.restraint.deferral import final_verdict, needs_ledger
from services.scheduler.domain.restraint.release import Verdict, concluded, release_verdict
from services.scheduler.domain.rule import Rule
from services.scheduler.domain.simulation.agenda import Agenda
from services.scheduler.domain.simulation.cases import Cases
from services.scheduler.domain.simulation.contacts import Settlements
from services.scheduler.domain.simulation.draws import GRACE, Draws
from services.scheduler.domain.simulation.facts import OPT_OUTS, heed_opt_out, to_be_decided
from services.scheduler.domain.simulation.runs import SimulatedRuns, is_further_round
from services.scheduler.domain.simulation.tasks import TasksOf
from services.scheduler.domain.steps.correction import hear_correction
from services.scheduler.domain.steps.runs import Moved, hear, hear_result, run_out
from services.scheduler.domain.task import Released, Task
from services.scheduler.domain.when.moment import moment_in
from services.scheduler.domain.when.periods import Period
from services.scheduler.domain.whom.limits import Slots
from shared.contracts.intake import FactWithdrawn
from shared.profile import NEVER
from shared.zone import local_day


class Simulation:
    """What is known after everything that happened so far: `tasks` in their newest state, `decisions` by their keys."""

    def __init__(self, book: PolicyBook) -> None:
        self.book = book
        self._of = TasksOf()
        self.tasks = self._of.all
        self.decisions: dict[UUID, Decision] = {}
        self._customers: dict[str, Customer] = {}
        self._cases = Cases()
        self._contacts = Settlements()
        self._out: set[UUID] = set()
        self._agenda = Agenda()
        self._now = NEVER
        self.draws = Draws(book.share)
        self._slots = Slots()
        self._closings: set[date] = set()
        self._called: deque[Occasion] = deque()
        self._occurring = False
        self._seen: set[UUID] = set()
        self._facts: dict[Identity, Fact] = {}
        self._withdrawn: dict[Identity, str] = {}
        self._runs = SimulatedRuns(book.heeded, book.chained)
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
        if fact.name == EVENT:
            return self._withdraw(withdrawal_of(FactWithdrawn.model_validate(fact.data), fact.key, fact.at))
        if fact.name in CASE_STATES:
            self._cases.note(fact)
        elif says := visit_news(fact.name, str(fact.data.get("reason", ""))):
            self._note_visit(fact, says)
        elif told := correction_of_visit(fact.name, fact.id, fact.at, fact.data):
            self._correct(fact, told)
        elif says := message_news(fact.name, str(fact.data.get("reason", ""))):
            self._note_message(fact, says)
        elif fact.name in OPT_OUTS:
            heed_opt_out(self._customers, fact)
        stands = fact.identity not in self._withdrawn
        for name in self._runs.listening(fact) if stands and not fact.customer_id else ():
            self._move(hear(self._customers[name], fact, self.book.chained, plan_contact))
        before = self._customers.get(fact.customer_id)
        decision = self._decide(fact) if to_be_decided(self.book, fact) else None
        self._take_back(fact)
        away = before and turned_away(before, self._customers[before.id])
        if name := fact.customer_id if away else concerned(fact.name, fact.data):
            self._look_again(name, prompt_of(fact))
        self._occur_called()
        return decision

    def occur(self, occasion: Occasion, rule: Rule | None = None) -> Decision:
        """Decide on an occasion, as the service does when it hears of it; `rule` is asked about one that time brings."""
        self.advance(occasion.moment)
        if occasion.reason in DRAWN:
            name = (
                occasion.fact.customer_id
            )  # of what is drawn it matters whether they have been asked about it already
            self._customers[name] = self._customers[name]._replace(asked=self._of.asked(name))
        rules = {occasion.key: rule} if rule else NO_RULES
        return self._plan_contacts(match_occasions([occasion], self._customers, rules))

    def advance(self, until: datetime) -> None:
        """Time passes: what is due by `until` is released, cancelled or expired at its moment, or when it becomes known."""
        if self._not_walked:
            self._begin_walks(until)
        while due := self._agenda.take(until):
            moment, action = due
            self._now = max(self._now, moment)
            action()
        self._now = max(self._now, until)

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
        for _, customer in sorted(self._customers.items()):
            if occasion := walk.occasion(customer):
                self.occur(occasion, walk.rule)
        self._occur_called()
        self._walk_after(walk.rule.policy.id, walk.day)

    def _take_back(self, fact: Fact) -> None:
        """What was planned because of what a contact did not come to is called off."""
        customer = self._customers.get(fact.customer_id) if not_so(fact.name, fact.data) else None
        for one in withdrawals_by(fact, customer, self._of.released(customer.id)) if customer else ():
            self._withdraw(one, without_what_came_along)

    def _withdraw(self, told: Withdrawal, go_without: Without = without) -> Decision:
        """What the fact has planned is called off; who was drawn and is withdrawn is replaced by the next in reserve."""
        self._withdrawn.setdefault(told.identity, told.reason)
        fact = self._facts.get(told.identity)
        name = fact.customer_id if fact else told.customer_id
        known = self._customers.get(name)
        tasks = sorted(self._of.released(name), key=lambda task: task.id) if known else []
        released = [Released(task, self._contacts.begun(task)) for task in tasks]
        off = called_off(known or Customer(name), released, told.identity, go_without)
        if known:
            self._customers[name] = forgotten(off.customer, told.identity)
        decision = record(told, fact, off)
        self._record(decision)
        if fact:
            self.draws.leave(fact.key)
            self._replace(off.lost, told.heard_at)
        self._occur_called()
        return decision

    def _standing(self, one: Matched) -> Matched:
        """Whatever policies say to it, a fact that was withdrawn before it was heard plans nothing and moves no run."""
        reason = self._withdrawn.get(one.fact.identity)
        asked = one.wanted or one.fact.type in self.book.heeded
        return one.without_policies(reason) if reason and asked else one

    def _decide(self, fact: Fact) -> Decision:
        self._facts.setdefault(fact.identity, fact)
        (matched,), seen = match_in_order(self.book, [fact], self._customers)
        self._customers |= seen
        return self._plan_contacts([matched])

    def _close_later(self, period: Period) -> None:
        if period.end not in self._closings:
            self._closings.add(period.end)
            self._agenda.add(period.closes_at + GRACE, partial(self._close, period.end))

    def _close(self, end: date) -> None:
        self._called.extend(self.draws.close(end))
        self._occur_called()

    def _occur_called(self) -> None:
        """One after the other in the order of loss; what falls due at the same moment comes before, and may add some."""
        if self._occurring:
            return
        self._occurring = True
        try:
            while self._called:
                self.occur(self._called.popleft())
        finally:
            self._occurring = False

    def _plan_contacts(self, heard_of: Sequence[Matched]) -> Decision:
        matched = [self._standing(one) for one in heard_of]
        closed = [local_day(self._now - GRACE)] if self.book.draws else None  # days close, drawn from or not
        (decided,) = decide_in_order(matched, self._customers, self.book.chained, closed, self._slots)
        decision = decided.decision
        for period in self.draws.enter(decided):
            self._close_later(period)
        for one in decided.records:
            self._record(one)
        self._expect(decided.after)
        if plan_lost(decision):
            self._replace(names_of_decision(decision), decision.at)
        return decision

    def _replace(self, lost: Iterable[Name], called_at: datetime) -> None:
        """Those in reserve come after all that is planned already."""
        self._called.extend(self.draws.replace(lost, called_at))

    def _record(self, decision: Decision) -> None:
        self.decisions[decision.key] = decision
        for task in decision.tasks:
            self._keep(task)
        for run in decision.ended:
            for task in self._of.released(run.customer_id):
                if run.planned(task):
                    self._recall(taken_back(task, run.reason), Prompt(decision.name, decision.key, decision.at))

    def _look_again(self, customer_id: str, told: Prompt) -> None:
        """Runs go on from what was taken back once that is known of all."""
        recalled = []
        for task in self._of.released(customer_id):
            known, policy = self._cases.circumstances(task, self._customers[customer_id]), self.book.version_of(task)
            if not told.spares(task) and (after := looked_at_again(task, known, self._now, policy)):
                self._recall(after, told)
                recalled.append(after)
        for task in recalled:
            if task.state == "cancelled":
                self._conclude(task.id, result_of_end(task.state, task.reason, self._now))

    def _recall(self, task: Task, told: Prompt) -> None:
        self._note(task)
        self._record(recall_record(task, told))
        if task.state == "cancelled":
            self._replace(names_of(task), told.at)

    def _note(self, task: Task) -> None:
        self._customers[task.customer_id] = self._contacts.noted(self._customers[task.customer_id], task)

    def _move(self, moved: Moved) -> None:
        """Runs of a customer have moved on."""
        self._customers[moved.customer.id] = moved.customer
        for turn in moved.turns:
            self._record(turned(turn))
        self._expect(moved.customer)

    def _expect(self, customer: Customer) -> None:
        for limit in self._runs.note(customer):
            self._agenda.add(limit.moment, partial(self._run_out, customer.id, limit.moment), awaited=limit.plans)
        for fact in self._runs.missed(customer, self._now):
            self._move(hear(self._customers[customer.id], fact, self.book.chained, plan_contact))

    def _run_out(self, customer_id: str, moment: datetime) -> None:
        self._move(run_out(self._customers[customer_id], moment, self.book.chained, plan_contact))

    def _conclude(self, task_id: UUID | None, result: ContactResult | None) -> None:
        """What a contact has come to leads on the runs that wait for it."""
        task = self.tasks.get(task_id) if task_id else None
        if task is not None and result is not None:
            self._move(hear_result(self._customers[task.customer_id], task.id, result, self.book.chained, plan_contact))

    def _keep(self, task: Task) -> None:
        if task.state == "released":
            self._out.add(task.id)
        self._of.keep(task)
        if task.state == "planned":
            awaited = not is_further_round(task.step, self.book.chained.get((task.policy_id, task.policy_version)))
            come_up = partial(self._come_up, task.id, task.due_at, task.due_at)
            self._agenda.add(task.due_at, come_up, str(task.id), awaited)

    def _come_up(self, task_id: UUID, due_at: datetime, moment: datetime) -> None:
        """A task has come up for release: it is due, or its window has opened."""
        task = self.tasks[task_id]
        if task.state == "planned" and task.due_at == due_at:  # else it was merged or moved meanwhile
            self._release(task, moment)
            self._occur_called()

    def _release(self, task: Task, came_up_at: datetime) -> None:
        customer = self._customers[task.customer_id]
        verdict = self._verdict(task, customer)
        if verdict.opens is not None:
            self._agenda.add(verdict.opens, partial(self._come_up, task.id, task.due_at, verdict.opens), str(task.id))
            return
        task = concluded(task, verdict)
        self._keep(task)
        if release_lost(task.state, task.reason):
            self._replace(names_of(task), came_up_at)
        self._note(task)
        if task.state not in ("planned", "released"):
            self._conclude(task.id, result_of_end(task.state, task.reason, task.due_at))

    def _verdict(self, task: Task, customer: Customer) -> Verdict:
        if is_withdrawn(task, self._withdrawn):
            return AT_RELEASE
        known = self._cases.circumstances(task, customer)
        policy = self.book.version_of(task)
        verdict = release_verdict(task, known, self._now, policy.window.calendar.official)
        if needs_ledger(task, verdict):
            return final_verdict(task, known, self._now, policy)
        return verdict

    def _note_visit(self, fact: Fact, says: TaskNews) -> None:
        task = self.tasks.get(UUID(fact.data["task_id"]))
        if task is None:
            return
        self._end(task, says)
        if visit_lost(fact.name, fact.data):
            self._replace(names_of(task), fact.at)
        customer = self._settle(task, says, fact.at)
        if says.refused:
            ways = with_refusal(customer.opted_out, way_of(task.channel, REFUSED), fact.at)
            customer = customer._replace(opted_out=ways)
        self._customers[customer.id] = customer
        self._conclude(task.id, result_of_visit(fact.name, fact.id, fact.at, fact.data))

    def _correct(self, fact: Fact, told: ContactResult) -> None:
        """What a contact had come to was wrong: its task is out again if it had failed by that, and its runs follow."""
        task = self.tasks.get(UUID(fact.data["task_id"]))
        if task is None:
            return
        if fact.name == REOPENED and task.state == "failed":
            self._keep(task._replace(state="released", reason=""))
            customer = self._contacts.reserve_again(self._customers[task.customer_id], task)
            if fact.data.get("reason") == REFUSED and not self._of.has_refused(customer.id, task.channel):
                customer = not_refusing(customer, task.channel, moment_in(fact.data.get("failed_at")) or fact.at)
            self._customers[customer.id] = customer
        customer = self._customers[task.customer_id]
        self._move(hear_correction(customer, task.id, told, self.book.chained, plan_contact))

    def _note_message(self, fact: Fact, says: TaskNews) -> None:
        task_id = task_id_in(fact.data.get("cause_id"))
        result = result_of_message(fact.name, fact.id, fact.at, fact.data)
        task = self.tasks.get(task_id) if task_id else None
        if task is None or result is None:
            return
        if result.channel in ("", task.channel):  # others only tell of it
            self._end(task, says)
            self._settle(task, says, fact.at)
        self._conclude(task.id, result)

    def _end(self, task: Task, says: TaskNews) -> None:
        if says.ends and visit_ends(task.state, says.ends, task.id in self._out):
            self._keep(task._replace(state=says.ends, reason=says.reason))
            self._customers[task.customer_id] = self._customers[task.customer_id].closed(task)

    def _settle(self, task: Task, says: TaskNews, at: datetime) -> Customer:
        self._customers[task.customer_id] = self._contacts.settle(self._customers[task.customer_id], task, says, at)
        return self._customers[task.customer_id]
