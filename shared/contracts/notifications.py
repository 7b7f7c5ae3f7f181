"""Messages sent, published by notifications."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from shared.contracts.base import NOTIFICATIONS, EventData, contract


class Notification(EventData):
    """One message to one customer or manager."""

    send_id: str
    channel: Literal["sms", "email"]
    purpose: str = Field(
        description="thank_you, birthday, festival, complaint_resolved, major_complaint, survey, notice"
    )
    template: str
    provider: str = ""
    customer_id: str = ""
    branch: str = ""
    kind: str = ""
    cause_id: str = Field(default="", description="id of the event or greeting day that led to it")


@contract("notification.sent", topic=NOTIFICATIONS, owner="notifications", title="通知已提交")
class NotificationSent(Notification):
    sent_at: datetime


@contract("notification.delivered", topic=NOTIFICATIONS, owner="notifications", title="通知已送达")
class NotificationDelivered(Notification):
    delivered_at: datetime


@contract("notification.failed", topic=NOTIFICATIONS, owner="notifications", title="通知失败")
class NotificationFailed(Notification):
    reason: str
    failed_at: datetime


@contract("notification.opted_out", topic=NOTIFICATIONS, owner="notifications", title="客户退订")
class NotificationOptedOut(EventData):
    customer_id: str
    phone_masked: str = ""
    channel: Literal["sms", "email"] = "sms"
    purpose: str = Field(
        default="*",
        description="what is refused on this channel: * all promotion (greetings), notice all notices and questions by "
        "message, all everything, or the name of one purpose",
    )
    opted_out_at: datetime


@contract("notification.opt_out_revoked", topic=NOTIFICATIONS, owner="notifications", title="客户退订撤销")
class NotificationOptOutRevoked(EventData):
    """Nothing on record refuses `purpose` on this channel any more."""

    customer_id: str
    phone_masked: str = ""
    channel: Literal["sms", "email"] = "sms"
    purpose: str = Field(default="*", description="as in notification.opted_out")
    revoked_at: datetime
