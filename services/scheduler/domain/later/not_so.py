"""A contact did not come to what was told of it: what was planned because of that is taken back, as when a fact is withdrawn.

That a customer is dissatisfied, that a problem was found and that a contact failed are events, which policies may be triggered
by. Their records stand corrected later, or a failed contact is opened again.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from services.scheduler.domain.customer import Customer
from services.scheduler.domain.facts import Fact, Identity, identity_in, names
from services.scheduler.domain.kept.contact_result import CORRECTED, FAILED, REOPENED
from services.scheduler.domain.kept.memory import SAID_BESIDE, TASK
from services.scheduler.domain.later.withdrawal import FACT_WITHDRAWN, Withdrawal
from services.scheduler.domain.task import Task, moved
from shared.ids import derived_id

REASON = "corrected"


def not_so(name: str, data: Mapping[str, Any]) -> frozenset[str]:
    """The names of the events about a contact that are not so after this event about it."""
    if name == REOPENED:
        return frozenset((FAILED,))
    if name != CORRECTED:
        return frozenset()
    return frozenset(event for event, field in SAID_BESIDE.items() if not data.get(field))


def withdrawals_by(
    correction: Fact, customer: Customer, released: Iterable[Task], in_draws: Iterable[Fact] = ()
) -> list[Withdrawal]:
    """Those events of before that are not so any more, as far as something is planned because of them, or may be: a run
    waits, or they are among the customer's facts `in_draws` that wait to be drawn or called."""
    events, contact = not_so(correction.name, correction.data), correction.data.get(TASK)
    found: set[Identity] = set()
    for task in (*customer.open, *released):
        about = (one for one in task.matters if one.get("event_type") in events)
        found.update(identity_in(one) for one in about if one.get("facts", {}).get(TASK) == contact)
    begun = (*(row.fact for row in customer.waiting), *in_draws)
    found.update(fact.identity for fact in begun if fact.name in events and fact.data.get(TASK) == contact)
    at = correction.at
    return [
        Withdrawal(one, REASON, at, derived_id(at, "not so", correction.source, correction.id, *one), at, customer.id)
        for one in sorted(found)
    ]


def without_what_came_along(task: Task, identity: Identity) -> Task:
    """The unfinished task without this event about an earlier fact, and without that fact, which it brought along."""
    own = (task.event_id, task.event_source) == identity
    left = tuple(matter for matter in task.matters if not _came_with(matter, identity, own))
    return task._replace(matters=left) if left else moved(task, "cancelled", FACT_WITHDRAWN)


def _came_with(matter: Mapping[str, Any], identity: Identity, own: bool) -> bool:
    part = matter.get("part", "")
    return names(matter, identity) or part == identity[0] or (own and not part)
