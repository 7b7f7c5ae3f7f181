"""Whether an agent can be handed work: 示闲, 示忙, 小休 or 离线, as they have said themselves."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Present(StrEnum):
    READY = "ready"
    BUSY = "busy"
    BREAK = "break"
    OFFLINE = "offline"


WORDS = {Present.READY: "示闲", Present.BUSY: "示忙", Present.BREAK: "小休", Present.OFFLINE: "离线"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """What an agent has said, since when; who never said anything is there.

    At most `capacity` visits are held at once. `units` and `teams` are the agent's own, so that supervisors see theirs. Who has
    a `shift` is handed work within it alone.
    """

    agent: str
    name: str = ""
    state: Present = Present.READY
    since: datetime
    capacity: int
    units: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    shift: str = ""

    @property
    def away(self) -> str:
        """Their state in Chinese when they can't be handed work, else ""."""
        return "" if self.state is Present.READY else WORDS[self.state]
