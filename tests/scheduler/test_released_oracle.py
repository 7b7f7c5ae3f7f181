"""Whatever happens in whatever order: no task stays released that somebody or something forbids.

Facts, refusals, opt-outs, stops, withdrawals, cancellations by hand and cases come while tasks are released and their visits go
on. After each of them everything that is out is held against a plain account of what was told: no rule of the product is asked.
"""

import asyncio
import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from shared.clock import ManualClock
from shared.messaging import Event
from shared.testing import Served, event
from shared.testing.events import NOON, example
from tests.scheduler.builders import contents
from tests.scheduler.conftest import apply
from tests.scheduler.test_handlers import rows

SOON: dict[str, Any] = {
    "delay": {"hours": 1},
    "deadline": {"days": 20},
    "cap": "exempt",
    "window": {"days": "all", "frames": ["00:00-23:59"]},
}
POLICIES: tuple[dict[str, Any], ...] = (
    {**SOON, "id": "plain", "events": ["repair.closed"]},
    {**SOON, "id": "quiet", "events": ["order.completed"], "guards": ["case_open"], "merge": False},
    {**SOON, "id": "patient", "events": ["gas.ignited"], "guards": [{"case_open": "defer"}], "merge": False},
    {**SOON, "id": "text", "events": ["meter.read"], "channel": "sms", "purpose": "notice", "merge": False},
    {"id": "run", "events": ["inspection.done"], "steps": [{"id": "one", **SOON, "merge": False}],
     "stop": {"events": ["alarm.handled"]}},
    {**SOON, "id": "second", "events": ["complaint.resolved"], "round": 2, "merge": False},
)  # fmt: skip
FACTS = ("repair.closed", "order.completed", "gas.ignited", "meter.read", "inspection.done")
OUT = """SELECT id::text, customer_id, policy_id, event_id, case_id, body ->> 'channel' AS channel, body -> 'matters' AS matters
    FROM task WHERE state = 'released' ORDER BY id"""
HOLDS_BACK = ("quiet", "patient")


@dataclass
class Account:
    """What was told of each customer, in plain words."""

    left_alone: set[str] = field(default_factory=set)
    refused: set[tuple[str, str]] = field(default_factory=set)
    complaining: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    closed: set[str] = field(default_factory=set)
    withdrawn: set[str] = field(default_factory=set)
    stopped: dict[str, datetime] = field(default_factory=dict)
    begun: dict[str, datetime] = field(default_factory=dict)
    called_off: set[str] = field(default_factory=set)
    agreed: set[str] = field(default_factory=set)

    def forbids(self, task: Any) -> str:
        if task["id"] in self.called_off:
            return "cancelled by hand"
        if task["customer_id"] in self.left_alone:
            return "not to be contacted"
        if (task["customer_id"], task["channel"]) in self.refused:
            return "refused"
        if task["policy_id"] in HOLDS_BACK and self.complaining[task["customer_id"]]:
            return "complains"
        if task["case_id"] in self.closed or (task["case_id"] in self.complaining[task["customer_id"]]):
            return "nobody wants its answer"
        gone = all(matter["event_id"] in self.withdrawn for matter in task["matters"])
        if gone and not task["case_id"] and task["id"] not in self.agreed:
            return "withdrawn"
        stop = self.stopped.get(task["customer_id"])
        return "stopped" if task["policy_id"] == "run" and stop and self.begun[task["event_id"]] <= stop else ""


class World:
    def __init__(self, served: Served, clock: ManualClock, seed: int) -> None:
        self.served, self.clock, self.chance, self.account = served, clock, random.Random(seed), Account()
        self.number = 0
        self.facts: list[Event] = []
        self.seen: set[str] = set()

    def told(self, name: str, customer: str, **data: Any) -> Event:
        self._next()
        card = {**example(name).get("customer", {}), "id": customer, **data.pop("card", {})}
        return event(
            name, example(name, customer=card, **data), key=customer, id=f"e{self.number}", time=self.clock.now()
        )

    def _next(self) -> None:
        """Everything has a moment of its own."""
        self.number += 1
        self.clock.advance(timedelta(seconds=1))

    async def out(self) -> list[Any]:
        names = ("id", "customer_id", "policy_id", "event_id", "case_id", "channel", "matters")
        return [dict(zip(names, row, strict=True)) for row in await rows(self.served, OUT)]

    async def step(self) -> None:
        """Something happens, while what is due is released."""
        self.clock.advance(timedelta(minutes=self.chance.choice([1, 20, 50, 90])))
        events = [one for _ in range(self.chance.choice([1, 1, 2, 3])) for one in self.happening(await self.out())]
        if self.chance.random() < 0.3:
            await self.call_off(await self.out())
        jobs = [self.served.run_job("release") for _ in range(self.chance.choice([0, 1, 2]))]
        await asyncio.gather(self.served.deliver(*events), *jobs)
        for job in ("lead_on", "release"):
            await self.served.run_job(job)

    async def call_off(self, out: list[Any]) -> None:
        if out:
            task = self.chance.choice(out)
            async with self.served.client("supervisor") as client:
                answer = await client.post(f"/api/v1/tasks/{task['id']}/cancel", json={"reason": "重复"})
            assert answer.status_code == 200, answer.text
            self.account.called_off.add(task["id"])

    def happening(self, out: list[Any]) -> Iterator[Event]:
        customer, kind, told = f"C{self.chance.randrange(12)}", self.chance.random(), self.account
        if kind < 0.45:
            one = self.told(self.chance.choice(FACTS), customer)
            told.begun[one.id] = one.time
            self.facts.append(one)
            yield one
        elif kind < 0.5:
            told.left_alone.add(customer)
            yield self.told("customer.updated", customer, card={"do_not_contact": True})
        elif kind < 0.57:
            told.refused.add((customer, "sms"))
            self._next()
            at = self.clock.now().isoformat()
            more = {"channel": "sms", "purpose": "all", "opted_out_at": at}
            data = example("notification.opted_out", customer_id=customer, **more)
            yield event("notification.opted_out", data, key=customer, id=f"e{self.number}", time=self.clock.now())
        elif kind < 0.7:
            yield from self.case(customer)
        elif kind < 0.76:
            one = self.told("alarm.handled", customer)
            told.stopped[customer] = one.time
            yield one
        elif kind < 0.86 and self.facts:
            gone = self.chance.choice(self.facts)
            told.withdrawn.add(gone.id)
            about = {"event_id": gone.id, "event_source": gone.source, "event_type": gone.name, "customer_id": gone.key}
            self._next()
            data = example("fact.withdrawn", **about, reason="cancelled", withdrawn_at=self.clock.now().isoformat())
            yield event("fact.withdrawn", data, key=gone.key, id=f"e{self.number}", time=self.clock.now())
        elif out:
            yield from self.visit(self.chance.choice(out))

    def case(self, customer: str) -> Iterator[Event]:
        told, case = self.account, f"K-{customer}"
        name = self.chance.choice(["opened", "reopened", "resolved", "closed"])
        told.closed.discard(case)
        told.complaining[customer].discard(case)
        if name in ("opened", "reopened"):
            told.complaining[customer].add(case)
        if name == "closed":
            told.closed.add(case)
        more = {"outcome": "by_hand"} if name == "closed" else {}
        yield self.told(f"complaint.{name}", customer, case_id=case, **more)

    def visit(self, task: Any) -> Iterator[Event]:
        name = self.chance.choice(["visit.completed", "visit.failed", "visit.callback_agreed"])
        about = {"task_id": task["id"], "channel": task["channel"]}
        if name == "visit.failed":
            about["reason"] = self.chance.choice(["unreachable", "refused"])
            if about["reason"] == "refused":
                self.account.refused.add((task["customer_id"], task["channel"]))
        if name == "visit.callback_agreed":
            self.account.agreed.add(task["id"])
        yield self.told(name, task["customer_id"], **about)


@pytest.mark.parametrize("seed", range(4))
async def test_no_task_stays_released_that_something_forbids(empty: Served, clock: ManualClock, seed: int) -> None:
    await apply(empty, contents(*POLICIES))
    clock.move_to(NOON)
    world = World(empty, clock, seed)
    released = set()
    for _ in range(60):
        await world.step()
        for task in await world.out():
            assert world.account.forbids(task) == "", task
            released.add(task["policy_id"])
    assert await empty.dead_letters() == []
    assert len(released) >= 5
    recalled = """SELECT count(DISTINCT reason) FROM task
        WHERE life @> '[{"state": "released"}]' AND state IN ('cancelled', 'planned')"""
    assert (await rows(empty, recalled))[0][0] >= 2
