"""Complaint cases, published by complaints."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from shared.contracts.base import COMPLAINTS, EventData, contract
from shared.contracts.common import CustomerCard, Matter

Grade = Literal["major", "general", "opinion"]
Origin = Literal["visit", "hotline", "manual"]


class Complaint(EventData):
    """A case as it stands when the event happens. `level` rises each time it is raised (提级)."""

    case_id: str
    case_no: str
    origin: Origin
    origin_id: str = Field(description="visit id, 12345 case number, or the hand-made case's own id")
    customer: CustomerCard
    matters: list[Matter] = []
    kind: str = ""
    branch: str = ""
    grade: Grade = "general"
    level: int = 0
    round: int = Field(default=1, description="rectification round, 1 at opening")
    responsible_unit: str = ""
    owner: str = Field(default="", description="the person who answers for it (首问负责)")
    done_by: str = Field(default="", description="team that did the work complained of")
    description: str = ""
    opened_at: datetime
    deadline_at: datetime
    provisional: bool = Field(default=False, description="the deadline hangs on holidays that are not published yet")
    first_rating: int | None = None


@contract("complaint.opened", topic=COMPLAINTS, owner="complaints", title="投诉已立案")
class ComplaintOpened(Complaint):
    pass


@contract("complaint.assigned", topic=COMPLAINTS, owner="complaints", title="投诉已派发")
class ComplaintAssigned(Complaint):
    assigned_at: datetime


@contract("complaint.escalated", topic=COMPLAINTS, owner="complaints", title="投诉已提级")
class ComplaintEscalated(Complaint):
    reason: Literal["overdue", "second_dissatisfaction", "reworked", "by_hand"]
    escalated_at: datetime


@contract("complaint.resolved", topic=COMPLAINTS, owner="complaints", title="投诉已整改")
class ComplaintResolved(Complaint):
    """Rectified: a second follow-up is due. `in_time` is measured on the working-time clock."""

    measures: str
    resolved_at: datetime
    in_time: bool


@contract("complaint.reopened", topic=COMPLAINTS, owner="complaints", title="投诉已重办")
class ComplaintReopened(Complaint):
    reason: str
    visit_id: str = Field(
        default="", description="the second follow-up that it was sent back after; empty when a person sent it back"
    )
    reopened_at: datetime


@contract("complaint.closed", topic=COMPLAINTS, owner="complaints", title="投诉已闭环")
class ComplaintClosed(Complaint):
    """`final_rating` is the second follow-up's; the first is kept beside it."""

    outcome: Literal["satisfied", "dissatisfied", "unreached", "rejected", "by_hand"]
    final_rating: int | None = None
    closed_at: datetime
    in_time: bool
