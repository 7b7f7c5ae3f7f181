"""What is learnt from contacts and cases: how a task ends, whether the contact counts, who refuses, how a case stands."""

from datetime import date
from typing import Literal, NamedTuple

from services.scheduler.domain.task import TaskState

Settled = Literal["committed", "released"]
CASE_STATES = {
    "complaint.opened": "open",
    "complaint.reopened": "open",
    "complaint.resolved": "resolved",
    "complaint.closed": "closed",
}


MESSAGES: dict[str, Settled] = {"notification.delivered": "committed", "notification.failed": "released"}


class Told(NamedTuple):
    """What an event of visits says about its task: the state it ends in, and what becomes of the reserved contact."""

    ends: TaskState | None
    reason: str
    contact: Settled
    refused: bool = False


def told_by(name: str, reason: str = "") -> Told | None:
    """None for an event that says nothing about the task. A contact nobody answered frees its place under the caps."""
    if name == "visit.completed":
        return Told("done", "", "committed")
    if name == "visit.callback_agreed":
        return Told(None, "", "committed")
    if name == "visit.failed":
        refused = reason == "refused"
        return Told("failed", reason, "committed" if refused else "released", refused)
    return None


class Settlement(NamedTuple):
    """What became of a reserved contact; one that took place counts on the day it took place."""

    state: Settled
    day: date


def settled(before: Settlement | None, told: Settlement) -> Settlement:
    """A contact that once took place stays one."""
    return before if before and (before.state, told.state) == ("committed", "released") else told
