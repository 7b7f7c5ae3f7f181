"""What the six databases hold, as the comparison needs it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from services.analytics.domain.cells import Key
from services.notifications.domain.rules import Rule

Identity = tuple[str, str]
"""(source, id) of an event."""


OUT = ("released", "done", "failed")


@dataclass(frozen=True)
class Task:
    """`entered` counts how often it came to a state since it was planned."""

    state: str
    event_id: str
    round: int
    entered: Mapping[str, int] = field(default_factory=dict)

    def times(self, state: str) -> int:
        """How often it was released, cancelled or expired: what was called off or postponed may be so again, or be done."""
        is_there = self.state in OUT if state == "released" else self.state == state
        return max(self.entered.get(state, 0), int(is_there))


@dataclass(frozen=True)
class Visit:
    """`dissatisfied` counts how often its record came to say so, `corrections` its versions after the first."""

    task_id: str
    state: str
    dissatisfied: int = 0
    corrections: int = 0


@dataclass(frozen=True)
class Case:
    origin: str
    origin_id: str
    state: str
    resolutions: int
    origin_source: str = ""
    by_hand: bool = False
    closings: int = 0

    @property
    def number(self) -> str:
        """Its number elsewhere, after its source where that is kept."""
        return f"{self.origin_source} {self.origin_id}".strip()


@dataclass(frozen=True)
class Send:
    """`greeting_day` is "" for a message that an event led to; `by_event` is False for one sent or repeated by hand.

    `erased` is whom it was about where that customer was erased since: its key says no more then.
    """

    key: str
    state: str
    accepted: bool
    greeting_day: str = ""
    by_event: bool = True
    erased: str = ""


@dataclass(frozen=True)
class RuleVersion:
    """One version of a notification rule, in force from `since` on."""

    rule: Rule
    since: datetime


@dataclass(frozen=True)
class Letter:
    """An open dead letter."""

    service: str
    consumer: str
    event_id: str
    event_type: str
    error: str


@dataclass(frozen=True)
class Draw:
    """A draw that is through: the `population` on record and its `members`, how many were `drawn` and are `winners`."""

    population: int
    members: int
    drawn: int
    winners: int


@dataclass
class Kept:
    """Everything read from the databases; ids are texts.

    `decisions` are those on events themselves, `occasions` those on later occasions of theirs, by their events' keys.
    What has `enrolled`, is in `populations` or was `called` by draws: `policy source event customer`. `planned` are
    the tasks that decisions say they have planned.
    """

    identities: set[Identity] = field(default_factory=set)
    decisions: Counter[Identity] = field(default_factory=Counter)
    occasions: Counter[str] = field(default_factory=Counter)
    enrolled: Counter[str] = field(default_factory=Counter)
    populations: Counter[str] = field(default_factory=Counter)
    called: Counter[str] = field(default_factory=Counter)
    planned: Counter[str] = field(default_factory=Counter)
    draws: dict[str, Draw] = field(default_factory=dict)
    tasks: dict[str, Task] = field(default_factory=dict)
    visits: dict[str, Visit] = field(default_factory=dict)
    attempts: int = 0
    cases: dict[str, Case] = field(default_factory=dict)
    sends: dict[str, Send] = field(default_factory=dict)
    greeting_days: dict[str, int] = field(default_factory=dict)
    rules: list[RuleVersion] = field(default_factory=list)
    followup_facts: set[str] = field(default_factory=set)
    rating_facts: set[str] = field(default_factory=set)
    case_facts: set[str] = field(default_factory=set)
    send_facts: set[str] = field(default_factory=set)
    figures: Counter[Key] = field(default_factory=Counter)
    outbox: dict[str, int] = field(default_factory=dict)
    letters: list[Letter] = field(default_factory=list)
