"""The result of a contact was wrong after it had led a run on: the run goes on from what the contact really came to.

What was planned because of the wrong result is called off. The run stays as it is once the contact that followed is out, goes
for another policy too, or came to something, and once a later run of the policy has begun where there is one at a time.
"""

from datetime import datetime
from uuid import UUID

from services.scheduler.domain.customer import Customer
from services.scheduler.domain.detail import BecauseOf
from services.scheduler.domain.kept.contact_result import COMPLETED, CORRECTED, FAILED, ContactResult
from services.scheduler.domain.kept.waiting import LedOn, Waiting
from services.scheduler.domain.steps.chain import Chained
from services.scheduler.domain.steps.contact_plan import Because, PlanContact
from services.scheduler.domain.steps.listen import catch_up, run_of
from services.scheduler.domain.steps.run import PATIENCE, Run, is_own
from services.scheduler.domain.steps.runs import Cause, Moved, Turn, begun
from shared.ids import derived_id

REASON = "corrected"
UNDER_WAY, MERGED, LATER_RUN = "under_way", "merged", "later_run"


def hear_correction(
    customer: Customer, task_id: UUID, told: ContactResult, chained: Chained, plan_contact: PlanContact
) -> Moved:
    """Every run that the contact has led on is led elsewhere, or waits for its result again if it was opened again.

    `told` is what `kept.contact_result.correction_of_visit` says.
    """
    turns = []
    wrong = COMPLETED if told.event == CORRECTED else FAILED
    for led in sorted(customer.led, key=lambda one: one.id):
        if led.row.task_id == task_id and led.event == wrong:
            move = _Correction(customer, led, told, chained, plan_contact)
            if run := move.lead_elsewhere() if wrong == COMPLETED else move.wait_again():
                turns.append(Turn(run, _cause(led.row, told)))
                customer = run.customer
    return Moved(customer, tuple(turns))


class _Correction:
    """What has led one run on, and what is told of it now."""

    def __init__(
        self, customer: Customer, led: LedOn, told: ContactResult, chained: Chained, plan_contact: PlanContact
    ) -> None:
        self.customer = customer
        self.led = led
        self.told = told
        self.chained = chained
        self.plan_contact = plan_contact
        self.followers = [row for row in customer.waiting if row.id in led.then]

    def lead_elsewhere(self) -> Run | None:
        """None where the result, as it is now, leads to what follows already."""
        result = self.told._replace(at=self.led.at)
        run = self._run(result.because)
        off = run.call_off(self.followers, REASON)
        run.note(self.led.row.step, "corrected")
        left = run.customer
        run.conclude_again(self.led.row, result)
        catch_up(run, self.chained)
        then = begun(run, left)
        if not run.ended and set(then) == set(self.led.then):
            return None
        if too_late := self._too_late():
            return self._as_it_is(result.because, too_late)
        planned = {task.id for task in run.customer.open}
        run.details[0]["cancelled"] = [str(task.id) for task in off if task.id not in planned]
        run.customer = run.customer.remembering(self.led._replace(code=result.code, then=then))
        return run

    def wait_again(self) -> Run:
        """The contact goes on, and the run waits for its result as before."""
        because = self.told._replace(code=self.led.code, at=self.led.at).because
        if too_late := self._too_late():
            return self._as_it_is(because, too_late)
        run, row = self._run(because), self.led.row
        off = run.call_off(self.followers, REASON)
        until = max(row.until or self.told.at, self.told.at + PATIENCE)
        run.customer = run.customer.not_remembering(self.led).waiting_for(row._replace(until=until))
        run.note(row.step, "corrected", {"cancelled": [str(task.id) for task in off]})
        run.stand()
        return run

    def _run(self, because: BecauseOf[datetime]) -> Run:
        record = Because("follows", because)
        return run_of(self.customer, self.led.row, self.chained, self.plan_contact, self.told.at, record)

    def _as_it_is(self, because: BecauseOf[datetime], reason: str) -> Run:
        run = self._run(because)
        run.note(self.led.row.step, "corrected", {"reason": reason})
        return run

    def _too_late(self) -> str:
        """Why the run stays as it is; "" where nothing speaks against leading it elsewhere."""
        if len(self.followers) < len(self.led.then):
            return UNDER_WAY
        planned = {task.id: task for task in self.customer.open}
        tasks = [planned.get(row.task_id) for row in self.followers if row.task_id is not None]
        if not all(tasks):
            return UNDER_WAY
        row = self.led.row
        if any(task.combined or not is_own(row.policy_id, row.fact, task) for task in tasks if task):
            return MERGED
        return LATER_RUN if self._is_followed() else ""

    def _is_followed(self) -> bool:
        """Whether a later run of the policy has begun, which is not to be joined by this one."""
        row, policy = self.led.row, self.chained[self.led.row.policy]
        if policy.chain is None or policy.chain.again == "parallel":
            return False
        others = [other.fact for other in self.customer.waiting if _is_another(other, row)]
        stands = ((one.fact, one.run_of(row.policy_id)) for one in self.customer.story)
        others += [fact for fact, run in stands if run and run.stands]
        return any(fact.at > row.fact.at for fact in others)


def _is_another(other: Waiting, row: Waiting) -> bool:
    return other.policy_id == row.policy_id and other.run != row.run


def _cause(row: Waiting, told: ContactResult) -> Cause:
    key = derived_id(told.at, "moved", str(row.id), REASON, told.event, told.event_id)
    return Cause(key, told.at, told.event, "follows")
