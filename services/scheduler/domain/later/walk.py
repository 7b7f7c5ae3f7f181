"""Policies that time triggers: on each of their days one walk over the known customers finds those whose day it is.

A customer takes part from the day after the first fact about them. A walk begins at the moment that is the occasion's own,
with the version of the policy that was in force when the day began.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from services.scheduler.domain.book import PolicyBook
from services.scheduler.domain.customer import CARD_ATTRIBUTES, Customer
from services.scheduler.domain.detail import Reason
from services.scheduler.domain.facts import Fact, new_fact
from services.scheduler.domain.occasion import ARRIVED, Occasion, occasion_id, occasion_key
from services.scheduler.domain.policy import Policy
from services.scheduler.domain.rule import Rule
from services.scheduler.domain.when.amounts import DAY
from services.scheduler.domain.when.anniversary import Anniversary
from shared.contracts.registry import wire_type
from shared.ids import derived_id
from shared.practice import is_practice
from shared.zone import ORG_ZONE, local_day, midnight

SOURCE = "/huifang/scheduler"
LOOKS_AHEAD = 2 * 366  # days: every recurrence has a day within a year or, out of season, the next
Whose = Callable[[Customer], bool]


class Walk(NamedTuple):
    """One policy's walk on one local day; `whose` tells whose day it is."""

    rule: Rule
    day: date
    whose: Whose

    @property
    def moment(self) -> datetime:
        """When it begins, UTC; delay and deadline count from it."""
        return moment_on(self.rule.policy, self.day)

    def occasion(self, customer: Customer) -> Occasion | None:
        """The occasion if it is this customer's day and the policy wants them; a policy may count their contacts.

        It is never a practice customer's, whom nobody asked to be followed up.
        """
        if is_practice(customer.id):
            return None
        if str(customer.profile.get("known_since", "")) >= self.day.isoformat() or not self.whose(customer):
            return None
        policy, moment = self.rule.policy, self.moment
        fact = _fact(policy, customer, self.day, moment)
        if self.rule.check(fact, customer) is not None:
            return None
        reason: Reason = "anniversary" if isinstance(policy.trigger.time, Anniversary) else "schedule"
        return Occasion(occasion_key(moment, policy, fact, reason), policy, fact, reason, moment, moment)


def moment_on(policy: Policy, day: date) -> datetime:
    """The moment of the policy's occasions on a local day, UTC."""
    assert policy.trigger.time is not None
    return datetime.combine(day, policy.trigger.time.at, ORG_ZONE).astimezone(UTC)


def last_begun(policy: Policy, now: datetime) -> date:
    """The last local day whose moment has come: a policy new at `now` is not asked about it any more."""
    today = local_day(now)
    return today if moment_on(policy, today) <= now else today - DAY


@lru_cache(1024)
def next_walk(book: PolicyBook, policy_id: str, done: date) -> Walk | None:
    """The first walk after the day `done`; None when none is in sight."""
    return next(_walks(book, policy_id, done), None)


def _walks(book: PolicyBook, policy_id: str, done: date) -> Iterator[Walk]:
    for ahead in range(1, LOOKS_AHEAD):
        day = done + ahead * DAY
        rule = book.at(midnight(day)).timed.get(policy_id)
        if rule is not None and (whose := _whose(rule, day)) is not None:
            yield Walk(rule, day, whose)


def _whose(rule: Rule, day: date) -> Whose | None:
    """None when it can be nobody's day."""
    trigger, share = rule.policy.trigger.time, rule.share
    if isinstance(trigger, Anniversary):
        kept, attribute = trigger.kept_on(day), trigger.attribute
        return lambda customer: kept(customer.profile.get(attribute))
    assert trigger is not None
    days = trigger.days(day, rule.policy.window.calendar)
    if day not in days:
        return None
    if not trigger.spread:
        return lambda customer: True
    return lambda customer: days[int(share(customer.id) * len(days))] == day


def _fact(policy: Policy, customer: Customer, day: date, moment: datetime) -> Fact:
    """What stands for the event that a contact is otherwise about: who the customer is, as far as is known."""
    fact_id = occasion_id(policy.id, customer.id, day)
    data = {"day": day.isoformat(), "customer": _block(customer)}
    if branch := customer.profile.get("branch"):
        data["org"] = {"code": branch}
    key = derived_id(moment, SOURCE, fact_id)
    fact = new_fact(fact_id, SOURCE, key, wire_type(ARRIVED), ARRIVED, moment, data, fact_id)
    return fact._replace(title=policy.title)


def _block(customer: Customer) -> Mapping[str, Any]:
    known = {name: customer.profile[name] for name in (*CARD_ATTRIBUTES, "level") if name in customer.profile}
    return {"id": customer.id, **known, "do_not_contact": customer.do_not_contact}
