"""The rounds of an endless step: which of them is next, and whether it is still made; rounds that are several in a week."""

from bisect import bisect_left
from datetime import date, datetime

from services.scheduler.domain.facts import Fact
from services.scheduler.domain.policy import Chain, Endless, Policy
from services.scheduler.domain.when.amounts import begins, latest
from services.scheduler.domain.when.moment import moment_in
from shared.paths import value_at
from shared.zone import local_day

MOST_ROUNDS = 40_000  # a round a day for a hundred years


def last_day(endless: Endless, fact: Fact) -> date | None:
    """The day after which no round begins; None where nobody has said one."""
    if not endless.until_field:
        return endless.until
    until = moment_in(value_at(fact.data, endless.until_field))
    return local_day(until) if until else None


def begins_after(day: date, policy: Policy, anchor: datetime, branch: str) -> bool:
    """Whether a contact that counts from `anchor` would begin later than `day`, wherever its window moves it."""
    begun = begins(anchor, policy.delay, policy.window.of(branch).calendar)
    return (local_day(begun) if isinstance(begun, datetime) else begun) > day


def finds_day(policy: Policy, anchor: datetime, branch: str) -> bool:
    """Whether there is an open day for a contact that is one of several in its week."""
    if policy.delay.spread is None:
        return True
    window = policy.window.of(branch)
    begun = begins(anchor, policy.delay, window.calendar)
    first = window.day_of(begun) if isinstance(begun, datetime) else begun
    return window.day_in_week(first, policy.delay.spread, branch) is not None


def round_in_time(chain: Chain, index: int, first: datetime, moment: datetime, branch: str) -> int:
    """The first of the rounds from `index` on, counted from `first`, whose deadline is not over by `moment`."""
    return bisect_left(
        range(index + MOST_ROUNDS),
        True,
        index,
        key=lambda at: _ends_after(chain.step_at(at).policy, first, moment, branch),
    )


def _ends_after(policy: Policy, first: datetime, moment: datetime, branch: str) -> bool:
    window = policy.window.of(branch)
    return policy.deadline is None or latest(first, policy.deadline, window.calendar, window.closes) > moment
