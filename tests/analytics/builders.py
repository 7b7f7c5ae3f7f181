"""Events of a small world, so that tests say only what matters to them."""

from datetime import datetime, timedelta
from typing import Any

from services.analytics.domain.observations import Occurrence, observe
from shared.messaging import Event
from shared.testing import event, example

MONDAY = datetime.fromisoformat("2026-03-02T10:00:00+08:00")
WORDS = {5: "very_satisfied", 4: "satisfied", 3: "basically", 2: "dissatisfied", 1: "very_dissatisfied"}


def day(number: int, hour: int = 10) -> datetime:
    """A moment `number` days after Monday 2 March 2026, organisation's time."""
    return MONDAY.replace(hour=hour) + timedelta(days=number)


def customer(code: str) -> dict[str, Any]:
    return example("followup.planned")["customer"] | {"id": code}


class Followup:
    """One follow-up of one customer, told event by event."""

    def __init__(self, name: str, who: str = "C1", at: datetime = MONDAY, **about: Any) -> None:
        self.name = name
        self.who = who
        self.at = at
        self.about = {
            "policy_id": "P1",
            "kind": "repair.closed",
            "branch": "B1",
            "round": 1,
            "case_id": None,
            "customer": customer(who),
            "due_at": at.isoformat(),
        } | about
        self.visit = {"visit_id": f"visit-{name}", "agent": "agent-1", "team": "hotline"}

    def task(self, what: str, at: datetime | None = None, **more: Any) -> Event:
        at = at or self.at
        data = example(f"followup.{what}") | {"task_id": f"task-{self.name}", "purpose": "followup"} | self.about
        moment = {"released": "released_at", "cancelled": "cancelled_at", "expired": "expired_at"}.get(what)
        return self._event(f"followup.{what}", data | ({moment: at.isoformat()} if moment else {}) | more, at)

    def planned(self, **more: Any) -> Event:
        return self.task("planned", self.at - timedelta(days=1), **more)

    def attempted(self, connected: bool = True, at: datetime | None = None, nth: int = 1, **more: Any) -> Event:
        at = at or self.at
        data = {
            "attempt_id": f"attempt-{self.name}-{nth}",
            "at": at.isoformat(),
            "connected": connected,
            "result": "completed" if connected else "no_answer",
            "talk_seconds": 120 if connected else 0,
            "wrap_up_seconds": 30,
            "callback_kept": None,
        }
        return self._visit("attempted", data | more, at)

    def outcome(
        self, what: str = "completed", rating: int | None = 5, at: datetime | None = None, **more: Any
    ) -> Event:
        at = at or self.at
        data = {
            "effective": True,
            "rating": rating,
            "satisfaction": WORDS.get(rating or 0),
            "completed_at": at.isoformat(),
            "on_time": True,
            "answers": {},
            "responded": None,
            "resolved": None,
        }
        return self._visit(what, data | more, at)

    def corrected(self, before: Event, nth: int = 1, rating: int | None = 5, **more: Any) -> Event:
        """The record that `before` told says something else now."""
        stood = before.data | {"dissatisfied": (before.data["rating"] or 5) <= 2}
        data = {"before": stood, "correction": nth, "dissatisfied": (rating or 5) <= 2, "problems": []}
        return self.outcome("corrected", rating, self.at, **(data | more))

    def failed(self, reason: str = "unreachable", at: datetime | None = None) -> Event:
        at = at or self.at
        return self._visit("failed", {"reason": reason, "failed_at": at.isoformat()}, at)

    def _visit(self, what: str, more: dict[str, Any], at: datetime) -> Event:
        data = example(f"visit.{what}") | {"task_id": f"task-{self.name}"} | self.about | self.visit | more
        return self._event(f"visit.{what}", data, at)

    def _event(self, name: str, data: dict[str, Any], at: datetime) -> Event:
        return event(name, data, key=self.who, time=at)


class Case:
    """One complaint, told event by event."""

    def __init__(self, name: str, of: Followup | None = None, who: str = "C1", at: datetime = MONDAY, **about: Any):
        self.who = of.who if of else who
        self.at = at
        self.id = f"case-{name}"
        self.about = {
            "case_id": self.id,
            "origin": "visit" if of else "manual",
            "origin_id": of.visit["visit_id"] if of else self.id,
            "customer": customer(self.who),
            "kind": "repair.closed",
            "branch": "B1",
            "opened_at": at.isoformat(),
        } | about

    def told(self, what: str, at: datetime | None = None, **more: Any) -> Event:
        at = at or self.at
        moment = {} if what == "opened" else {f"{what}_at": at.isoformat()}
        data = example(f"complaint.{what}") | self.about | moment | more
        return event(f"complaint.{what}", data, key=self.who, time=at)

    def second(self, name: str, at: datetime, **about: Any) -> Followup:
        """The second follow-up about it."""
        return Followup(name, self.who, at, **({"round": 2, "case_id": self.id} | about))


def notice(what: str, name: str = "1", at: datetime = MONDAY, **more: Any) -> Event:
    data = example(f"notification.{what}") | {"send_id": f"send-{name}", "branch": "B1", "kind": "order.completed"}
    return event(f"notification.{what}", data | {f"{what}_at": at.isoformat()} | more, key="C1", time=at)


def told(*events: Event) -> list[Occurrence]:
    return [Occurrence(e.id, e.name, e.time, e.data, e.practice) for e in events]


def sums_of(*events: Event) -> dict[str, int]:
    """Measures that these events add by themselves, over all cells; facts that must be correlated are not in it."""
    sums: dict[str, int] = {}
    for key, amount in observe(told(*events)).figures.items():
        sums[key.measure] = sums.get(key.measure, 0) + amount
    return sums
