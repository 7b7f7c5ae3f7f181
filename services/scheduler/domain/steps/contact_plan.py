"""What a run asks for and leaves behind: the plan of a contact, why it is made now, and runs or steps that were ended."""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from services.scheduler.domain.customer import Customer
from services.scheduler.domain.detail import BecauseOf, Detail, Reason
from services.scheduler.domain.facts import Fact, Identity
from services.scheduler.domain.policy import written
from services.scheduler.domain.rule import Match
from services.scheduler.domain.task import Task
from services.scheduler.domain.value import Value


class ContactPlan(Value, frozen=True):
    """What became of one contact that a policy wants: a decision's detail, the customer after it, the touched tasks."""

    detail: Detail
    customer: Customer
    tasks: tuple[Task, ...] = ()


PlanContact = Callable[[Fact, Match, Customer], ContactPlan]


class Because(NamedTuple):
    """Why a run is led on: `record` as its decision keeps it."""

    reason: Reason
    record: BecauseOf[datetime]


class Ended(NamedTuple):
    """A run, or one `step` of it, that was ended: what it has released is taken back as well."""

    policy_id: str
    identity: Identity
    customer_id: str
    reason: str
    step: str = ""

    def planned(self, task: Task) -> bool:
        """Whether the run, or this step of it, planned the task, and nothing else wants it."""
        own = (task.policy_id, (task.event_id, task.event_source)) == self[:2] and not task.combined
        return own and self.step in ("", written(task.step))
