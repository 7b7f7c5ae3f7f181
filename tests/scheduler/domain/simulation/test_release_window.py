"""Whatever the pack, the facts and the time at which they are heard of: nobody is contacted outside of their hours."""

from datetime import datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.scheduler.domain.book import PolicyBook
from services.scheduler.domain.simulation.facts import simulated_fact
from services.scheduler.domain.simulation.plan import Simulation
from services.scheduler.domain.simulation.plans import Plans
from services.scheduler.domain.task import Task
from shared.calendar import OFFICIAL
from shared.zone import ORG_ZONE
from tests.scheduler.builders import at, book

EVENTS = ("repair.closed", "gas.ignited", "order.completed")
BRANCHES = ("EAST", "WEST")
FRAMES = st.sampled_from([["09:00-12:00", "14:00-18:00"], ["10:30-11:30"], ["07:00-08:00", "19:00-23:59"]])
WINDOWS = st.fixed_dictionaries(
    {"days": st.sampled_from(["working", "all"]), "frames": FRAMES},
    optional={"weekdays": st.sampled_from([["tue", "fri"], ["mon", "wed", "sat"]])},
)
DELAYS = st.sampled_from([{"minutes": 0}, {"hours": 5}, {"days": 1}, {"working_days": 2}])
DEADLINES = st.sampled_from(
    [None, {"hours": 30}, {"days": 4}, {"working_days": 1}, {"working_days": 3}, {"end_of_day": 2}]
)
POLICY = st.fixed_dictionaries(
    {
        "events": st.sampled_from([[name] for name in EVENTS]),
        "window": WINDOWS,
        "delay": DELAYS,
        "deadline": DEADLINES,
        "priority": st.integers(1, 3),
        "guards": st.sampled_from([None, [{"case_open": "defer"}]]),
        "steps": st.sampled_from(
            [None, [{"id": "a", "repeat": {"every": {"days": 2}, "times": 2}, "fallback": [{"channel": "sms"}]}]]
        ),
    }
)
BLACKOUTS = st.lists(
    st.sampled_from(
        [
            {"from": "2026-03-04", "to": "2026-03-05"},
            {"from": "2026-03-10", "to": "2026-03-11", "branches": ["EAST"]},
            {"from": "2026-02-14", "to": "2026-02-23", "branches": ["WEST"]},
        ]
    ),
    max_size=2,
    unique_by=str,
)
MINUTES = st.integers(0, 30 * 24 * 60)
# how many minutes after the start it happens, how late it is heard of, who it is about, what it is, where
HAPPENINGS = st.lists(
    st.tuples(
        MINUTES, st.integers(0, 6 * 24 * 60), st.integers(1, 2), st.sampled_from([*EVENTS, "case"]), st.integers(0, 1)
    ),
    min_size=1,
    max_size=8,
)
START = at("2026-02-11 08:00")


class Watched(Plans):
    """Keeps what was released, and when."""

    def __init__(self, rules: PolicyBook) -> None:
        super().__init__(rules)
        self.released: list[tuple[Task, datetime]] = []

    def keep(self, task: Task) -> None:
        if task.state == "released":
            self.released.append((task, self.now))
        super().keep(task)


def _is_open(window: dict[str, Any], blackouts: list[dict[str, Any]], local: datetime, branch: str) -> bool:
    """The model: what the pack says in YAML, asked at one moment."""
    day, clock = local.date(), f"{local:%H:%M}"
    for closed in blackouts:
        if closed["from"] <= day.isoformat() <= closed["to"] and branch in closed.get("branches", [branch]):
            return False
    if window["days"] == "working" and not OFFICIAL.is_working_day(day):
        return False
    if "weekdays" in window and f"{local:%a}".lower() not in window["weekdays"]:
        return False
    return any(opens <= clock < closes for opens, closes in (frame.split("-") for frame in window["frames"]))


def _happen(
    simulation: Simulation, number: int, minute: int, who: int, what: str, where: int, heard_at: datetime
) -> None:
    moment = START + timedelta(minutes=minute)
    simulation.advance(heard_at)
    data: dict[str, Any] = {"customer": {"id": f"C{who}"}, "org": {"code": BRANCHES[where]}, "case_id": f"K{who}"}
    name = f"complaint.{('opened', 'closed')[number % 2]}" if what == "case" else what
    simulation.happen(simulated_fact(f"e{number}", "/t", name, moment, data))


@settings(max_examples=150, deadline=None)
@given(st.lists(POLICY, min_size=1, max_size=3), BLACKOUTS, HAPPENINGS)
def test_every_release_lies_inside_its_window_and_before_its_deadline(
    given: list[dict[str, Any]], blackouts: list[dict[str, Any]], happenings: list[tuple[int, int, int, str, int]]
) -> None:
    named = {f"p{number}": {**policy, "id": f"p{number}"} for number, policy in enumerate(given)}
    rules = book(*named.values(), blackouts=blackouts)
    watched = Watched(rules)
    simulation = Simulation(rules, lambda _: watched)
    branch_of = {f"e{number}": BRANCHES[where] for number, (*_, where) in enumerate(happenings)}
    arrivals = sorted((minute + late, number) for number, (minute, late, *_) in enumerate(happenings))
    for heard, number in arrivals:
        minute, _, who, what, where = happenings[number]
        _happen(simulation, number, minute, who, what, where, START + timedelta(minutes=heard))
    simulation.finish()
    for task, now in watched.released:
        assert task.deadline_at is None or now < task.deadline_at
        assert now >= task.due_at
        for policy in (task.policy_id, *task.combined):
            for matter in task.matters:
                local = now.astimezone(ORG_ZONE)
                assert _is_open(named[policy]["window"], blackouts, local, branch_of[matter["event_id"]])
    out = {task.id for task in simulation.tasks.values() if task.state == "released"}
    assert out <= {task.id for task, _ in watched.released}
    ended = [task for task in simulation.tasks.values() if task.state != "released"]
    assert all(task.state in ("cancelled", "expired") and task.reason for task in ended)
