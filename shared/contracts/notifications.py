"""Messages sent, published by notifications."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from shared.contracts.base import NOTIFICATIONS, EventData, contract
from shared.contracts.common import Part


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


@contract("notification.suppressed", topic=NOTIFICATIONS, owner="notifications", title="通知未发送")
class NotificationSuppressed(Notification):
    """A message to a customer, other than promotion, could not go when its time came: they refuse it, there is no number …

    One that lacks its text is not told of: it waits for somebody to write that and send it again.
    """

    reason: str
    suppressed_at: datetime


class Answerable(Part):
    """A message that a reply may be an answer to; `cause_id` as in its other events."""

    send_id: str
    cause_id: str
    sent_at: datetime


@contract("notification.replied", topic=NOTIFICATIONS, owner="notifications", title="客户回复数字")
class NotificationReplied(EventData):
    """A single digit came back from a number that was sent questions (purpose `survey`) lately."""

    customer_id: str
    phone_masked: str = ""
    digit: int = Field(ge=0, le=9)
    replied_at: datetime
    answers: list[Answerable] = Field(description="the questions it may answer, the newest first")


@contract("notification.opted_out", topic=NOTIFICATIONS, owner="notifications", title="客户退订")
class NotificationOptedOut(EventData):
    customer_id: str
    phone_masked: str = ""
    channel: Literal["sms", "email", "phone"] = "sms"
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
    channel: Literal["sms", "email", "phone"] = "sms"
    purpose: str = Field(default="*", description="as in notification.opted_out")
    revoked_at: datetime
