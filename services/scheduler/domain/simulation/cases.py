"""How complaints stand in a simulation: what the service keeps in a table, kept in memory."""

from collections import defaultdict

from services.scheduler.domain.customer import Customer
from services.scheduler.domain.facts import Fact
from services.scheduler.domain.restraint.contacts import CaseNews, case_news, newest
from services.scheduler.domain.restraint.release import Circumstances
from services.scheduler.domain.task import Task


class Cases:
    """The cases of all customers, as their newest events tell."""

    def __init__(self) -> None:
        self._news: dict[str, CaseNews] = {}
        self._of: dict[str, set[str]] = defaultdict(set)

    def note(self, fact: Fact) -> None:
        """An event of a case."""
        case_id, news = str(fact.data["case_id"]), case_news(fact.name, fact.id, fact.at)
        if news is not None:
            self._news[case_id] = newest(self._news.get(case_id), news)
            self._of[fact.customer_id].add(case_id)

    def circumstances(self, task: Task, customer: Customer) -> Circumstances:
        """What is known when a task is released, or asked about again."""
        cases = [self._news[case].standing for case in self._of.get(customer.id, ())]
        is_open = [case.reopened for case in cases if case.state == "open"]
        news = self._news.get(task.case_id) if task.case_id else None
        return Circumstances(customer, bool(is_open), any(is_open), news.standing if news else None)
