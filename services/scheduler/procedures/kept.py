"""What a transaction decides, published one by one and saved at once."""

from collections import Counter
from collections.abc import Mapping, Sequence
from uuid import UUID

from services.scheduler.domain.customer import Customer
from services.scheduler.domain.decide import Decision
from services.scheduler.domain.kept.story import Heard
from services.scheduler.domain.kept.waiting import LedOn
from services.scheduler.domain.later.recall import Prompt
from services.scheduler.domain.later.withdrawal import FACT_WITHDRAWN
from services.scheduler.domain.steps.contact_plan import Ended
from services.scheduler.domain.task import Task
from services.scheduler.procedures.announce import announce, announce_change
from services.scheduler.store import decisions as decision_store
from services.scheduler.store import led, story, waiting
from services.scheduler.store import tasks as task_store
from shared.messaging import Event, Work
from shared.observability.catalogue import counter

DECISIONS = counter("huifang_scheduler_decisions_total", "Decisions by outcome", "决定数", labels={"outcome": 30})


class Kept:
    """Decisions, every touched task in its last state, and what runs wait for and remember; `plans`: customers before."""

    def __init__(self, plans: Mapping[str, Customer]) -> None:
        self.waiting = [row for customer in plans.values() for row in customer.waiting]
        self.heard = _heard(plans)
        self.led = _led(plans)
        self.decisions: list[Decision] = []
        self.tasks: dict[UUID, Task] = {}
        self.ended: list[tuple[Ended, Prompt, Event | None]] = []

    def add(self, work: Work, records: Sequence[Decision], before: Customer, cause: Event | None) -> None:
        """Publish what becomes of tasks; `before` is the customer before the first of the records."""
        self.decisions += records
        touched = {task.id: task for record in records for task in record.tasks}
        for record in records:
            if record.ended:
                told = Prompt(record.name, record.key, record.at)
                self.ended += [(run, told, cause) for run in record.ended]
        if touched:
            self.tasks |= touched
            _announce(work, cause, touched, before)

    async def save(self, work: Work, plans: Mapping[str, Customer]) -> None:
        """`plans` are the customers as they are after all."""
        await task_store.save_tasks(work.session, list(self.tasks.values()), work.now())
        after = [row for customer in plans.values() for row in customer.waiting]
        if after or self.waiting:
            await waiting.save_waiting(work.session, self.waiting, after)
        await led.save_led(work.session, self.led, _led(plans))
        await story.save_heard(work.session, story.changed(self.heard, _heard(plans)))
        if self.decisions:
            await decision_store.save_decisions(work.session, self.decisions, work.now())
        for outcome, amount in Counter(decision.outcome for decision in self.decisions).items():
            DECISIONS.labels(outcome).inc(amount)


def _led(plans: Mapping[str, Customer]) -> list[LedOn]:
    return [one for customer in plans.values() for one in customer.led]


def _heard(plans: Mapping[str, Customer]) -> list[tuple[str, Heard]]:
    return [(name, one) for name, customer in plans.items() for one in customer.story]


def _announce(work: Work, cause: Event | None, touched: Mapping[UUID, Task], before: Customer) -> None:
    """New and cancelled tasks; one that only got another matter is told when it is released. Of what is out a withdrawal
    took a matter."""
    known = {task.id for task in before.open}
    for task in touched.values():
        if task.state == "released":
            announce_change(work, task, FACT_WITHDRAWN, ["matters"], cause)
        elif task.state != "planned" or task.id not in known:
            announce(work, task, cause)
