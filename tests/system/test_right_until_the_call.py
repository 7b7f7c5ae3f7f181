"""Scheduler and visits together, whatever happens in whatever order: nobody is dialled whom something forbade before, and no
claim crosses team, unit or independence.

Both are the real services on their own databases; between them is no Kafka but a line that does to events what Kafka may do:
of one customer they come in order, of several in any, in batches of any size, some again, some much later. The model remembers
what was told in plain words and asks none of the product's rules. What it holds against a call is what both services have had
the chance to hear: while an event about the customer is under way, the call may go either way.

HUIFANG_INTERLEAVINGS=200 tries more worlds than `make test` does.
"""

import os
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest

from services.scheduler.app import create_app as create_scheduler
from services.scheduler.procedures import recall, withdrawals
from services.scheduler.settings import SchedulerSettings
from services.visits.commands import claiming
from services.visits.domain import task_events
from services.visits.store import claims
from shared.clock import ManualClock
from shared.messaging import Event
from shared.testing import Served, serve
from shared.testing.events import NOON, example
from tests.scheduler.builders import contents
from tests.scheduler.conftest import apply
from tests.scheduler.test_handlers import rows
from tests.scheduler.test_released_oracle import FACTS, HOLDS_BACK, POLICIES, World
from tests.visits.conftest import Desk, open_desk

WORLDS = int(os.environ.get("HUIFANG_INTERLEAVINGS", "3"))
IN_FULL = "HUIFANG_INTERLEAVINGS" in os.environ
STEPS = 120
TEAMS = {"plain": "hotline", "quiet": "back", "patient": "hotline", "second": "back"}
PEOPLE: dict[str, dict[str, Any]] = {
    "ann": {},
    "bob": {"teams": ("hotline", "back"), "worker": "G1"},
    "cat": {"teams": ("night", "back"), "units": ("B1",)},
    "dan": {"units": ("B2",), "worker": "G2"},
    "eve": {"teams": ("hotline", "CD")},  # of the branch that did the work
}
TASK = (
    "SELECT id::text, customer_id, policy_id, event_id, case_id, body ->> 'channel', body -> 'matters', state FROM task"
)
NAMES = ("id", "customer_id", "policy_id", "event_id", "case_id", "channel", "matters", "state")


def pack() -> dict[str, str]:
    """The policies of the scheduler's own oracle, each with a team; `plain` keeps out whose branch did the work."""
    with_teams: dict[str, dict[str, Any]] = {
        policy["id"]: {**policy, "team": TEAMS[policy["id"]]} if policy["id"] in TEAMS else policy
        for policy in POLICIES
    }
    with_teams["plain"] |= {"independent": True, "teams": ["stand-in"]}
    return contents(*with_teams.values())


@dataclass
class Line:
    """Events on their way from one service to the other."""

    source: Served
    chance: Random
    waiting: dict[str, list[Event]] = field(default_factory=lambda: defaultdict(list))
    given: list[Event] = field(default_factory=list)
    heard: int = 0

    async def hear(self) -> list[Event]:
        fresh = (await self.source.published())[self.heard :]
        self.heard += len(fresh)
        for one in fresh:
            self.waiting[one.key].append(one)
        return fresh

    def take(self) -> list[Event]:
        """Some of what is under way: the first ones of some customers, mixed, and some that came before."""
        keys = [key for key, events in self.waiting.items() if events]
        chosen = self.chance.sample(keys, self.chance.randint(0, len(keys)))
        portions = {key: self.waiting[key][: self.chance.randint(1, len(self.waiting[key]))] for key in chosen}
        for key, portion in portions.items():
            del self.waiting[key][: len(portion)]
        again = self.chance.sample(self.given, min(len(self.given), self.chance.choice([0, 0, 1, 3])))
        taken = [*_mixed(self.chance, portions), *again]
        self.given.extend(one for portion in portions.values() for one in portion)
        return taken


def _mixed(chance: Random, portions: dict[str, list[Event]]) -> Iterator[Event]:
    left = {key: list(events) for key, events in portions.items()}
    while left:
        key = chance.choice(list(left))
        yield left[key].pop(0)
        if not left[key]:
            del left[key]


class Joined(World):
    """The scheduler's world, with real visits and people who work on them."""

    def __init__(self, scheduler: Served, desk: Desk, clock: ManualClock, seed: int) -> None:
        super().__init__(scheduler, clock, seed)
        self.desk = desk
        self.out_line, self.back_line = Line(scheduler, self.chance), Line(desk.served, self.chance)
        self.released: dict[str, dict[str, Any]] = {}
        self.told_scheduler: list[Event] = []
        self.held: dict[str, tuple[str, str]] = {}  # visit → who holds it, its task
        self.refused_here: dict[tuple[str, str], datetime] = {}
        self.begun: set[str] = set()
        self.dialled = 0

    def told(self, name: str, customer: str, **data: Any) -> Event:
        """Something happened; customers are of two branches, and repairs are done by somebody."""
        branch = f"B{1 + sum(map(ord, customer)) % 2}"
        data["card"] = {"branch": branch, **data.get("card", {})}
        if name == "repair.closed":
            data["engineer"] = {**example(name)["engineer"], "code": self.chance.choice(["G1", "G2", "G3"])}
        one = super().told(name, customer, **data)
        self.told_scheduler.append(one)
        return one

    def happening(self, out: list[Any]) -> Iterator[Event]:
        """Every other fact comes with another one about the same customer, so that there are several visits to them; and now
        and then what is released is forbidden while its visit waits: a run is stopped, a case holds back."""
        for task in out:
            customer, case = task["customer_id"], f"K-{task['customer_id']}"
            if task["policy_id"] == "run" and self.chance.random() < 0.2:
                stop = self.told("alarm.handled", customer)
                self.account.stopped[customer] = stop.time
                yield stop
            if task["policy_id"] in HOLDS_BACK and self.chance.random() < 0.1:
                self.account.closed.discard(case)
                self.account.complaining[customer].add(case)
                yield self.told("complaint.opened", customer, case_id=case)
        for one in super().happening(out):
            yield one
            if one.name in FACTS and self.chance.random() < 0.5:
                beside = self.told(self.chance.choice([name for name in FACTS if name != one.name]), one.key)
                self.account.begun[beside.id] = beside.time
                self.facts.append(beside)
                yield beside

    def visit(self, task: Any) -> Iterator[Event]:
        """What comes of visits comes from people here."""
        return iter(())

    async def move(self) -> None:
        """One of all that may happen next."""
        turn = self.chance.random()
        if turn < 0.25:
            await self.step()
        elif turn < 0.5:
            await self.hand_over()
        elif turn < 0.7 or not self.held:
            await self.claim()
        else:
            await self.work()
        await self._hear()

    async def _hear(self) -> None:
        for one in await self.out_line.hear():
            if one.name == "followup.released":
                self.released[one.data["task_id"]] = one.data
        await self.back_line.hear()

    async def hand_over(self) -> None:
        await self.desk.served.deliver(*self.out_line.take())
        again = self.chance.sample(self.told_scheduler, min(len(self.told_scheduler), self.chance.choice([0, 0, 2])))
        await self.served.deliver(*self.back_line.take(), *again)

    def is_settled(self, customer: str) -> bool:
        """Whether both services have heard all there is of this customer."""
        return not (self.out_line.waiting[customer] or self.back_line.waiting[customer])

    async def why_not(self, task_id: str) -> str:
        """What forbids to contact somebody about this task, as far as both services know it."""
        (row,) = await rows(self.served, f"{TASK} WHERE id = '{task_id}'")
        task = dict(zip(NAMES, row, strict=True))
        known = self.released[task_id]
        at = self.refused_here.get((task["customer_id"], known["channel"]))
        if at and datetime.fromisoformat(known["released_at"]) <= at:
            return "refused in another call"  # visits needs nobody to tell it
        return self.account.forbids(task) if self.is_settled(task["customer_id"]) else ""

    async def ask(self, name: str, path: str, **body: Any) -> tuple[int, dict[str, Any]]:
        async with self.desk.agent(name, **PEOPLE[name]) as client:
            answer = await client.post(f"/api/v1/visits{path}", json=body)
        return answer.status_code, answer.json()

    async def claim(self, most: int = 4) -> None:
        name = self.chance.choice(list(PEOPLE))
        status, answer = await self.ask(name, "/claim", limit=self.chance.randint(1, most), companion="zoe")
        assert status in (200, 409), answer
        for item in answer.get("items", ()):
            task_id = item["task_id"]
            assert not self.crosses(name, self.released[task_id]), (name, self.released[task_id])
            assert (reason := await self.why_not(task_id)) == "", (name, reason, item)
            self.held[item["id"]] = (name, task_id)

    @staticmethod
    def crosses(name: str, task: dict[str, Any]) -> bool:
        """Whether a task is of another team or unit than this person, or about what they or their team did."""
        teams, units = PEOPLE[name].get("teams", ()), PEOPLE[name].get("units", ())
        doers = {(each["facts"].get("engineer") or {}).get("code") for each in task["matters"]}
        repaired = {
            each["facts"]["org"]["code"] for each in task["matters"] if each["event_type"].endswith("repair.closed")
        }
        return bool(
            (teams and task["team"] not in teams)
            or (units and not {task["branch"], task["team"]} & set(units))
            or PEOPLE[name].get("worker", "nobody") in doers
            or set(teams or units) & repaired
        )

    async def work(self) -> None:
        """Somebody dials what they hold, or leaves it to others."""
        visit_id = self.chance.choice(list(self.held))
        name, task_id = self.held[visit_id]
        if visit_id not in self.begun:  # who is in a call goes on with it, and is told what changed
            status, _ = await self.ask(name, f"/{visit_id}/dial")
            if status != 200:
                await self.give_back(visit_id, name)
                return
            self.dialled += 1
            self.begun.add(visit_id)
            assert (reason := await self.why_not(task_id)) == "", (name, reason, task_id)
        if self.chance.random() < 0.2 or await self.end(name, visit_id, task_id):
            await self.give_back(visit_id, name)

    async def dial_others(self, name: str, visit_id: str, customer: str) -> None:
        """Who has just been refused tries the next one they hold of this customer, before anybody has heard of it."""
        for other, (holder, task_id) in self.held.items():
            same = self.released[task_id]["customer"]["id"] == customer and holder == name
            if same and other != visit_id and other not in self.begun:
                status, _ = await self.ask(name, f"/{other}/dial")
                assert status != 200 or (reason := await self.why_not(task_id)) == "", (name, reason, task_id)
                if status == 200:
                    self.begun.add(other)

    async def give_back(self, visit_id: str, name: str) -> None:
        del self.held[visit_id]
        self.begun.discard(visit_id)
        await self.ask(name, f"/{visit_id}/release")

    async def end(self, name: str, visit_id: str, task_id: str) -> bool:
        """A call ends one way or another; whether that was taken down."""
        result = self.chance.choice(["no_answer", "no_answer", "refused", "callback_agreed"])  # a refusal is for ever
        at = (self.clock.now() + timedelta(hours=3)).isoformat()
        body = {"callback_at": at} if result == "callback_agreed" else {"note": "不方便"}
        status, answer = await self.ask(name, f"/{visit_id}/attempts", result=result, **body)
        assert status in (201, 409), answer  # nothing that is wrong with the report: it would go unnoticed here
        customer = self.released[task_id]["customer"]["id"]
        if status == 201 and result == "refused":
            self.account.refused.add((customer, self.released[task_id]["channel"]))
            self.refused_here[customer, self.released[task_id]["channel"]] = self.clock.now()
            await self.dial_others(name, visit_id, customer)
            await self.claim(most=20)
        if status == 201 and result == "callback_agreed":
            self.account.agreed.add(task_id)
        return status == 201


Databases = Callable[[str], Awaitable[str]]


@asynccontextmanager
async def joined(service_dsn: Databases, clock: ManualClock, seed: int) -> AsyncIterator[Joined]:
    clock.move_to(NOON)
    async with (
        serve(create_scheduler, SchedulerSettings, await service_dsn("scheduler"), clock=clock) as scheduler,
        open_desk(await service_dsn("visits"), clock) as desk,
    ):
        await apply(scheduler, pack())
        yield Joined(scheduler, desk, clock, seed)


async def play(world: Joined) -> None:
    for _ in range(STEPS):
        await world.move()
    assert await world.served.dead_letters() == await world.desk.served.dead_letters() == []


@pytest.mark.parametrize("seed", range(WORLDS))
async def test_nobody_is_dialled_whom_something_forbade_and_no_claim_crosses(
    service_dsn: Databases, clock: ManualClock, seed: int
) -> None:
    async with joined(service_dsn, clock, seed) as world:
        await play(world)
        assert world.dialled > 1


async def _nothing(*_: Any) -> None:
    """In place of a guard."""


def _as_it_was(visit: Any, *_: Any) -> Any:
    return visit


def _without(*names: str) -> Callable[..., Any]:
    real = claims._conditions
    return lambda *given: {name: one for name, one in real(*given).items() if name not in names}


async def _looks_around_for_colleagues(*given: Any) -> tuple[str, bool]:
    return (await _LOOKS_AROUND(*given))[0], False


def _claims_without_asking_of_refusals(*given: Any) -> Any:
    real = claims._REFUSED
    try:
        claims._REFUSED = "false"
        return _CLAIM_STATEMENT.__wrapped__(*given)
    finally:
        claims._REFUSED = real


_LOOKS_AROUND, _CLAIM_STATEMENT = claims.look_around, claims._statement
GUARDS: dict[str, tuple[Any, str, Any]] = {
    "refusals, opt-outs and cases take back what is released": (recall, "look_again", _nothing),
    "a withdrawn fact calls off": (withdrawals, "call_off", _nothing),
    "a stop ends what a run released": (recall, "end_runs", _nothing),
    "a cancelled task cancels its visit": (task_events, "cancel", _as_it_was),
    "a postponed task postpones its visit": (task_events, "postpone", _as_it_was),
    "a claim keeps to the team": (claims, "_conditions", _without("team", "teams")),
    "a claim keeps to the unit": (claims, "_conditions", _without("units")),
    "who did the work gets no claim": (claiming, "marks_of", lambda *_: ()),
    "a refusal counts at once for what its agent holds of the customer": (
        claims,
        "look_around",
        _looks_around_for_colleagues,
    ),
    "a refusal counts at once for what anybody may claim of the customer": (
        claims,
        "_statement",
        _claims_without_asking_of_refusals,
    ),
}


@pytest.mark.skipif(not IN_FULL, reason="takes minutes: set HUIFANG_INTERLEAVINGS")
@pytest.mark.parametrize("guard", GUARDS)
async def test_without_any_one_guard_it_is_found(
    service_dsn: Databases, clock: ManualClock, monkeypatch: pytest.MonkeyPatch, guard: str
) -> None:
    module, name, instead = GUARDS[guard]
    monkeypatch.setattr(module, name, instead)
    for seed in range(max(WORLDS, 12)):
        async with joined(service_dsn, clock, seed) as world:
            try:
                await play(world)
            except AssertionError:
                return
    raise AssertionError("nothing went wrong in any world")
