"""What a trial run in the service tells: the draft's plan against capacity, and how it differs from the published one."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.scheduler.domain.book import PolicyBook
from services.scheduler.domain.explain.decision import ENDS, SUMMARIES
from services.scheduler.domain.kinds import Kind
from services.scheduler.domain.policy import Policy
from services.scheduler.domain.simulation.plan import Simulation
from services.scheduler.domain.simulation.trial import CALLS_PER_AGENT, Trial, summarise
from services.scheduler.domain.task import NAMES, Task

MOST_EXAMPLES = 20
Report = dict[str, Any]


@dataclass(frozen=True)
class Rules:
    """The policies of one side of a trial, with the event kinds of their packs."""

    policies: Sequence[Policy]
    kinds: Sequence[Kind] = ()

    def simulation(self) -> Simulation:
        return Simulation(PolicyBook(self.policies, kinds=self.kinds))


@dataclass(frozen=True)
class TrialRequest:
    """The draft and what is published, tried on the same facts; the plan of those from `since` on is told.

    Time goes on to `until` (None: the last fact), so that what comes without a fact is planned too.
    """

    draft: Rules
    published: Rules
    since: datetime | None
    until: datetime | None
    agents: Mapping[str, int]


def report(draft: Simulation, published: Simulation, request: TrialRequest) -> Report:
    """The finished trial as a JSON value."""
    tried, real = (summarise(one, request.since, None, request.agents, CALLS_PER_AGENT) for one in (draft, published))
    return {
        "facts": tried.facts,
        "tasks": len(tried.tasks),
        "calls_per_agent": CALLS_PER_AGENT,
        "outcomes": _counted(tried.outcomes, lambda outcome: {"outcome": outcome, "title": SUMMARIES[outcome]}),
        "ends": _counted(tried.ends, lambda end: {"state": end[0], "reason": end[1], "title": _end(*end)}),
        "loads": [
            {
                "day": one.day.isoformat(),
                "team": one.team,
                "calls": one.calls,
                "capacity": one.capacity,
                "over": one.over,
            }
            for one in tried.loads
        ],
        "merged": _counted(tried.merged, lambda policy: {"policy": policy}),
        "capped": _counted(tried.capped, lambda key: {"policy": key[0], "cap": key[1]}),
        "late": {"count": len(tried.late), "examples": _examples(tried.late)},
        "difference": _difference(tried, real),
    }


def _difference(tried: Trial, real: Trial) -> Report:
    """Planned by one and not by the other, and planned by both for another moment."""
    draft, published = ({task.id: task for task in trial.tasks} for trial in (tried, real))
    both = draft.keys() & published.keys()
    moved = [draft[one] for one in both if draft[one].due_at != published[one].due_at]
    return {
        "published_tasks": len(published),
        "only_draft": _group(draft[one] for one in draft.keys() - both),
        "only_published": _group(published[one] for one in published.keys() - both),
        "moved": _group(moved),
    }


def _group(tasks: Iterable[Task]) -> Report:
    found = sorted(tasks, key=lambda task: (task.due_at, task.id))
    policies = Counter(task.policy_id for task in found)
    return {
        "count": len(found),
        "policies": _counted(policies, lambda policy: {"policy": policy}),
        "examples": _examples(found),
    }


def _examples(tasks: Sequence[Task]) -> list[Report]:
    return [
        {
            "task": str(task.id),
            "policy": task.policy_id,
            "fact": task.event_id,
            "customer": task.customer_id,
            "due": task.due_at.isoformat(),
            "deadline": task.deadline_at and task.deadline_at.isoformat(),
        }
        for task in tasks[:MOST_EXAMPLES]
    ]


def _counted(counts: Mapping[Any, int], name: Any) -> list[Report]:
    ordered = sorted(counts.items(), key=lambda one: (-one[1], str(one[0])))
    return [{**name(key), "count": count} for key, count in ordered]


def _end(state: str, reason: str) -> str:
    return f"{NAMES[state]}：{ENDS.get(reason, reason)}" if reason else NAMES[state]
