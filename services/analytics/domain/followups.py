"""A follow-up from plan to effect: 应访, 覆盖率 and 完成率 belong to the day it fell due, however late its end is known."""

import re
from collections import Counter
from dataclasses import dataclass, replace
from datetime import date, datetime

from services.analytics.domain.cells import Cell, Figures, Head, Tally, rank
from shared.contracts.tasks import Followup, FollowupCancelled
from shared.contracts.visits import VisitResult
from shared.zone import local_day

_MACHINE_REASON = re.compile(r"[a-z0-9_.-]{1,64}")
BY_HAND = "by_hand"


@dataclass(frozen=True)
class FollowupFact:
    """What is known of one task so far. A `told` of "" means that only visits has spoken yet.

    Whether it was `effective` is what that `correction` of its visit's record says; 0 = what any of its visits said.
    """

    id: str
    told: str = ""
    customer: str = ""
    branch: str = ""
    kind: str = ""
    policy: str = ""
    purpose: str = ""
    round: int = 1
    due_day: date | None = None
    planned_day: date | None = None
    released_day: date | None = None
    cancelled: str = ""
    lawful: bool = False
    effective: bool = False
    correction: int = 0

    def figures(self) -> Figures:
        """Its part in the figures; greetings and notices are never follow-ups (R02.3)."""
        if self.due_day is None or self.purpose != "followup":
            return Counter()
        figures: Figures = Counter()
        due = Cell(self.due_day, self.branch, self.kind, self.policy)
        if self.cancelled:
            figures[Tally(due, f"cancelled.{'lawful' if self.lawful else 'unlawful'}.{self.cancelled}")] = 1
        if self.is_due:
            figures[Tally(due, "due")] = 1
            figures[Head(due, "customers.due", self.customer)] = 1
        if self.effective:
            figures[Tally(due, "due.effective")] = 1
            figures[Head(due, "customers.effective", self.customer)] = 1
        for day, measure in ((self.planned_day, "followups.planned"), (self.released_day, "followups.released")):
            if day is not None:
                figures[Tally(due._replace(day=day), measure)] = 1
        if self.planned_day is not None and self.round > 1:
            figures[Tally(due._replace(day=self.planned_day), "followups.second")] = 1
        return figures

    @property
    def is_due(self) -> bool:
        """A lawful cancellation takes it out, unless the customer had been followed up all the same."""
        return self.effective or not (self.cancelled and self.lawful)


def tell(fact: FollowupFact, at: datetime, event_id: str, task: Followup) -> FollowupFact:
    """Take over the newest description (merging adds matters and may move the task)."""
    ranked = rank(at, event_id)
    if ranked <= fact.told:
        return fact
    return replace(
        fact,
        told=ranked,
        customer=task.customer.id,
        branch=task.branch,
        kind=task.kind,
        policy=task.policy_id,
        purpose=task.purpose,
        round=task.round,
        due_day=local_day(task.due_at),
    )


def plan(fact: FollowupFact, at: datetime) -> FollowupFact:
    """Planned again after a merge is still planned once: the first day counts."""
    return replace(fact, planned_day=min(local_day(at), fact.planned_day or date.max))


def release(fact: FollowupFact, at: datetime) -> FollowupFact:
    return replace(fact, released_day=min(local_day(at), fact.released_day or date.max))


def cancel(fact: FollowupFact, task: FollowupCancelled) -> FollowupFact:
    """A reason somebody typed is counted as by hand. Of two cancellations the lawful one wins, then the alphabet."""
    reason = task.reason if _MACHINE_REASON.fullmatch(task.reason) else BY_HAND
    lawful, reason = max((fact.lawful, fact.cancelled), (task.lawful, reason))
    return replace(fact, cancelled=reason, lawful=lawful)


def follow_up(fact: FollowupFact, outcome: VisitResult) -> FollowupFact:
    return fact if fact.correction else replace(fact, effective=fact.effective or outcome.effective)


def correct(fact: FollowupFact, outcome: VisitResult) -> FollowupFact:
    if outcome.correction <= fact.correction:
        return fact
    return replace(fact, effective=outcome.effective, correction=outcome.correction)
