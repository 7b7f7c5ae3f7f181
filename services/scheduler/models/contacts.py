"""Customers and their cases, decisions, tasks, and the contacts that count."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Column,
    Date,
    Index,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from services.scheduler.models.base import Base, json_column, moment_column, text_column


class CustomerRow(Base, table=True):
    """The small profile; `as_of` and `older` tell when its fields were told (`shared.profile.Profile`), `opted_out` maps
    channel:purpose to when.

    `memory` lists the newest events that some condition counts (`domain.conditions.memory.Remembered`).
    Nobody contacts them before `paused_until`.
    """

    __tablename__ = "customer"

    id: str = Field(sa_column=text_column(primary_key=True))
    profile: dict[str, Any] = Field(sa_column=json_column())
    as_of: datetime = Field(sa_column=moment_column())
    older: dict[str, Any] = Field(sa_column=json_column())
    opted_out: dict[str, Any] = Field(sa_column=json_column())
    memory: list[Any] = Field(sa_column=json_column())
    paused_until: datetime | None = Field(sa_column=moment_column(nullable=True))


class CaseRow(Base, table=True):
    """How a complaint stands; `resolved_by` is the event that last resolved it, `reopened` tells that it was sent back."""

    __tablename__ = "complaint_case"
    __table_args__ = (Index("complaint_case_open", "customer_id", postgresql_where=text("state = 'open'")),)

    id: str = Field(sa_column=text_column(primary_key=True))
    customer_id: str = Field(sa_column=text_column())
    state: str = Field(sa_column=text_column())
    resolved_by: str = Field(sa_column=text_column())
    as_of: datetime = Field(sa_column=moment_column())
    reopened: bool


class DecisionRow(Base, table=True):
    """The record of one event (append-only, partitioned by `day`, the UTC day of the event).

    `subject` is the document number that people ask by.
    """

    __tablename__ = "decision"
    __table_args__ = (Index("decision_event_id", "event_id"), Index("decision_customer", "customer_id", "subject"))

    day: date = Field(sa_column=Column(Date, primary_key=True))
    event_key: UUID = Field(sa_column=Column(Uuid, primary_key=True))
    event_id: str = Field(sa_column=text_column())
    source: str = Field(sa_column=text_column())
    event_type: str = Field(sa_column=text_column())
    customer_id: str = Field(sa_column=text_column())
    subject: str = Field(sa_column=text_column())
    at: datetime = Field(sa_column=moment_column())
    decided_at: datetime = Field(sa_column=moment_column())
    outcome: str = Field(sa_column=text_column())
    details: list[Any] = Field(sa_column=json_column())


class TaskRow(Base, table=True):
    """A task's history row; `body` holds the rest of `domain.task.Task`, `life` what became of it since it was planned."""

    __tablename__ = "task"
    __table_args__ = (
        Index("task_customer", "customer_id", "due_at", "id"),
        Index("task_due", "due_at", "id"),
        Index("task_case", "case_id", postgresql_where=text("case_id IS NOT NULL")),
    )

    id: UUID = Field(sa_column=Column(Uuid, primary_key=True))
    policy_id: str = Field(sa_column=text_column())
    policy_version: int
    event_id: str = Field(sa_column=text_column())
    customer_id: str = Field(sa_column=text_column())
    case_id: str | None = Field(sa_column=text_column(nullable=True))
    due_at: datetime = Field(sa_column=moment_column())
    deadline_at: datetime | None = Field(sa_column=moment_column(nullable=True))
    state: str = Field(sa_column=text_column())
    reason: str = Field(sa_column=text_column())
    planned_at: datetime = Field(sa_column=moment_column())
    changed_at: datetime = Field(sa_column=moment_column())
    body: dict[str, Any] = Field(sa_column=json_column())
    life: list[Any] = Field(sa_column=json_column())


class DueRow(Base, table=True):
    """A planned task waiting for its moment: small, so that claiming stays fast however long the history is."""

    __tablename__ = "due"
    __table_args__ = (Index("due_at", "due_at", "task_id"), Index("due_customer", "customer_id"))

    task_id: UUID = Field(sa_column=Column(Uuid, primary_key=True))
    customer_id: str = Field(sa_column=text_column())
    due_at: datetime = Field(sa_column=moment_column())


class LedgerRow(Base, table=True):
    """A contact that counts for caps: reserved when planned, committed when it took place, else
    freed, which the column calls `released`.

    `day` is the local day it is planned for or took place, `policies` are those it counts for. The index holds all that
    is asked of a customer's contacts: they were planned years apart and lie in as many pages.
    """

    __tablename__ = "contact_ledger"
    __table_args__ = (
        Index(
            "contact_ledger_customer",
            "customer_id",
            "day",
            postgresql_include=["task_id", "purpose", "policies", "tier"],
            postgresql_where=text("state <> 'released'"),
        ),
    )

    task_id: UUID = Field(sa_column=Column(Uuid, primary_key=True))
    customer_id: str = Field(sa_column=text_column())
    day: date = Field(sa_column=Column(Date, nullable=False))
    state: str = Field(sa_column=text_column())
    purpose: str = Field(sa_column=text_column())
    policies: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    tier: str = Field(sa_column=text_column())


class WarningRow(Base, table=True):
    """When somebody is warned of a task's deadline; kept for a while once sent, so that nobody is warned twice."""

    __tablename__ = "deadline_warning"
    __table_args__ = (Index("deadline_warning_due", "warn_at", "task_id", postgresql_where=text("NOT sent")),)

    task_id: UUID = Field(sa_column=Column(Uuid, primary_key=True))
    warn_at: datetime = Field(sa_column=moment_column())
    sent: bool


class ProvisionalRow(Base, table=True):
    """A planned task whose times hang on `year`, whose holidays were not published then."""

    __tablename__ = "provisional_task"
    __table_args__ = (
        Index("provisional_task_year", "year", "task_id"),
        Index("provisional_task_customer", "customer_id"),
    )

    task_id: UUID = Field(sa_column=Column(Uuid, primary_key=True))
    customer_id: str = Field(sa_column=text_column())
    year: int
