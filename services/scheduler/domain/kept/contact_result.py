"""What a step of a chain came to: what a contact's events, or the end of its task, say about it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, NamedTuple
from uuid import UUID

from services.scheduler.domain.detail import BecauseOf, Detail
from services.scheduler.domain.facts import Fact, new_fact
from shared.ids import derived_id

Result = Literal[
    "completed",
    "dissatisfied",
    "problem",
    "callback_agreed",
    "unreachable",
    "invalid_number",
    "refused",
    "opted_out",
    "capped",
    "cancelled",
    "expired",
]
TOOK_PLACE = ("completed", "dissatisfied", "problem")
COMPLETED, FAILED = "visit.completed", "visit.failed"
CORRECTED, REOPENED = "visit.corrected", "visit.reopened"
UNREACHED = ("unreachable", "invalid_number")
CALLBACK = "callback_agreed"
REFUSED = "refused"
REFUSALS = ("do_not_contact", "customer_refused")
SAID = ("rating", "score", "satisfaction", "effective", "responded", "resolved", "answers")
FIELDS = ("result", "reason", "problem", *SAID)
WORST_CONTENT_RATING = 3


class ContactResult(NamedTuple):
    """`code` is a `Result`, or a reason of the visit's own.

    `event` and `event_id` name what told it; `said` is what the customer said (rating, answers …).

    `channel` is that of a message, which may be another one about the same task ("" = of the task itself).
    """

    code: str
    at: datetime
    event: str
    event_id: str = ""
    reason: str = ""
    said: Mapping[str, Any] = {}
    channel: str = ""

    @property
    def because(self) -> BecauseOf[datetime]:
        """As a decision's record keeps it."""
        because: BecauseOf[datetime] = {"at": self.at, "result": self.code}
        if self.event:
            because["event"] = self.event
        if self.event_id:
            because["id"] = self.event_id
        if self.reason:
            because["reason"] = self.reason
        return because

    def as_fact(self) -> Fact:
        """As the condition of the next step sees it."""
        data = {**self.said, "result": self.code, "reason": self.reason}
        return new_fact(self.event_id, "", derived_id(self.at, self.event_id), self.event, self.event, self.at, data)


def result_of_visit(name: str, event_id: str, at: datetime, data: Mapping[str, Any]) -> ContactResult | None:
    """What an event of visits says; None when it says nothing about how the contact went."""
    if name == COMPLETED:
        return _said(name, event_id, at, data)
    if name == "visit.callback_agreed":
        return ContactResult(CALLBACK, at, name, event_id)
    if name == FAILED:
        return ContactResult(str(data.get("reason", "")), at, name, event_id)
    return None


def correction_of_visit(name: str, event_id: str, at: datetime, data: Mapping[str, Any]) -> ContactResult | None:
    """What an event of visits says that takes back what an earlier one said; it says it `at` this moment, about a contact
    that took place before. A visit that was opened again has no result: the code is ""."""
    if name == CORRECTED:
        return _said(name, event_id, at, data)
    return ContactResult("", at, name, event_id) if name == REOPENED else None


def _said(name: str, event_id: str, at: datetime, data: Mapping[str, Any]) -> ContactResult:
    told = {field: data[field] for field in SAID if data.get(field) is not None}
    told["problem"] = bool(data.get("problems"))
    return ContactResult(_completed(told), at, name, event_id, "", told)


def result_of_message(name: str, event_id: str, at: datetime, data: Mapping[str, Any]) -> ContactResult | None:
    """What became of a task that is a message; whoever did not get it, or may not be sent it, was not reached."""
    channel = str(data.get("channel", ""))
    if name == "notification.delivered":
        return ContactResult("completed", at, name, event_id, channel=channel)
    if name in ("notification.failed", "notification.suppressed"):
        return ContactResult("unreachable", at, name, event_id, str(data.get("reason", "")), channel=channel)
    return None


def task_id_in(cause: Any) -> UUID | None:
    """The task that a message is about, if its cause is one."""
    try:
        return UUID(cause)
    except (AttributeError, TypeError, ValueError):
        return None


def result_of_end(state: str, reason: str, at: datetime) -> ContactResult:
    """Of a task that ended before anybody contacted the customer."""
    if state == "expired":
        return ContactResult("expired", at, "followup.expired", reason=reason)
    result = REFUSED if reason in REFUSALS else "opted_out" if reason == "opted_out" else "cancelled"
    return ContactResult(result, at, "followup.cancelled", reason=reason)


def result_of_plan(detail: Detail, at: datetime) -> ContactResult:
    """Of a step that was not planned: the detail of its decision says why."""
    if detail["result"] == "capped":
        return ContactResult("capped", at, "")
    return result_of_end("cancelled", str(detail.get("reason") or detail["result"]), at)._replace(event="")


def _completed(told: Mapping[str, Any]) -> str:
    rating = told.get("rating")
    if isinstance(rating, int) and rating < WORST_CONTENT_RATING:
        return "dissatisfied"
    return "problem" if told["problem"] else "completed"
