"""An agent's work over a period."""

from collections.abc import Mapping
from dataclasses import dataclass


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
    talk_seconds: int
    wrap_up_seconds: int
    target: int

    @property
    def contact_rate(self) -> float | None:
        return self.connected / self.calls if self.calls else None

    @property
    def handling_seconds(self) -> float | None:
        """Average handling time of a call: talk and wrap-up."""
        return (self.talk_seconds + self.wrap_up_seconds) / self.calls if self.calls else None

    @property
    def target_rate(self) -> float | None:
        """Calls against the target of the days worked."""
        return self.calls / (self.target * self.days) if self.target and self.days else None


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
        talk_seconds=sums.get("talk_seconds", 0),
        wrap_up_seconds=sums.get("wrap_up_seconds", 0),
        target=daily_target,
    )
