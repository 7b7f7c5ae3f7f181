"""A pack's test: what happens, and the plan that must come of it. `scenario_file` reads it, `rehearsal` runs it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

StepKind = Literal["fact", "contact", "correct", "opt_out", "case"]
DrawMode = Literal["all", "none", "real"]


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happens at `at`. `value` is the fact's name, the contact's result, the channel or the case's state.

    `about` is the fact a contact is about, the contact whose result is corrected, or the id of a case; `step` whose contact
    it is, where several are released.
    The platform hears of it when it happens, but of a `late` fact only then.
    """

    kind: StepKind
    value: str
    id: str
    at: datetime
    customer: Mapping[str, Any]
    about: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    step: str = ""
    late: datetime | None = None

    @property
    def heard_at(self) -> datetime:
        return self.late or self.at


@dataclass(frozen=True, slots=True)
class Expected:
    """A task that must be in the plan: `fact` planned it, and it has these `values`."""

    fact: str
    policy: str
    values: Mapping[str, Any]
    line: int


@dataclass(frozen=True, slots=True)
class Unexpected:
    """No task for `fact` (by `policy` when given), for this `reason`."""

    fact: str
    policy: str
    reason: str
    line: int


@dataclass(frozen=True)
class Scenario:
    """One test of a clause; time passes to the last step, and on to `until` when given.

    Every policy runs, but when `policies` names some, only their tasks must all be expected.
    """

    file: str
    line: int
    name: str
    clause: str
    draw: DrawMode
    steps: tuple[Step, ...]
    until: datetime | None
    expected: tuple[Expected, ...]
    unexpected: tuple[Unexpected, ...]
    policies: frozenset[str] = frozenset()

    def watches(self, policy: str) -> bool:
        return not self.policies or policy in self.policies
