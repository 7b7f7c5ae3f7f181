"""Follow-up tasks, published by the scheduler."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from shared.contracts.base import TASKS, EventData, contract
from shared.contracts.common import Channel, CustomerCard, Matter


class Followup(EventData):
    """A follow-up task: whom, about what, how, and by when. Round 2 asks again after a complaint was resolved."""

    task_id: str
    policy_id: str
    policy_version: int
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
    case_id: str | None = Field(default=None, description="the complaint this round asks about")


@contract("followup.planned", topic=TASKS, owner="scheduler", title="回访已计划")
class FollowupPlanned(Followup):
    pass


@contract("followup.released", topic=TASKS, owner="scheduler", title="回访已下达")
class FollowupReleased(Followup):
    released_at: datetime


@contract("followup.cancelled", topic=TASKS, owner="scheduler", title="回访已取消")
class FollowupCancelled(Followup):
    reason: str = Field(description="machine reason, such as customer_refused")
    lawful: bool = Field(default=True, description="a lawful reason takes the task out of 应访")
    cancelled_at: datetime


@contract("followup.expired", topic=TASKS, owner="scheduler", title="回访已过期")
class FollowupExpired(Followup):
    expired_at: datetime
