"""What runs wait for and have heard, what was withdrawn, and walks."""

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


class WaitingRow(Base, table=True):
    """What a run waits for (`domain.waiting.Waiting`): the result of a contact, or an event; `body` holds the rest."""

    __tablename__ = "waiting_step"
    __table_args__ = (
        Index("waiting_step_customer", "customer_id"),
        Index("waiting_step_task", "task_id", postgresql_where=text("task_id IS NOT NULL")),
        Index("waiting_step_until", "until", "id"),
        Index("waiting_step_signals", "signals", postgresql_using="gin", postgresql_where=text("kind = 'event'")),
    )

    id: UUID = Field(sa_column=Column(Uuid, primary_key=True))
    customer_id: str = Field(sa_column=text_column())
    run_id: UUID = Field(sa_column=Column(Uuid, nullable=False))
    policy_id: str = Field(sa_column=text_column())
    policy_version: int
    step: str = Field(sa_column=text_column())
    kind: str = Field(sa_column=text_column())
    task_id: UUID | None = Field(sa_column=Column(Uuid, nullable=True))
    since: datetime = Field(sa_column=moment_column())
    until: datetime | None = Field(sa_column=moment_column(nullable=True))
    signals: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    body: dict[str, Any] = Field(sa_column=json_column())


class LedRow(Base, table=True):
    """That a contact's result led a run on (`domain.kept.waiting.LedOn`), in case it is corrected; `body` holds the rest.
    Kept as long as decisions are."""

    __tablename__ = "led_step"
    __table_args__ = (Index("led_step_task", "task_id"), Index("led_step_at", "at"))

    id: UUID = Field(sa_column=Column(Uuid, primary_key=True))
    customer_id: str = Field(sa_column=text_column())
    task_id: UUID = Field(sa_column=Column(Uuid, nullable=False))
    at: datetime = Field(sa_column=moment_column())
    body: dict[str, Any] = Field(sa_column=json_column())


class SignalRow(Base, table=True):
    """An event without a customer that runs may wait for, by what they recognise it by; kept for a few days."""

    __tablename__ = "signal"

    name: str = Field(sa_column=text_column(primary_key=True))
    event_key: UUID = Field(sa_column=Column(Uuid, primary_key=True))
    at: datetime = Field(sa_column=moment_column())
    fact: dict[str, Any] = Field(sa_column=json_column())


class WithdrawnRow(Base, table=True):
    """A fact that doesn't stand any more, and why; kept for `late_days`, since its fact may be heard after it."""

    __tablename__ = "withdrawn_fact"
    __table_args__ = (Index("withdrawn_fact_at", "at"),)

    event_id: str = Field(sa_column=text_column(primary_key=True))
    source: str = Field(sa_column=text_column(primary_key=True))
    reason: str = Field(sa_column=text_column())
    at: datetime = Field(sa_column=moment_column())


class HeardRow(Base, table=True):
    """A fact that concerns a customer's runs, with those it began (`domain.steps.story.Begun`); kept for `late_days`."""

    __tablename__ = "heard_fact"
    __table_args__ = (Index("heard_fact_at", "at"),)

    customer_id: str = Field(sa_column=text_column(primary_key=True))
    at: datetime = Field(sa_column=moment_column(primary_key=True))
    event_key: UUID = Field(sa_column=Column(Uuid, primary_key=True))
    fact: dict[str, Any] = Field(sa_column=json_column())
    runs: list[Any] = Field(sa_column=json_column())


class WalkRow(Base, table=True):
    """How far a policy that time triggers has come: `done` is the last day finished, `after` a customer met on `day`."""

    __tablename__ = "walk"

    policy_id: str = Field(sa_column=text_column(primary_key=True))
    done: date = Field(sa_column=Column(Date, nullable=False))
    day: date | None = Field(sa_column=Column(Date, nullable=True))
    after: str = Field(sa_column=text_column())
