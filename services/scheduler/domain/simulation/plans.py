"""What is planned in a simulation, released, moved and recalled: customers with their runs and tasks, as the service's tables
have them.
"""

from collections import deque
from collections.abc import Iterable
from datetime import datetime
from functools import partial
from uuid import UUID

from services.scheduler.domain.book import PolicyBook
from services.scheduler.domain.customer import Customer
from services.scheduler.domain.decide import Decision, plan_contact, turned
from services.scheduler.domain.facts import Fact, Identity
from services.scheduler.domain.kept.contact_result import ContactResult, result_of_end
from services.scheduler.domain.later.recall import Prompt, looked_at_again, recall_record, taken_back
from services.scheduler.domain.later.reserve import Name, names_of, release_lost
from services.scheduler.domain.later.withdrawal import AT_RELEASE, is_withdrawn
from services.scheduler.domain.occasion import Occasion
from services.scheduler.domain.restraint.deferral import final_verdict, needs_ledger
from services.scheduler.domain.restraint.release import Verdict, concluded, release_verdict
from services.scheduler.domain.simulation.agenda import Agenda
from services.scheduler.domain.simulation.cases import Cases
from services.scheduler.domain.simulation.contacts import Settlements
from services.scheduler.domain.simulation.draws import Draws
from services.scheduler.domain.simulation.runs import SimulatedRuns, is_further_round
from services.scheduler.domain.simulation.tasks import TasksOf
from services.scheduler.domain.steps.runs import Moved, hear, hear_result, run_out
from services.scheduler.domain.task import Task
from shared.profile import NEVER


class Plans:
    """Customers, tasks and decisions in their newest state; `called` are those in reserve whose turn has come."""

    def __init__(self, book: PolicyBook) -> None:
        self.book = book
        self.of = TasksOf()
        self.decisions: dict[UUID, Decision] = {}
        self.customers: dict[str, Customer] = {}
        self.facts: dict[Identity, Fact] = {}
        self.withdrawn: dict[Identity, str] = {}
        self.cases = Cases()
        self.contacts = Settlements()
        self.agenda = Agenda()
        self.now = NEVER
        self.draws = Draws(book.share)
        self.called: deque[Occasion] = deque()
        self.runs = SimulatedRuns(book.heeded, book.chained)
        self._out: set[UUID] = set()

    def record(self, decision: Decision) -> None:
        """Keep a decision with its tasks; what runs that it ended have out is taken back."""
        self.decisions[decision.key] = decision
        for task in decision.tasks:
            self.keep(task)
        for run in decision.ended:
            for task in self.of.released(run.customer_id):
                if run.planned(task):
                    self.recall(taken_back(task, run.reason), Prompt(decision.name, decision.key, decision.at))

    def replace(self, lost: Iterable[Name], called_at: datetime) -> None:
        """Those in reserve come after all that is planned already."""
        self.called.extend(self.draws.replace(lost, called_at))

    def look_again(self, customer_id: str, told: Prompt) -> None:
        """Ask once more about what is out; runs go on from what was taken back once that is known of all."""
        recalled = []
        for task in self.of.released(customer_id):
            known, policy = self.cases.circumstances(task, self.customers[customer_id]), self.book.version_of(task)
            if not told.spares(task) and (after := looked_at_again(task, known, self.now, policy)):
                self.recall(after, told)
                recalled.append(after)
        for task in recalled:
            if task.state == "cancelled":
                self.conclude(task.id, result_of_end(task.state, task.reason, self.now))

    def recall(self, task: Task, told: Prompt) -> None:
        """A released task is taken back or postponed."""
        self._note(task)
        self.record(recall_record(task, told))
        if task.state == "cancelled":
            self.replace(names_of(task), told.at)

    def _note(self, task: Task) -> None:
        self.customers[task.customer_id] = self.contacts.noted(self.customers[task.customer_id], task)

    def move(self, moved: Moved) -> None:
        """Runs of a customer have moved on."""
        self.customers[moved.customer.id] = moved.customer
        for turn in moved.turns:
            self.record(turned(turn))
        self.expect(moved.customer)

    def hear(self, customer_id: str, fact: Fact) -> None:
        """Runs of this customer hear of an event that names none."""
        self.move(hear(self.customers[customer_id], fact, self.book.chained, plan_contact))

    def expect(self, customer: Customer) -> None:
        """Put down what the customer's runs wait for."""
        for limit in self.runs.note(customer):
            self.agenda.add(limit.moment, partial(self._run_out, customer.id, limit.moment), awaited=limit.plans)
        for fact in self.runs.missed(customer, self.now):
            self.hear(customer.id, fact)

    def _run_out(self, customer_id: str, moment: datetime) -> None:
        self.move(run_out(self.customers[customer_id], moment, self.book.chained, plan_contact))

    def conclude(self, task_id: UUID | None, result: ContactResult | None) -> None:
        """What a contact has come to leads on the runs that wait for it."""
        task = self.of.all.get(task_id) if task_id else None
        if task is not None and result is not None:
            self.move(hear_result(self.customers[task.customer_id], task.id, result, self.book.chained, plan_contact))

    def was_out(self, task: Task) -> bool:
        """Whether the task was released at some time."""
        return task.id in self._out

    def keep(self, task: Task) -> None:
        """Keep a task as it is now; one that is planned comes up when it is due."""
        if task.state == "released":
            self._out.add(task.id)
        self.of.keep(task)
        if task.state == "planned":
            awaited = not is_further_round(task.step, self.book.chained.get((task.policy_id, task.policy_version)))
            come_up = partial(self._come_up, task.id, task.due_at, task.due_at)
            self.agenda.add(task.due_at, come_up, str(task.id), awaited)

    def _come_up(self, task_id: UUID, due_at: datetime, moment: datetime) -> None:
        """A task has come up for release: it is due, or its window has opened."""
        task = self.of.all[task_id]
        if task.state == "planned" and task.due_at == due_at:  # else it was merged or moved meanwhile
            self._release(task, moment)

    def _release(self, task: Task, came_up_at: datetime) -> None:
        customer = self.customers[task.customer_id]
        verdict = self._verdict(task, customer)
        if verdict.opens is not None:
            self.agenda.add(verdict.opens, partial(self._come_up, task.id, task.due_at, verdict.opens), str(task.id))
            return
        task = concluded(task, verdict)
        self.keep(task)
        if release_lost(task.state, task.reason):
            self.replace(names_of(task), came_up_at)
        self._note(task)
        if task.state not in ("planned", "released"):
            self.conclude(task.id, result_of_end(task.state, task.reason, task.due_at))

    def _verdict(self, task: Task, customer: Customer) -> Verdict:
        if is_withdrawn(task, self.withdrawn):
            return AT_RELEASE
        known = self.cases.circumstances(task, customer)
        policy = self.book.version_of(task)
        verdict = release_verdict(task, known, self.now, policy.window.calendar.official)
        if needs_ledger(task, verdict):
            return final_verdict(task, known, self.now, policy)
        return verdict
