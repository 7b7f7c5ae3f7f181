"""The work rules (作业规则): what a deployment sets about visits, in one value with versions.

Every decision goes by the rules in force at its moment: an attempt at a visit that was opened under older rules goes by
today's. A visit keeps of them only what has been decided, such as the time of its next attempt.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from services.visits.domain.errors import ResultNotSelectable
from services.visits.domain.hours import ContactHours
from services.visits.domain.results import RESULTS, ResultCode
from shared.calendar import WorkCalendar


@dataclass(frozen=True)
class WorkRules:
    """When customers are called, how often, and what follows from each result.

    A visit is tried `most_attempts` times and worked on until `grace` after its deadline. An agreed callback comes to the
    front `callback_lead` before its time and counts as kept until `callback_kept_within` after it; after `callback_expiry`
    somebody's own goes to everybody. Two callbacks of one agent are not to be closer than `callback_takes`. An agent holds
    at most `most_held` visits at once, and may correct a record for `correct_within` after it was finished. After a result
    among `invite_after` the customer is invited to answer by themselves, too; such a code serves for `code_lives`.
    """

    hours: ContactHours = field(default_factory=ContactHours)
    most_attempts: int = 3
    grace: timedelta = timedelta(days=7)
    callback_lead: timedelta = timedelta(minutes=5)
    callback_kept_within: timedelta = timedelta(minutes=30)
    callback_expiry: timedelta = timedelta(minutes=30)
    callback_takes: timedelta = timedelta(minutes=10)
    most_held: int = 50
    invite_after: frozenset[str] = frozenset()
    code_lives: timedelta = timedelta(hours=72)
    correct_within: timedelta = timedelta(hours=24)
    results: Mapping[str, ResultCode] = field(default_factory=lambda: RESULTS)

    @property
    def calendar(self) -> WorkCalendar:
        return self.hours.calendar

    @property
    def selectable(self) -> list[ResultCode]:
        """The codes an agent may choose, in the deployment's order."""
        return [code for code in self.results.values() if not code.retired]

    def on(self, calendar: WorkCalendar) -> "WorkRules":
        """The same rules, reckoning with this calendar."""
        return self if calendar is self.calendar else replace(self, hours=replace(self.hours, calendar=calendar))

    def chosen(self, code: str) -> ResultCode:
        """The code an agent has chosen. Raises ResultNotSelectable."""
        found = self.results.get(code)
        if found is None or found.retired:
            named = f"「{found.label}」已停用" if found else f"没有结果代码 {code}"
            raise ResultNotSelectable(f"{named}，请改选：{'、'.join(one.label for one in self.selectable)}")
        return found

    def label_of(self, code: str) -> str:
        """What a code is or was called here; one that nobody knows any more by itself."""
        found = self.results.get(code) or RESULTS.get(code)
        return found.label if found else code


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesVersion:
    """The rules that hold or held: since when, by whom, why. The first is what the settings say, until it is replaced."""

    version: int
    rules: WorkRules
    at: datetime | None = None
    by: str = ""
    reason: str = ""
