"""What is learnt from contacts and cases: how a task ends, whether the contact counts, who refuses, how a case stands."""

from datetime import date, datetime
from typing import Literal, NamedTuple

from services.scheduler.domain.restraint.release import CaseStanding
from services.scheduler.domain.task import TaskState

Settled = Literal["committed", "freed"]
CASE_STATES = {
    "complaint.opened": "open",
    "complaint.reopened": "open",
    "complaint.resolved": "resolved",
    "complaint.closed": "closed",
}
CASES_IN_ORDER = ("open", "resolved", "closed")  # of one moment, the later state holds


class TaskNews(NamedTuple):
    """What an event of visits says about its task: the state it ends in, and what becomes of the reserved contact."""

    ends: TaskState | None
    reason: str
    contact: Settled
    refused: bool = False


class CaseNews(NamedTuple):
    """How a complaint stood at a moment, as an event tells."""

    standing: CaseStanding
    at: datetime


def case_news(name: str, event_id: str, at: datetime) -> CaseNews | None:
    """None for an event that doesn't change how the complaint stands."""
    state = CASE_STATES.get(name)
    if state is None:
        return None
    return CaseNews(CaseStanding(state, event_id if state == "resolved" else "", name == "complaint.reopened"), at)


def newest(before: CaseNews | None, news: CaseNews) -> CaseNews:
    """How the complaint stands once both are known, in whatever order they were heard."""
    return news if before is None or _order(before) <= _order(news) else before


def _order(news: CaseNews) -> tuple[datetime, int, bool]:
    return news.at, CASES_IN_ORDER.index(news.standing.state), news.standing.reopened


def visit_news(name: str, reason: str = "") -> TaskNews | None:
    """None for an event that says nothing about the task. A contact nobody answered frees its place under the caps."""
    if name == "visit.completed":
        return TaskNews("done", "", "committed")
    if name == "visit.callback_agreed":
        return TaskNews(None, "", "committed")
    if name == "visit.failed":
        refused = reason == "refused"
        return TaskNews("failed", reason, "committed" if refused else "freed", refused)
    return None


def message_news(name: str, reason: str = "") -> TaskNews | None:
    """What became of a task that is a message; None for an event that says nothing about that."""
    if name == "notification.delivered":
        return TaskNews("done", "", "committed")
    if name in ("notification.failed", "notification.suppressed"):
        return TaskNews("failed", reason, "freed")
    return None


class Settlement(NamedTuple):
    """What became of a reserved contact; one that took place counts on the day it took place."""

    state: Settled
    day: date


def settled(before: Settlement | None, news: Settlement) -> Settlement:
    """A contact that once took place stays one."""
    return before if before and (before.state, news.state) == ("committed", "freed") else news
