"""The contact ledger: what counts for caps. Reserved when planned, committed when it took place, freed when it will not."""

from datetime import date, timedelta
from uuid import UUID

from services.scheduler.domain.task import Task
from services.scheduler.domain.value import Value
from shared.zone import local_day

LONGEST_PERIOD = timedelta(days=370)  # of any cap


class Contact(Value, frozen=True):
    """A contact that counts: the local day it is planned for or took place, and what it counts as.

    `policies` are those it counts for: of a combined contact all that take part in caps.
    """

    task_id: UUID
    day: date
    purpose: str = "followup"
    policies: tuple[str, ...] = ()
    tier: str = ""


def contact_of(task: Task) -> Contact:
    """The task's place in the ledger, if it counts at all."""
    return Contact(task.id, local_day(task.due_at), task.purpose, task.counted, task.tier)
