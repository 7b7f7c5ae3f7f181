"""The tasks of a simulation: what the service keeps in a table, kept in memory."""

from collections import defaultdict
from uuid import UUID

from services.scheduler.domain.customer import REFUSED
from services.scheduler.domain.restraint.merge import ASKED
from services.scheduler.domain.task import Task


class TasksOf:
    """All tasks in their newest state, and which of them are whose."""

    def __init__(self) -> None:
        self.all: dict[UUID, Task] = {}
        self._of: dict[str, set[UUID]] = defaultdict(set)

    def keep(self, task: Task) -> None:
        self.all[task.id] = task
        self._of[task.customer_id].add(task.id)

    def released(self, customer_id: str) -> list[Task]:
        tasks = (self.all[task_id] for task_id in self._of[customer_id])
        return sorted((task for task in tasks if task.state == "released"), key=lambda task: (task.due_at, task.id))

    def asked(self, customer_id: str) -> tuple[Task, ...]:
        """Those that ask, or have asked, their customer something."""
        return tuple(task for task_id in self._of[customer_id] if (task := self.all[task_id]).state in ASKED)

    def has_refused(self, customer_id: str, channel: str) -> bool:
        """Whether the customer has refused in a visit by this channel."""
        tasks = (self.all[task_id] for task_id in self._of[customer_id])
        return any((task.state, task.reason, task.channel) == ("failed", REFUSED, channel) for task in tasks)
