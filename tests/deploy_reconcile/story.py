"""A small story told twice: as events, and as the databases should hold it."""

from collections import Counter
from datetime import datetime
from typing import Any

from deploy.reconcile.heard import Heard
from deploy.reconcile.kept import Case, Draw, Kept, RuleVersion, Send, Task, Visit
from services.notifications.domain.rules import Rule
from shared.contracts.registry import by_name
from shared.messaging import Event
from shared.testing import event, example

BEFORE = datetime.fromisoformat("2026-03-01T00:00:00+08:00")
THANKS = Rule(id="thanks", events=("repair.closed",), purpose="thank_you", template="thanks")
CASE = "01993f0e-0000-8000-8000-000000000001"


def told(name: str, **changes: Any) -> Event:
    return event(name, example(name, **changes), key="C1", id=f"{name} {sorted(changes.items())}")


def events() -> list[Event]:
    """A repair, its follow-up that ends in dissatisfaction, the case, its rectification, a contented second follow-up."""
    first = {"visit_id": "V1", "task_id": "T1", "round": 1, "case_id": None}
    second = {"visit_id": "V2", "task_id": "T2", "round": 2, "case_id": CASE}
    satisfied = {"satisfaction": "satisfied", "rating": 4, "resolved": True}
    send = {"send_id": "S1"}
    return [
        told("repair.closed"),
        told("occasion.arrived"),
        told("followup.planned", task_id="T1", round=1),
        told("followup.released", task_id="T1", round=1, channel="phone", purpose="followup"),
        told("visit.attempted", **first),
        told("visit.completed", **first, rating=2, satisfaction="dissatisfied"),
        told("visit.dissatisfied", **first),
        told("complaint.opened", case_id=CASE, origin="visit", origin_id="V1"),
        told("complaint.resolved", case_id=CASE, origin="visit", origin_id="V1"),
        told("followup.planned", task_id="T2", round=2, case_id=CASE),
        told("followup.released", task_id="T2", round=2, case_id=CASE, channel="phone", purpose="followup"),
        told("visit.completed", **second, **satisfied),
        told("complaint.closed", case_id=CASE, origin="visit", origin_id="V1"),
        told("notification.sent", **send),
        told("notification.delivered", **send),
    ]


def heard(sent: list[Event] | None = None, rules: tuple[RuleVersion, ...] = ()) -> Heard:
    listener = Heard(rules or (RuleVersion(THANKS, BEFORE),))
    listener.take([(topic_of(one), one) for one in (events() if sent is None else sent)])
    return listener


def topic_of(sent: Event) -> str:
    declared = by_name(sent.name)
    assert declared is not None
    return declared.topic


def kept() -> Kept:
    """The databases after the story."""
    fact, resolved = events()[0], next(e for e in events() if e.name == "complaint.resolved")
    agreed = heard()
    return Kept(
        identities={(fact.source, fact.id)},
        decisions=Counter({(fact.source, fact.id): 1, (resolved.source, resolved.id): 1}),
        occasions=Counter(agreed.occasions),
        enrolled=Counter(agreed.drawn),
        populations=Counter(agreed.drawn),
        called=Counter(agreed.drawn),
        planned=Counter(["T1", "T2"]),
        draws={"D1": Draw(5, 5, 1, 1), "forgotten": Draw(5, 0, 1, 0)},
        tasks={"T1": Task("done", fact.id, 1), "T2": Task("done", resolved.id, 2)},
        visits={"V1": Visit("T1", "completed", 1), "V2": Visit("T2", "completed")},
        attempts=1,
        cases={CASE: Case("visit", "V1", "closed", 1, closings=1)},
        sends={"S1": Send(next(iter(agreed.notices.wanted)), "delivered", accepted=True)},
        rules=[RuleVersion(THANKS, BEFORE)],
        followup_facts={"T1", "T2"},
        rating_facts={"V1"},
        case_facts={CASE},
        send_facts={"S1"},
        figures=Counter(agreed.recount.result()),
        outbox={"gateway": 0, "visits": 0},
    )
