"""The figures of a trial run: what a plan asks of the teams, and where it meets its limits."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from services.scheduler.domain.conditions.tree import histories
from services.scheduler.domain.decide import Decision
from services.scheduler.domain.explain.decision import limit_text
from services.scheduler.domain.ledger.contacts import LONGEST_PERIOD
from services.scheduler.domain.policy import Policy
from services.scheduler.domain.simulation.plan import Simulation
from services.scheduler.domain.task import Task, TaskState
from services.scheduler.domain.when.periods import LONGEST
from shared.zone import local_day

CALLS_PER_AGENT = 50  # R12.1
SHORTEST_LEAD = timedelta(days=31)
PHONE = "phone"


@dataclass(frozen=True, slots=True)
class Load:
    """The calls that fall due for a team on a day, and how many it can make."""

    day: date
    team: str
    calls: int
    capacity: int

    @property
    def over(self) -> int:
        return max(self.calls - self.capacity, 0)


@dataclass
class Trial:
    """The plan of the `facts` in a range of time. `outcomes` counts decisions, on facts and on what became of them later;
    `ends` tasks by (state, reason), `capped` by policy and cap."""

    facts: int = 0
    tasks: list[Task] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)
    ends: Counter[tuple[TaskState, str]] = field(default_factory=Counter)
    merged: Counter[str] = field(default_factory=Counter)
    capped: Counter[tuple[str, str]] = field(default_factory=Counter)
    loads: list[Load] = field(default_factory=list)

    @property
    def late(self) -> list[Task]:
        """Tasks whose deadline lies before any contact window."""
        return [task for task in self.tasks if task.deadline_at is not None and task.due_at >= task.deadline_at]


def lead_of(policies: Iterable[Policy]) -> timedelta:
    """How long before the facts that are shown others are taken in, so that caps, histories, draws and merges know of them."""
    return max((span for policy in policies for span in _looks_back(policy)), default=SHORTEST_LEAD)


def _looks_back(policy: Policy) -> Iterator[timedelta]:
    yield SHORTEST_LEAD
    yield from (cap.longest for cap in policy.caps)
    yield from (timedelta(days=LONGEST[kind]) for kind in policy.periods)
    for history in histories(policy.trigger.condition):
        yield timedelta(days=history.within) if history.within else LONGEST_PERIOD


def summarise(
    simulation: Simulation, since: datetime | None, until: datetime | None, agents: Mapping[str, int], per_agent: int
) -> Trial:
    """The plan of facts from `since` (inclusive) to `until` (exclusive); a team not among `agents` counts as one."""
    trial = Trial()
    for decision in simulation.decisions.values():
        at = decision.fact.at
        if (since is None or at >= since) and (until is None or at < until):
            _count(trial, decision, simulation)
    trial.tasks.sort(key=lambda task: (task.due_at, task.team, task.id))
    trial.ends.update((task.state, task.reason) for task in trial.tasks)
    calls = Counter((local_day(one.due_at), one.team) for one in trial.tasks if _is_call(one))
    trial.loads = [
        Load(day, team, count, agents.get(team, 1) * per_agent) for (day, team), count in sorted(calls.items())
    ]
    return trial


def _count(trial: Trial, decision: Decision, simulation: Simulation) -> None:
    trial.facts += decision.occasion is None
    trial.outcomes[decision.outcome] += 1
    planned = {task.id for task in decision.tasks if task.event_id == decision.fact.id and task.state == "planned"}
    trial.tasks += [simulation.tasks[task_id] for task_id in planned]
    for detail in decision.details:
        if detail["result"] == "merged":
            trial.merged[detail["policy"]] += 1
        elif detail["result"] == "capped":
            trial.capped[detail["policy"], limit_text(detail["cap"])] += 1


def _is_call(task: Task) -> bool:
    return task.channel == PHONE and task.state not in ("cancelled", "expired")
