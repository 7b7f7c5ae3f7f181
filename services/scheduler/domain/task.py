"""A follow-up task and its life: planned → released → done or failed; both → cancelled, planned → expired, released →
planned again. Whose visit is opened again was not failed: `commands.reopen` takes that back."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, NamedTuple
from uuid import UUID

from services.scheduler.domain.value import Value
from shared.errors import Conflict

TaskState = Literal["planned", "released", "done", "failed", "cancelled", "expired"]
NEXT: dict[TaskState, frozenset[TaskState]] = {
    "planned": frozenset({"released", "cancelled", "expired"}),
    "released": frozenset({"done", "failed", "cancelled", "planned"}),
}
BY_HAND = "by_hand"  # the reason of a task that somebody called off
MESSAGES = ("sms", "email")
NAMES: dict[str, str] = {
    "planned": "已计划",
    "released": "已下达",
    "done": "已完成",
    "failed": "未成功",
    "cancelled": "已取消",
    "expired": "已过期",
}


class TaskNotInState(Conflict):
    """The task's state does not lead to the wanted one."""

    title = "回访任务的状态不允许此操作"
    code = "task-not-in-state"


class Task(Value, frozen=True):
    """A planned contact of one customer. `card` and `matters` are what followup events carry.

    `event_id` and `event_source` name the fact that planned it; `combined` the policies that joined it (X1);
    `counted` those of its policies for which it stands in the contact ledger; for the `blockable` ones of them it never
    goes where a cap is used up. `tier` is the organisation tier of its team. `guards` are further conditions of release,
    of which `defers` put it off; `deferred` counts how often that happened, last for `reason`. Roles among `never_alone`
    don't go on site by themselves. At `warn_at` somebody is warned that the deadline is near. `terms` are kept while its
    times are provisional (`provisional.py`). `hours` are those of its contact window, common to all of its policies
    (`hours.py`). It merges with what is due at most `merge_within` days apart; an `independent` one only with its team's.
    Nobody of the teams and units among `barred` makes it: they did the work.
    """

    id: UUID
    policy_id: str
    policy_version: int
    event_id: str
    event_source: str
    customer_id: str
    card: Mapping[str, Any]
    matters: tuple[Mapping[str, Any], ...]
    kind: str
    branch: str
    channel: str
    team: str
    priority: int
    questionnaire: str
    purpose: str
    round: int
    due_at: datetime
    deadline_at: datetime | None
    case_id: str | None
    merge: bool
    counted: tuple[str, ...]
    guards: tuple[str, ...]
    combined: tuple[str, ...]
    lineage: str
    state: TaskState = "planned"
    reason: str = ""
    step: str = ""
    blockable: tuple[str, ...] = ()
    tier: str = ""
    warn_at: datetime | None = None
    terms: tuple[Mapping[str, Any], ...] = ()
    hours: str = ""
    defers: tuple[str, ...] = ()
    deferred: int = 0
    never_alone: tuple[str, ...] = ()
    merge_within: int | None = None
    independent: bool = False
    barred: tuple[str, ...] = ()

    @property
    def is_message(self) -> bool:
        """Whether notifications sends it; everything else people do."""
        return self.channel in MESSAGES

    @property
    def provisional(self) -> bool:
        """Whether its times hang on holidays that are not published yet."""
        return bool(self.terms)


class Released(NamedTuple):
    """A task whose visit is not over; `agreed`: the customer has been spoken to and expects to be called back."""

    task: Task
    agreed: bool = False


def moved(task: Task, state: TaskState, reason: str = "") -> Task:
    """The task in its next state. Raises TaskNotInState."""
    if state not in NEXT.get(task.state, ()):
        raise TaskNotInState(f"任务当前{NAMES[task.state]}，不能变为{NAMES[state]}", state=task.state)
    return task._replace(state=state, reason=reason)


def deferred(task: Task, until: datetime, reason: str) -> Task:
    """Planned, still or again, for a later moment. Raises TaskNotInState."""
    if task.state not in ("planned", "released"):
        raise TaskNotInState(f"任务当前{NAMES[task.state]}，不能推迟", state=task.state)
    return task._replace(state="planned", due_at=until, reason=reason, deferred=task.deferred + 1)
