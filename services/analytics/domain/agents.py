"""An agent's work over a period."""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, replace
from statistics import median


@dataclass(frozen=True)
class AgentFigures:
    """Sums of an agent's days, and what follows from them. Times are in seconds."""

    agent: str
    team: str
    days: int
    calls: int
    connected: int
    completed: int
    effective: int
    callbacks: int
    callbacks_called: int
    callbacks_kept: int
    talk_seconds: int
    wrap_up_seconds: int
    target: int

    @property
    def contact_rate(self) -> float | None:
        return self.connected / self.calls if self.calls else None

    @property
    def effective_rate(self) -> float | None:
        return self.effective / self.connected if self.connected else None

    @property
    def calls_per_day(self) -> float | None:
        return self.calls / self.days if self.days else None

    @property
    def handling_seconds(self) -> float | None:
        """Average handling time of a call: talk and wrap-up."""
        return (self.talk_seconds + self.wrap_up_seconds) / self.calls if self.calls else None

    @property
    def target_rate(self) -> float | None:
        """Calls against the target of the days worked."""
        return self.calls / (self.target * self.days) if self.target and self.days else None


FEWEST_PEERS = 3


@dataclass(frozen=True)
class PeerMedians:
    """What half of the colleagues reach, of the `peers` others who made calls; without a value where none has one.

    Of fewer than three colleagues nothing is told: a median of two is a colleague's own figure, or says it.
    """

    peers: int
    calls_per_day: float | None = None
    contact_rate: float | None = None
    effective_rate: float | None = None
    handling_seconds: float | None = None


def peer_medians(figures: Iterable[AgentFigures], agent: str, teams: Container[str]) -> PeerMedians:
    """The medians of the others in these teams, each person once however many teams they were in."""
    sums: dict[str, AgentFigures] = {}
    for row in figures:
        if row.team in teams and row.agent != agent and row.calls:
            sums[row.agent] = _joined(sums[row.agent], row) if row.agent in sums else row
    others = list(sums.values())
    if len(others) < FEWEST_PEERS:
        return PeerMedians(len(others))
    return PeerMedians(
        peers=len(others),
        calls_per_day=_median(row.calls_per_day for row in others),
        contact_rate=_median(row.contact_rate for row in others),
        effective_rate=_median(row.effective_rate for row in others),
        handling_seconds=_median(row.handling_seconds for row in others),
    )


def _joined(one: AgentFigures, other: AgentFigures) -> AgentFigures:
    added = (
        "days",
        "calls",
        "connected",
        "completed",
        "effective",
        "callbacks",
        "callbacks_called",
        "callbacks_kept",
        "talk_seconds",
        "wrap_up_seconds",
    )
    return replace(one, **{name: getattr(one, name) + getattr(other, name) for name in added})


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None


def agent_figures(agent: str, team: str, days: int, sums: Mapping[str, int], daily_target: int) -> AgentFigures:
    """Figures of an agent in a team; a measure that is missing is 0."""
    return AgentFigures(
        agent=agent,
        team=team,
        days=days,
        calls=sums.get("calls", 0),
        connected=sums.get("connected", 0),
        completed=sums.get("completed", 0),
        effective=sums.get("effective", 0),
        callbacks=sums.get("callbacks", 0),
        callbacks_called=sums.get("callbacks_called", 0),
        callbacks_kept=sums.get("callbacks_kept", 0),
        talk_seconds=sums.get("talk_seconds", 0),
        wrap_up_seconds=sums.get("wrap_up_seconds", 0),
        target=daily_target,
    )
