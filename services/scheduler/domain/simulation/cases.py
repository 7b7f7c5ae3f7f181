"""How complaints stand in a simulation: what the service keeps in a table, kept in memory."""

from collections import defaultdict

from services.scheduler.domain.customer import Customer
from services.scheduler.domain.facts import Fact
from services.scheduler.domain.restraint.contacts import CaseTold, case_told, newest
from services.scheduler.domain.restraint.release import Circumstances
from services.scheduler.domain.task import Task


class Cases:
    """The cases of all customers, as their newest events tell."""

    def __init__(self) -> None:
        self._told: dict[str, CaseTold] = {}
        self._of: dict[str, set[str]] = defaultdict(set)

    def note(self, fact: Fact) -> None:
        """An event of a case."""
        case_id, told = str(fact.data["case_id"]), case_told(fact.name, fact.id, fact.at)
        if told is not None:
            self._told[case_id] = newest(self._told.get(case_id), told)
            self._of[fact.customer_id].add(case_id)

    def circumstances(self, task: Task, customer: Customer) -> Circumstances:
        """What is known when a task is released, or asked about again."""
        cases = [self._told[case].standing for case in self._of.get(customer.id, ())]
        is_open = [case.reopened for case in cases if case.state == "open"]
        told = self._told.get(task.case_id) if task.case_id else None
        return Circumstances(customer, bool(is_open), any(is_open), told.standing if told else None)
