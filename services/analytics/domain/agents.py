"""An agent's work over a period."""

from collections import Counter
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from statistics import median

from services.analytics.domain.kpis import Figure, Kpi, evaluate

DAYS = "days"


@dataclass(frozen=True)
class AgentFigures:
    """Sums of an agent's days in a team, by measure; `days` counts those with calls. Times are in seconds."""

    agent: str
    team: str
    sums: Mapping[str, int]

    def figure(self, kpi: Kpi) -> Figure:
        return evaluate(kpi, self.sums)


FEWEST_PEERS = 3


@dataclass(frozen=True)
class PeerMedians:
    """What half of the colleagues reach, of the `peers` others who made calls, by KPI; None where none has a value.

    Of fewer than three colleagues nothing is told: a median of two is a colleague's own figure, or says it.
    """

    peers: int
    values: Mapping[str, float | None]


def peer_medians(
    figures: Iterable[AgentFigures], agent: str, teams: Container[str], kpis: Iterable[Kpi]
) -> PeerMedians:
    """The medians of the others in these teams, each person once however many teams they were in."""
    sums: dict[str, list[AgentFigures]] = {}
    for row in figures:
        if row.team in teams and row.agent != agent and row.sums.get("calls"):
            sums.setdefault(row.agent, []).append(row)
    others = [joined(rows) for rows in sums.values()]
    if len(others) < FEWEST_PEERS:
        return PeerMedians(len(others), {})
    return PeerMedians(len(others), {kpi.id: _median(row.figure(kpi).value for row in others) for kpi in kpis})


def joined(rows: Iterable[AgentFigures]) -> AgentFigures:
    """One agent's work in several teams as one; nobody's and nothing where there is none."""
    agent, total = "", Counter[str]()
    for row in rows:
        agent = row.agent
        total.update(row.sums)
    return AgentFigures(agent, "", total)


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None
