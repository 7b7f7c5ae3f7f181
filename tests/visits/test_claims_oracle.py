"""Random work of several agents against a plain model: nothing crosses team, unit, independence, or a customer's colleague,
and nothing called off is dialled (acceptance of "right until the call").

The model knows no SQL and none of the rules' code: it remembers what was told and asks of every claim and call whether it may
be. Whoever may have a visit is told so, and gets it when it is asked for by name.
"""

import random
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from tests.visits.conftest import Desk, cancelled, matter, postponed, released

TEAMS, UNITS, CUSTOMERS = ("hotline", "back", "night"), ("B1", "B2"), ("C1", "C2", "C3", "C4")
PEOPLE: dict[str, dict[str, Any]] = {
    "ann": {},
    "bob": {"teams": ("hotline", "back"), "worker": "G1"},
    "cat": {"teams": ("night",), "units": ("B1",)},
    "dan": {"units": ("B2",), "worker": "G2", "skills": ("yue", "on_site")},
    "eve": {"teams": ("hotline",), "skills": ("yue",)},
}
STEPS = 70


@dataclass
class Told:
    """What the model remembers of a task."""

    task_id: str
    customer: str
    team: str
    branch: str
    barred: tuple[str, ...]
    worker: str
    on_site: bool
    alone: bool
    first: str = ""
    off: str = ""  # cancelled or postponed
    over: bool = False
    holder: str = ""
    visit_id: str = ""

    def closed_to(self, name: str) -> bool:
        """Whether this person must never get it."""
        person = PEOPLE[name]
        teams, units = person.get("teams", ()), person.get("units", ())
        crosses_team = bool(teams) and self.team not in teams
        crosses_unit = bool(units) and self.branch not in units and self.team not in units
        did_it = person.get("worker") == self.worker != ""
        dependent = bool(set(teams or units) & set(self.barred))
        unable = self.on_site and bool(person.get("skills")) and "on_site" not in person["skills"]
        return crosses_team or crosses_unit or did_it or dependent or unable or self.first == name


@dataclass
class Model:
    desk: Desk
    chance: random.Random
    tasks: dict[str, Told] = field(default_factory=dict)
    calls: int = 0
    claims: int = 0

    def free(self, told: Told, name: str) -> bool:
        """Whether a claim may give it to this person now."""
        others = [one for one in self.tasks.values() if one.customer == told.customer and one.holder not in ("", name)]
        return not (told.off or told.over or told.holder or others or told.closed_to(name))

    async def ask(self, name: str, path: str, **body: Any) -> tuple[int, dict[str, Any]]:
        async with self.desk.agent(name, **PEOPLE[name]) as client:
            answer = await client.post(f"/api/v1/visits{path}", json=body)
        return answer.status_code, answer.json()

    async def release(self) -> None:
        c = self.chance
        number = len(self.tasks)
        finished = [one for one in self.tasks.values() if one.over and one.first]
        again = c.choice(finished) if finished and c.random() < 0.4 else None
        on_site = c.random() < 0.2
        told = Told(
            f"T{number}", again.customer if again else f"{c.choice(CUSTOMERS)}-{number // 12}", c.choice(TEAMS),
            c.choice(UNITS), c.choice([(), (), ("back",), ("B2", "night")]), c.choice(["", "G1", "G2"]),
            on_site, on_site and c.random() < 0.5, again.first if again else "",
        )  # fmt: skip
        facts = {"engineer": {"code": told.worker}} if told.worker else {}
        await self.desk.served.deliver(
            released(
                told.task_id, customer=told.customer, team=told.team, branch=told.branch, barred=list(told.barred),
                matters=[matter(told.task_id, **facts)], channel="on_site" if on_site else "phone", hours=None,
                never_alone=["sales"] if told.alone else [], round=2 if again else 1, deadline_at=None,
                lineage=f"lineage-{again.task_id}" if again else f"lineage-{told.task_id}",
            )
        )  # fmt: skip
        self.tasks[told.task_id] = told

    async def call_off(self) -> None:
        open_ones = [one for one in self.tasks.values() if not one.over]
        if open_ones:
            told = self.chance.choice(open_ones)
            event = self.chance.choice([cancelled, postponed])(told.task_id)
            await self.desk.served.deliver(event)
            told.off = "cancelled" if event.name == "followup.cancelled" or told.off == "cancelled" else "postponed"

    async def claim_next(self) -> None:
        name, companion = self.chance.choice(list(PEOPLE)), self.chance.choice(["", "zoe"])
        may = [one for one in self.tasks.values() if self.free(one, name) and (companion or not one.alone)]
        status, told = await self.ask(name, "/claim", limit=self.chance.randint(1, 3), companion=companion)
        assert status == 200, told
        assert bool(told["items"]) == bool(may), (name, may)
        for item in told["items"]:
            self.took(name, item, companion)

    async def claim_named(self) -> None:
        name = self.chance.choice(list(PEOPLE))
        known = [one for one in self.tasks.values() if one.visit_id]
        if not known:
            return
        told = self.chance.choice(known)
        status, answer = await self.ask(name, f"/{told.visit_id}/claim", companion="zoe")
        assert (status == 200) == self.free(told, name), (name, told, answer)
        if status == 200:
            self.took(name, answer, "zoe")

    def took(self, name: str, item: dict[str, Any], companion: str) -> None:
        told = self.tasks[item["task_id"]]
        assert self.free(told, name), (name, told)
        assert companion or not told.alone, told
        told.holder, told.visit_id = name, item["id"]
        self.claims += 1

    async def work(self) -> None:
        held = [one for one in self.tasks.values() if one.holder]
        if not held:
            return
        told = self.chance.choice(held)
        status, answer = await self.ask(told.holder, f"/{told.visit_id}/dial")
        assert (status == 200) == (not told.off), (told, answer)
        self.calls += status == 200
        if status != 200 or self.chance.random() < 0.3:
            await self.ask(told.holder, f"/{told.visit_id}/release")
            told.over = told.off == "cancelled"
        else:
            status, answer = await self.ask(told.holder, f"/{told.visit_id}/attempts", result="partly", answers={})
            assert status == 201, answer
            told.over, told.first = True, told.holder
        told.holder = ""


@pytest.mark.parametrize("seed", range(4))
async def test_no_claim_and_no_call_is_made_that_must_not_be(desk: Desk, seed: int) -> None:
    model = Model(desk, random.Random(seed))
    steps = [
        model.release,
        model.release,
        model.call_off,
        model.claim_next,
        model.claim_next,
        model.claim_named,
        model.work,
        model.work,
    ]
    for _ in range(STEPS):
        await model.chance.choice(steps)()
        desk.clock.advance(timedelta(seconds=1))
    assert model.claims > 5
    assert model.calls > 1
