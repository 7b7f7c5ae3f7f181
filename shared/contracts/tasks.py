"""Follow-up tasks, published by the scheduler."""

from datetime import date, datetime
from typing import Any, Literal

from pydantic import Field

from shared.contracts.base import OCCASIONS, TASKS, EventData, contract
from shared.contracts.common import Channel, CustomerCard, Matter, Part


class ContactHours(Part):
    """When the policy lets the customer be called, in the organisation's zone: frames `["10:30", "11:30"]` in order.

    `["22:00", "06:00"]` goes on past midnight and belongs to the day that it begins on; "24:00" is the end of the day.
    """

    frames: list[tuple[str, str]]
    days: Literal["working", "all"] = "working"
    weekdays: list[int] = Field(default=[0, 1, 2, 3, 4, 5, 6], description="0 is Monday")
    own_days: dict[date, bool] = Field(
        default={},
        description="days unlike the official calendar, where the policy or branch has its own; true = worked",
    )


class Followup(EventData):
    """A follow-up task: whom, about what, how, and by when. Round 2 asks again after a complaint was resolved."""

    task_id: str
    policy_id: str
    policy_version: int
    step: str = Field(default="", description="the step of the policy, where it has several")
    purpose: Literal["followup", "greeting", "notice"] = "followup"
    round: int = Field(default=1, ge=1)
    customer: CustomerCard
    matters: list[Matter]
    kind: str = Field(description="business kind in figures: the first matter's event name")
    branch: str = ""
    channel: Channel = "phone"
    team: str = ""
    priority: int = Field(default=5, ge=1, le=9, description="1 is most urgent")
    questionnaire: str = ""
    due_at: datetime = Field(description="earliest moment of contact")
    deadline_at: datetime | None = None
    provisional: bool = Field(default=False, description="its times hang on holidays that are not published yet")
    case_id: str | None = Field(default=None, description="the complaint this round asks about")
    never_alone: list[str] = Field(default=[], description="roles that may not make this contact on site by themselves")
    barred: list[str] = Field(
        default=[], description="teams and units that did the work; nobody of theirs makes this contact (independence)"
    )


@contract("followup.planned", topic=TASKS, owner="scheduler", title="回访已计划")
class FollowupPlanned(Followup):
    pass


@contract("followup.released", topic=TASKS, owner="scheduler", title="回访已下达")
class FollowupReleased(Followup):
    """The customer is to be contacted now. Told again, with all that has changed, of a task that was postponed meanwhile."""

    released_at: datetime
    hours: ContactHours | None = Field(default=None, description="contact window of the policy; none = any time")


@contract("followup.postponed", topic=TASKS, owner="scheduler", title="回访已推迟")
class FollowupPostponed(Followup):
    """A released task is planned again: nobody contacts the customer about it until it is released again.

    `due_at` is the earliest moment of that. A contact that goes on already may end, and its result counts.
    """

    reason: str = Field(description="machine reason, such as paused or case_open")
    postponed_at: datetime


@contract("followup.changed", topic=TASKS, owner="scheduler", title="回访有变更")
class FollowupChanged(Followup):
    """A released task stays with whoever has it, and from now on is what this event says."""

    changes: list[Literal["matters", "channel", "priority", "deadline_at"]] = Field(
        default=[], description="what is other than before; none = only what the reason says is to be known"
    )
    reason: str = Field(description="machine reason, such as fact_withdrawn")
    changed_at: datetime


@contract("followup.cancelled", topic=TASKS, owner="scheduler", title="回访已取消")
class FollowupCancelled(Followup):
    """The customer is not to be contacted: a planned task, or a released one whose visit is not over, is called off."""

    reason: str = Field(description="machine reason, such as customer_refused")
    lawful: bool = Field(default=True, description="a lawful reason takes the task out of 应访")
    cancelled_at: datetime


@contract("followup.expired", topic=TASKS, owner="scheduler", title="回访已过期")
class FollowupExpired(Followup):
    expired_at: datetime


@contract("followup.deadline_near", topic=TASKS, owner="scheduler", title="回访将到期")
class FollowupDeadlineNear(Followup):
    """The deadline is near and the customer has not been followed up; told once per task."""

    state: Literal["planned", "released"]
    warned_at: datetime


@contract("policy.limit_reached", topic=TASKS, owner="scheduler", title="策略达到上限")
class PolicyLimitReached(EventData):
    """Contacts that a policy wants find no room: its ceiling moves them to a later day, or its quota refuses them.

    Told once per policy and business day, with the counts as they are then.
    """

    policy_id: str
    title: str = Field(description="the policy's name")
    limit: Literal["ceiling", "quota"]
    day: date = Field(description="the day of the ceiling, or the first day of the quota's period")
    stratum: str = Field(default="", description="whose quota it is, for people")
    most: int = Field(ge=1, description="the limit: contacts that have room")
    taken: int = Field(ge=0, description="contacts planned within it")
    lacking: int = Field(ge=1, description="contacts moved or refused so far")
    reached_at: datetime


class RecordedFact(Part):
    """A fact as it was decided on before: the event's attributes and data."""

    id: str
    source: str
    type: str
    time: datetime
    data: dict[str, Any]
    lineage: str = ""
    title: str = Field(default="", description="what the pack that declares the kind calls it, where one does")


@contract("occasion.arrived", topic=OCCASIONS, owner="scheduler", title="回访时机到来")
class OccasionArrived(EventData):
    """The moment has come to plan a contact that one policy wants: the fact was drawn, or a date arrived.

    The scheduler tells it itself, keyed by the customer, so that contacts of one customer are planned one after the other.
    Nobody else reads it.
    """

    policy_id: str
    policy_version: int
    step: str = ""
    reason: Literal["drawn", "reserve", "schedule", "anniversary", "awaited", "follows"]
    at: datetime = Field(description="what delay and deadline count from")
    customer_id: str
    fact: RecordedFact
