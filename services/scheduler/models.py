"""Rows: packs and policy versions, populations and draws, customers and cases, decisions, tasks, the contact ledger."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    DateTime,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from shared.db import service_metadata
from shared.official import calendar_table

metadata = service_metadata()
calendar_table(metadata)


class Base(SQLModel, registry=registry(metadata=metadata)):
    metadata = metadata


def _text(primary_key: bool = False, nullable: bool = False, server_default: str | None = None) -> Column[Any]:
    return Column(Text, primary_key=primary_key, nullable=nullable, server_default=server_default)


def _instant(nullable: bool = False, primary_key: bool = False) -> Column[Any]:
    return Column(DateTime(timezone=True), nullable=nullable, primary_key=primary_key)


def _json() -> Column[Any]:
    return Column(JSONB, nullable=False)


class PackRow(Base, table=True):
    """A pack as it was last applied."""

    __tablename__ = "pack"

    name: str = Field(sa_column=_text(primary_key=True))
    title: str = Field(sa_column=_text())
    loaded_at: datetime = Field(sa_column=_instant())
    loaded_by: str = Field(sa_column=_text())


class PolicyRow(Base, table=True):
    """A policy: its newest version and whether it is enabled; `revision` is its entity tag."""

    __tablename__ = "policy"

    id: str = Field(sa_column=_text(primary_key=True))
    pack: str = Field(sa_column=_text())
    version: int
    enabled: bool
    revision: int
    changed_at: datetime = Field(sa_column=_instant())
    changed_by: str = Field(sa_column=_text())


class PolicyVersionRow(Base, table=True):
    """An immutable version; `hash` is the SHA-256 of its canonical content. Only its end is noted later."""

    __tablename__ = "policy_version"

    policy_id: str = Field(sa_column=_text(primary_key=True))
    version: int = Field(primary_key=True)
    content: dict[str, Any] = Field(sa_column=_json())
    hash: str = Field(sa_column=_text())
    loaded_at: datetime = Field(sa_column=_instant())
    loaded_by: str = Field(sa_column=_text())
    valid_from: datetime | None = Field(sa_column=_instant(nullable=True))
    valid_until: datetime | None = Field(sa_column=_instant(nullable=True))


class KindRow(Base, table=True):
    """An event kind as its pack declares it."""

    __tablename__ = "event_kind"

    pack: str = Field(sa_column=_text(primary_key=True))
    event: str = Field(sa_column=_text(primary_key=True))
    title: str = Field(sa_column=_text())
    schema_: dict[str, Any] = Field(sa_column=Column("schema", JSONB, nullable=False))


class DraftRow(Base, table=True):
    """A pack that waits to be published: path → text in `files`."""

    __tablename__ = "pack_draft"

    id: UUID = Field(sa_column=Column(Uuid, primary_key=True))
    pack: str = Field(sa_column=_text())
    title: str = Field(sa_column=_text())
    note: str = Field(sa_column=_text())
    files: dict[str, Any] = Field(sa_column=_json())
    state: str = Field(sa_column=_text())
    created_at: datetime = Field(sa_column=_instant())
    created_by: str = Field(sa_column=_text())
    settled_at: datetime | None = Field(sa_column=_instant(nullable=True))
    settled_by: str = Field(sa_column=_text())


class TrialRow(Base, table=True):
    """A trial run: what was asked, how far it is, and what came of it; `lease_until` is machine time, `attempts` counts
    the leases.
    """

    __tablename__ = "trial"
    __table_args__ = (
        Index("trial_waiting", "created_at", "id", postgresql_where=text("state IN ('queued', 'running')")),
    )

    id: UUID = Field(sa_column=Column(Uuid, primary_key=True))
    pack: str = Field(sa_column=_text())
    title: str = Field(sa_column=_text())
    state: str = Field(sa_column=_text())
    request: dict[str, Any] = Field(sa_column=_json())
    done: int = Field(sa_column=Column(BigInteger, nullable=False))
    total: int = Field(sa_column=Column(BigInteger, nullable=False))
    result: dict[str, Any] | None = Field(sa_column=Column(JSONB, nullable=True))
    error: str = Field(sa_column=_text())
    created_at: datetime = Field(sa_column=_instant())
    created_by: str = Field(sa_column=_text())
    changed_at: datetime = Field(sa_column=_instant())
    lease_until: datetime | None = Field(sa_column=_instant(nullable=True))
    attempts: int = Field(sa_column=Column(Integer, nullable=False, server_default=text("0")))


class TrialFactsRow(Base, table=True):
    """A part of the facts that were uploaded for a trial run: compressed JSON lines, gone when it ends."""

    __tablename__ = "trial_facts"

    trial_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("trial.id", ondelete="CASCADE"), primary_key=True))
    part: int = Field(primary_key=True)
    lines: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class PolicyBookRow(Base, table=True):
    """One row; `revision` rises with every change of what is active, so that every replica reads it again."""

    __tablename__ = "policy_book"

    id: int = Field(sa_column=Column(SmallInteger, primary_key=True, autoincrement=False))
    revision: int = Field(sa_column=Column(BigInteger, nullable=False))


class CustomerRow(Base, table=True):
    """The small profile; `as_of` and `older` tell when its fields were told (`shared.profile.Profile`), `opted_out` maps
    channel:purpose to when.

    `memory` lists the newest events that some condition counts (`domain.conditions.memory.Remembered`).
    Nobody contacts them before `paused_until`.
    """

    __tablename__ = "customer"

    id: str = Field(sa_column=_text(primary_key=True))
    profile: dict[str, Any] = Field(sa_column=_json())
    as_of: datetime = Field(sa_column=_instant())
    older: dict[str, Any] = Field(sa_column=_json())
    opted_out: dict[str, Any] = Field(sa_column=_json())
    memory: list[Any] = Field(sa_column=_json())
    paused_until: datetime | None = Field(sa_column=_instant(nullable=True))


class CaseRow(Base, table=True):
    """How a complaint stands; `resolved_by` is the event that last resolved it, `reopened` tells that it was sent back."""

    __tablename__ = "complaint_case"
    __table_args__ = (Index("complaint_case_open", "customer_id", postgresql_where=text("state = 'open'")),)

    id: str = Field(sa_column=_text(primary_key=True))
    customer_id: str = Field(sa_column=_text())
    state: str = Field(sa_column=_text())
    resolved_by: str = Field(sa_column=_text())
    as_of: datetime = Field(sa_column=_instant())
    reopened: bool


class DecisionRow(Base, table=True):
    """The record of one event (append-only, partitioned by `day`, the UTC day of the event).

    `subject` is the document number that people ask by.
    """

    __tablename__ = "decision"
    __table_args__ = (Index("decision_event_id", "event_id"), Index("decision_customer", "customer_id", "subject"))

    day: date = Field(sa_column=Column(Date, primary_key=True))
    event_key: UUID = Field(sa_column=Column(Uuid, primary_key=True))
    event_id: str = Field(sa_column=_text())
    source: str = Field(sa_column=_text())
    event_type: str = Field(sa_column=_text())
    customer_id: str = Field(sa_column=_text())
    subject: str = Field(sa_column=_text())
    at: datetime = Field(sa_column=_instant())
    decided_at: datetime = Field(sa_column=_instant())
    outcome: str = Field(sa_column=_text())
    details: list[Any] = Field(sa_column=_json())


class TaskRow(Base, table=True):
    """A task's history row; `body` holds the rest of `domain.task.Task`, `life` what became of it since it was planned."""

    __tablename__ = "task"
    __table_args__ = (
        Index("task_customer", "customer_id", "due_at", "id"),
        Index("task_due", "due_at", "id"),
        Index("task_case", "case_id", postgresql_where=text("case_id IS NOT NULL")),
    )

    id: UUID = Field(sa_column=Column(Uuid, primary_key=True))
    policy_id: str = Field(sa_column=_text())
    policy_version: int
    event_id: str = Field(sa_column=_text())
    customer_id: str = Field(sa_column=_text())
    case_id: str | None = Field(sa_column=_text(nullable=True))
    due_at: datetime = Field(sa_column=_instant())
    deadline_at: datetime | None = Field(sa_column=_instant(nullable=True))
    state: str = Field(sa_column=_text())
    reason: str = Field(sa_column=_text())
    planned_at: datetime = Field(sa_column=_instant())
    changed_at: datetime = Field(sa_column=_instant())
    body: dict[str, Any] = Field(sa_column=_json())
    life: list[Any] = Field(sa_column=_json())


class DueRow(Base, table=True):
    """A planned task waiting for its moment: small, so that claiming stays fast however long the history is."""

    __tablename__ = "due"
    __table_args__ = (Index("due_at", "due_at", "task_id"), Index("due_customer", "customer_id"))

    task_id: UUID = Field(sa_column=Column(Uuid, primary_key=True))
    customer_id: str = Field(sa_column=_text())
    due_at: datetime = Field(sa_column=_instant())


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
    customer_id: str = Field(sa_column=_text())
    day: date = Field(sa_column=Column(Date, nullable=False))
    state: str = Field(sa_column=_text())
    purpose: str = Field(sa_column=_text())
    policies: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    tier: str = Field(sa_column=_text())


class WarningRow(Base, table=True):
    """When somebody is warned of a task's deadline; kept for a while once sent, so that nobody is warned twice."""

    __tablename__ = "deadline_warning"
    __table_args__ = (Index("deadline_warning_due", "warn_at", "task_id", postgresql_where=text("NOT sent")),)

    task_id: UUID = Field(sa_column=Column(Uuid, primary_key=True))
    warn_at: datetime = Field(sa_column=_instant())
    sent: bool


class ProvisionalRow(Base, table=True):
    """A planned task whose times hang on `year`, whose holidays were not published then."""

    __tablename__ = "provisional_task"
    __table_args__ = (
        Index("provisional_task_year", "year", "task_id"),
        Index("provisional_task_customer", "customer_id"),
    )

    task_id: UUID = Field(sa_column=Column(Uuid, primary_key=True))
    customer_id: str = Field(sa_column=_text())
    year: int


class PlaceTakenRow(Base, table=True):
    """How many contacts a policy has planned: of its quota in a period and stratum, or of its ceiling on a day. `lacking`
    is how many found no room, `most` how many had room when the row was last changed (0: before that was kept).
    """

    __tablename__ = "place_taken"

    policy_id: str = Field(sa_column=_text(primary_key=True))
    day: date = Field(sa_column=Column(Date, primary_key=True))
    stratum: str = Field(sa_column=_text(primary_key=True))
    taken: int
    lacking: int = Field(sa_column=Column(Integer, nullable=False, server_default=text("0")))
    most: int = Field(sa_column=Column(Integer, nullable=False, server_default=text("0")))


class LimitNoticeRow(Base, table=True):
    """A business day on which somebody was told that contacts of a policy find no room."""

    __tablename__ = "limit_notice"

    policy_id: str = Field(sa_column=_text(primary_key=True))
    day: date = Field(sa_column=Column(Date, primary_key=True))


class DrawClosingRow(Base, table=True):
    """One row: draws are closed up to the midnight that begins `closed_until`."""

    __tablename__ = "draw_closing"

    id: int = Field(sa_column=Column(SmallInteger, primary_key=True, autoincrement=False))
    closed_until: date = Field(sa_column=Column(Date, nullable=False))


class PopulationRow(Base, table=True):
    """A fact that a policy draws of (append-only, partitioned by the first day of the period)."""

    __tablename__ = "population"

    period: date = Field(sa_column=Column(Date, primary_key=True))
    policy_id: str = Field(sa_column=_text(primary_key=True))
    policy_version: int = Field(primary_key=True)
    fact_key: UUID = Field(sa_column=Column(Uuid, primary_key=True))
    stratum: str = Field(sa_column=_text())
    customer_id: str = Field(sa_column=_text())
    fact: dict[str, Any] = Field(sa_column=_json())


class DrawRow(Base, table=True):
    """The draw of a policy version over one period: open, closed, made, then published to the last winner. `attempts`
    counts how often it was begun.
    """

    __tablename__ = "draw"
    __table_args__ = (
        UniqueConstraint("policy_id", "policy_version", "period"),
        Index("draw_unfinished", "ends", postgresql_where=text("state <> 'published'")),
    )

    id: UUID = Field(sa_column=Column(Uuid, primary_key=True))
    policy_id: str = Field(sa_column=_text())
    policy_version: int
    period: date = Field(sa_column=Column(Date, nullable=False))
    ends: date = Field(sa_column=Column(Date, nullable=False))
    state: str = Field(sa_column=_text())
    priority: int = Field(sa_column=Column(SmallInteger, nullable=False))
    rate: float = Field(sa_column=Column(Double, nullable=False))
    seed: str = Field(sa_column=_text())
    rule: dict[str, Any] = Field(sa_column=_json())
    population: int
    strata: list[Any] = Field(sa_column=_json())
    fingerprint: str = Field(sa_column=_text())
    made_at: datetime | None = Field(sa_column=_instant(nullable=True))
    attempts: int = Field(sa_column=Column(Integer, nullable=False, server_default=text("0")))


class PickRow(Base, table=True):
    """A fact that was drawn or stands in reserve: waiting, called (its contact is being planned), or lost.

    `event_id`, `source` and `customer_id` are the fact's once it is called, else empty.
    """

    __tablename__ = "pick"
    __table_args__ = (
        Index("pick_waiting", "draw_id", "reserve", "stratum", "place", postgresql_where=text("state = 'waiting'")),
        Index("pick_called", "event_id", postgresql_where=text("state = 'called'")),
    )

    draw_id: UUID = Field(sa_column=Column(Uuid, primary_key=True))
    fact_key: UUID = Field(sa_column=Column(Uuid, primary_key=True))
    stratum: str = Field(sa_column=_text())
    place: int
    reserve: bool
    state: str = Field(sa_column=_text())
    policy_id: str = Field(sa_column=_text())
    event_id: str = Field(sa_column=_text())
    source: str = Field(sa_column=_text(server_default=""))
    customer_id: str = Field(sa_column=_text())


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
    customer_id: str = Field(sa_column=_text())
    run_id: UUID = Field(sa_column=Column(Uuid, nullable=False))
    policy_id: str = Field(sa_column=_text())
    policy_version: int
    step: str = Field(sa_column=_text())
    kind: str = Field(sa_column=_text())
    task_id: UUID | None = Field(sa_column=Column(Uuid, nullable=True))
    since: datetime = Field(sa_column=_instant())
    until: datetime | None = Field(sa_column=_instant(nullable=True))
    signals: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    body: dict[str, Any] = Field(sa_column=_json())


class SignalRow(Base, table=True):
    """An event without a customer that runs may wait for, by what they recognise it by; kept for a few days."""

    __tablename__ = "signal"

    name: str = Field(sa_column=_text(primary_key=True))
    event_key: UUID = Field(sa_column=Column(Uuid, primary_key=True))
    at: datetime = Field(sa_column=_instant())
    fact: dict[str, Any] = Field(sa_column=_json())


class WithdrawnRow(Base, table=True):
    """A fact that doesn't stand any more, and why; kept for `late_days`, since its fact may be heard after it."""

    __tablename__ = "withdrawn_fact"
    __table_args__ = (Index("withdrawn_fact_at", "at"),)

    event_id: str = Field(sa_column=_text(primary_key=True))
    source: str = Field(sa_column=_text(primary_key=True))
    reason: str = Field(sa_column=_text())
    at: datetime = Field(sa_column=_instant())


class HeardRow(Base, table=True):
    """A fact that concerns a customer's runs, with those it began (`domain.steps.story.Begun`); kept for `late_days`."""

    __tablename__ = "heard_fact"
    __table_args__ = (Index("heard_fact_at", "at"),)

    customer_id: str = Field(sa_column=_text(primary_key=True))
    at: datetime = Field(sa_column=_instant(primary_key=True))
    event_key: UUID = Field(sa_column=Column(Uuid, primary_key=True))
    fact: dict[str, Any] = Field(sa_column=_json())
    runs: list[Any] = Field(sa_column=_json())


class WalkRow(Base, table=True):
    """How far a policy that time triggers has come: `done` is the last day finished, `after` a customer met on `day`."""

    __tablename__ = "walk"

    policy_id: str = Field(sa_column=_text(primary_key=True))
    done: date = Field(sa_column=Column(Date, nullable=False))
    day: date | None = Field(sa_column=Column(Date, nullable=True))
    after: str = Field(sa_column=_text())
