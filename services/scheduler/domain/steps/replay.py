"""A fact is heard late: the policy's runs go their way again, as if it had been heard when it happened.

Only runs that nothing but facts have moved are taken back: once somebody was contacted or a wait was over, a run stands, and
so does one whose contact answers other matters too or took a slot of a quota.
"""

from collections.abc import Mapping
from uuid import UUID

from services.scheduler.domain.customer import Customer
from services.scheduler.domain.detail import Detail
from services.scheduler.domain.kept.story import Begun, Heard, of_policy
from services.scheduler.domain.kept.waiting import Waiting, run_id
from services.scheduler.domain.rule import Match, base_of
from services.scheduler.domain.steps.chain import Chained, types_of
from services.scheduler.domain.steps.contact_plan import PlanContact
from services.scheduler.domain.steps.listen import in_order, listen, run_of
from services.scheduler.domain.steps.run import STOPPED, Run, is_own, untouched
from services.scheduler.domain.task import Task, moved

IGNORED, RESTARTED, REARRANGED = "ignored", "restarted", "rearranged"
ENDS = (STOPPED, IGNORED)
Loose = Mapping[UUID, Heard]


def loose_runs(customer: Customer, policy_id: str, chained: Chained) -> Loose:
    """The policy's runs that may be taken back, by their ids; among them those that facts have ended or not let begin."""
    return {
        run_id(policy_id, entry.fact): entry
        for entry in customer.story
        if (begun := entry.run_of(policy_id)) and _is_loose(customer, entry, begun, chained)
    }


def _is_loose(customer: Customer, entry: Heard, begun: Begun, chained: Chained) -> bool:
    policy = chained.get((begun.policy_id, begun.version))
    limited = policy is None or policy.quota or policy.ceiling
    return not limited and untouched(customer, begun.policy_id, entry.fact)


def replayed(
    customer: Customer, policy_id: str, chained: Chained, plan_contact: PlanContact, own: UUID | None = None
) -> list[Run]:
    """The runs that come to something else now, and run `own` in any case; the customer of each is as they are after all."""
    replay = _Replay(customer, policy_id, chained, plan_contact)
    replay.play()
    return [run for run in replay.moved_runs() if run.id == own or run.tasks or replay.waits_otherwise(run.id)]


class _Replay:
    def __init__(self, before: Customer, policy_id: str, chained: Chained, plan_contact: PlanContact) -> None:
        self.before = before
        self.policy_id = policy_id
        self.chained = chained
        self.plan_contact = plan_contact
        self.loose = loose_runs(before, policy_id, chained)
        self.undone = [task for task in before.open if self._run_of(task) is not None]
        self.customer = before.not_waiting(*(row for row in before.waiting if row.run in self.loose))
        for task in self.undone:
            self.customer = self.customer.without(task)
        self.moves: list[Run] = []

    def play(self) -> None:
        """Everything that concerns the policy happens again, in its order."""
        for entry in of_policy(self.before.story, self.policy_id, types_of(self.policy_id, self.chained)):
            for row in in_order(self.customer):
                if row.run in self.loose and row.fact.key != entry.fact.key and self.customer.waits(row):
                    self._keep(listen(self.customer, row, entry.fact, self.chained, self.plan_contact))
            if begun := entry.run_of(self.policy_id):
                self._trigger(entry, begun)

    def _trigger(self, entry: Heard, begun: Begun) -> None:
        policy = self.chained.get((self.policy_id, begun.version))
        if policy is None or policy.chain is None:
            return
        at, again, loose = entry.fact.at, policy.chain.again, run_id(self.policy_id, entry.fact) in self.loose
        if again == "restart":
            self._end_earlier(entry)
        if loose:
            match = Match(policy, draw=begun.draw)
            began = base_of(policy, entry.fact) or at
            run = Run(policy, policy.chain, entry.fact, began, self.customer, self.plan_contact, at, match)
            if again == "ignore" and self._is_taken(entry):
                run.pass_over()
            else:
                run.begin()
            self._keep(run)

    def _end_earlier(self, entry: Heard) -> None:
        for row in in_order(self.customer):
            earlier = row.run in self.loose or row.fact.at < entry.fact.at
            if row.policy_id == self.policy_id and earlier and self.customer.waits(row):
                run = run_of(self.customer, row, self.chained, self.plan_contact, entry.fact.at)
                run.end(RESTARTED)
                self._keep(run)

    def _is_taken(self, entry: Heard) -> bool:
        """Whether another run was going by then, or stands that was begun later: what it does is not done twice."""
        if any(row.policy_id == self.policy_id for row in self.customer.waiting):
            return True
        standing = [(one.fact, run) for one in self.before.story if (run := one.run_of(self.policy_id)) and run.stands]
        return any(fact.at > entry.fact.at or (run.over and run.over > entry.fact.at) for fact, run in standing)

    def _keep(self, run: Run) -> None:
        self.customer = run.customer
        self.moves.append(run)

    def waits_otherwise(self, run: UUID) -> bool:
        """Whether the run waits for something else than before."""
        return _rows(self.before, run) != _rows(self.customer, run)

    def moved_runs(self) -> list[Run]:
        """Every run that was moved, once: of one that is over only how it ended is told."""
        tasks = self._changed_tasks()
        details: dict[UUID, list[Detail]] = {}
        for move in self.moves:
            told = [*details.get(move.id, ()), *move.details]
            details[move.id] = told[-1:] if told and told[-1]["result"] in ENDS else _after_all(told)
        last = {move.id: move for move in self.moves}
        for run in last.values():
            run.customer, run.details, run.tasks = self.customer, details[run.id], tasks.get(run.id, [])
            if run.id in self.loose:
                run.ended = []  # nothing of it was out
            for detail in run.details:
                if "cancelled" in detail:
                    detail["cancelled"] = [str(task.id) for task in run.tasks if task.state == "cancelled"]
        return list(last.values())

    def _changed_tasks(self) -> dict[UUID, list[Task]]:
        """By the run that changed them last; what was planned and called off within the replay never was."""
        known = {task.id: task for task in self.before.open}
        last = {task.id: (move.id, task) for move in self.moves for task in move.tasks}
        found: dict[UUID, list[Task]] = {}
        for run, task in last.values():
            if task != known.get(task.id) and (task.id in known or task.state == "planned"):
                found.setdefault(run, []).append(task)
        for task in self.undone:
            if task.id not in last and (gone := self._run_of(task)):
                found.setdefault(gone, []).append(moved(task, "cancelled", self._reason(gone)))
        return found

    def _reason(self, run: UUID) -> str:
        """Why a run no longer plans a contact."""
        told = [detail for move in self.moves if move.id == run for detail in move.details]
        ended = told and told[-1]["result"] in ENDS
        return str(told[-1].get("reason", IGNORED)) if ended else REARRANGED

    def _run_of(self, task: Task) -> UUID | None:
        found = (run for run, entry in self.loose.items() if is_own(self.policy_id, entry.fact, task))
        return next(found, None)


def _after_all(told: list[Detail]) -> list[Detail]:
    """Of a step that was planned and stopped again within the replay only that it was stopped."""
    stopped = {one["step"] for one in told if one["result"] == "skipped" and one.get("reason") == STOPPED}
    return [one for one in told if one["result"] != "planned" or one["step"] not in stopped]


def _rows(customer: Customer, run: UUID) -> list[Waiting]:
    return [row for row in in_order(customer) if row.run == run]
