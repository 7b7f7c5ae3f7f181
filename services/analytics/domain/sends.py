"""A notice from provider's acceptance to receipt: delivery belongs to the day it was accepted."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import date

from services.analytics.domain.cells import Cell, Figures, Tally
from shared.contracts.notifications import NotificationSent
from shared.zone import local_day


@dataclass(frozen=True)
class SendFact:
    """One message; its receipt may come before we hear that it was accepted."""

    id: str
    day: date | None = None
    branch: str = ""
    kind: str = ""
    delivered: bool = False

    def figures(self) -> Figures:
        if self.day is None:
            return Counter()
        cell = Cell(self.day, self.branch, self.kind)
        return Counter({Tally(cell, "notices.accepted"): 1, Tally(cell, "notices.delivered"): int(self.delivered)})


def accept(fact: SendFact, notice: NotificationSent) -> SendFact:
    return replace(fact, day=local_day(notice.sent_at), branch=notice.branch, kind=notice.kind)


def deliver(fact: SendFact) -> SendFact:
    return replace(fact, delivered=True)
