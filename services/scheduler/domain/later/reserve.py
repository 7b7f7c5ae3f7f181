"""Who was drawn and can't be reached is replaced by the next in reserve, of the same draw and stratum.

A reserve is called when the contact failed (unreachable, wrong number, no answer until its time was over), was called off
at release (refused meanwhile, opted out, an open case), could not be planned at all (refused, capped), or when what it was
about was withdrawn. It is not called
when the customer was reached and said no, when nobody got round to calling (more to call would be no help), when the matter
was answered in another contact, when the deadline had passed before release (the reserve's would have too), or when somebody
called the contact off by hand.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from operator import itemgetter
from typing import Any, Protocol, TypeVar

from services.scheduler.domain.decide import Decision
from services.scheduler.domain.detail import Reason
from services.scheduler.domain.facts import Fact, Identity, identity_in, names
from services.scheduler.domain.occasion import DRAWN, Occasion, occasion_key
from services.scheduler.domain.policy import Policy
from services.scheduler.domain.restraint.merge import MERGED
from services.scheduler.domain.rule import base_of
from services.scheduler.domain.task import Task, TaskState
from services.scheduler.domain.when.amounts import end_of_day
from services.scheduler.domain.when.periods import Period

NOT_PLANNED = ("refused", "capped", "withdrawn")
REACHED, EXPIRED = "refused", "expired"
CLOCKED = ("minutes", "hours", "working_hours")
Name = tuple[str, Identity, str]
"""Policy, fact, customer: how a contact is recognised as one that was drawn."""


class Drawn(Protocol):
    """A contact that was drawn."""

    @property
    def name(self) -> Name: ...


D = TypeVar("D", bound=Drawn)


def names_of(task: Task) -> list[Name]:
    """What a contact may have been drawn for: each of its policies, each of its matters, in the order of their names."""
    policies = (task.policy_id, *task.combined)
    return sorted(
        {(policy, _fact_of(task, matter), task.customer_id) for matter in task.matters for policy in policies}
    )


def _fact_of(task: Task, matter: Mapping[str, Any]) -> Identity:
    """The fact of a matter; one that does not say its source may be what planned the task, whose source is known."""
    planned = (task.event_id, task.event_source)
    return planned if names(matter, planned) else identity_in(matter)


def in_order_of_loss(lost: Mapping[Name, datetime], drawn: Iterable[D]) -> list[tuple[D, datetime]]:
    """Those of the `drawn` that are lost, and since when: what was lost first is replaced first.

    `lost` is in that order; of one contact by name (`names_of`). Old tasks' matters name facts without their source.
    """
    places = {name: place for place, name in enumerate(lost)}
    found = []
    for one in drawn:
        policy, (event_id, _), customer_id = one.name
        name = next((name for name in (one.name, (policy, (event_id, ""), customer_id)) if name in places), None)
        if name is not None:
            found.append((places[name], one, lost[name]))
    return [(one, since) for _, one, since in sorted(found, key=itemgetter(0))]


def names_of_decision(decision: Decision) -> list[Name]:
    """What a fact that could not be planned was drawn for."""
    fact = decision.fact
    return sorted({(detail["policy"], fact.identity, fact.customer_id) for detail in decision.details})


def visit_lost(name: str, data: Mapping[str, Any]) -> bool:
    """Whether an event of visits says that somebody tried and the customer was not reached."""
    if name != "visit.failed" or data.get("reason") == REACHED:
        return False
    return data.get("reason") != EXPIRED or bool(data.get("attempts"))


def release_lost(state: TaskState, reason: str) -> bool:
    """Whether a task was called off at release."""
    return state == "cancelled" and reason != MERGED


def plan_lost(decision: Decision) -> bool:
    """Whether what was drawn could not be planned."""
    return decision.occasion is not None and decision.occasion.reason in DRAWN and decision.outcome in NOT_PLANNED


def drawn_occasion(policy: Policy, fact: Fact, period: Period) -> Occasion:
    """A winner's contact is planned as of the midnight that closed the period."""
    return _occasion(policy, fact, "drawn", period.closes_at, period.anchor(fact.at))


def reserve_occasion(policy: Policy, fact: Fact, period: Period, called_at: datetime) -> Occasion:
    """Called later, its delay and deadline count from the call; those in days from the end of its day.

    So it does not matter which of those that were lost on a day is replaced first.
    """
    if called_at <= period.closes_at:
        return _occasion(policy, fact, "reserve", period.closes_at, period.anchor(fact.at))
    return _occasion(policy, fact, "reserve", called_at, end_of_day(called_at) if _in_days(policy) else called_at)


def _in_days(policy: Policy) -> bool:
    """Whether it is contacted on a later day, and nothing is reckoned in minutes or hours."""
    steps = policy.chain.policies.values() if policy.chain else (policy,)
    spans = [span for step in steps for span in (step.delay, step.target, step.deadline) if span]
    return all(step.delay.amount for step in steps) and not any(span.unit in CLOCKED for span in spans)


def _occasion(policy: Policy, fact: Fact, reason: Reason, moment: datetime, anchor: datetime) -> Occasion:
    anchor = base_of(policy, fact) or anchor
    return Occasion(occasion_key(moment, policy, fact, reason), policy, fact, reason, moment, anchor)
