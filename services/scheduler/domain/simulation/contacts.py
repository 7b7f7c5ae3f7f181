"""What became of the contacts of released tasks in a simulation: what the service keeps in its ledger, kept in memory."""

from datetime import datetime
from uuid import UUID

from services.scheduler.domain.customer import Customer
from services.scheduler.domain.ledger.contacts import contact_of
from services.scheduler.domain.restraint.contacts import Settlement, TaskNews, settled
from services.scheduler.domain.task import Task
from shared.zone import local_day


class Settlements:
    """How each contact was settled, by task, and whom a call-back was agreed with."""

    def __init__(self) -> None:
        self._made: dict[UUID, Settlement] = {}
        self._agreed: set[UUID] = set()

    def begun(self, task: Task) -> bool:
        """Whether something is known of the contact."""
        return task.id in self._made

    def settle(self, customer: Customer, task: Task, says: TaskNews, at: datetime) -> Customer:
        """The customer with the contact where it counts, or without it."""
        if says.ends is None:
            self._agreed.add(task.id)
        made = self._made[task.id] = settled(self._made.get(task.id), Settlement(says.contact, local_day(at)))
        return customer.without(task) if made.state == "freed" else customer.contacted(task, made.day)

    def reserve_again(self, customer: Customer, task: Task) -> Customer:
        """The customer with the contact counted as one that may take place yet, on the day that it was last counted on."""
        if task.id in self._agreed or not task.counted:
            return customer
        made = self._made.pop(task.id, None)
        contact = contact_of(task)
        others = tuple(one for one in customer.contacts if one.task_id != task.id)
        return customer._replace(contacts=(*others, contact._replace(day=made.day) if made else contact))

    def noted(self, customer: Customer, task: Task) -> Customer:
        """The customer after what became of a due task; a contact that took place stays where it counts."""
        after, made = customer.noted(task), self._made.get(task.id)
        return after._replace(contacts=customer.contacts) if made and made.state == "committed" else after
