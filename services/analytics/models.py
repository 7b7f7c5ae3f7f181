"""Rows: facts (named as the fields of the domain's facts), rollups, people counted, agents' days, timelines."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, Column, Date, DateTime, Index, Integer, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from shared.db import service_metadata

metadata = service_metadata()


class Base(SQLModel, registry=registry(metadata=metadata)):
    metadata = metadata


def _text(primary_key: bool = False) -> Column[str]:
    return Column(Text, nullable=False, primary_key=primary_key, server_default=None if primary_key else "")


def _day(primary_key: bool = False) -> Column[date]:
    return Column(Date, nullable=not primary_key, primary_key=primary_key)


def _counted() -> Column[int]:
    return Column(Integer, nullable=False, server_default="0")


def _amount() -> Column[int]:
    return Column(BigInteger, nullable=False)


class FollowupRow(Base, table=True):
    """A task, from plan to effect."""

    __tablename__ = "followup_fact"

    id: str = Field(sa_column=_text(primary_key=True))
    told: str = Field(sa_column=_text())
    customer: str = Field(sa_column=_text())
    branch: str = Field(sa_column=_text())
    kind: str = Field(sa_column=_text())
    policy: str = Field(sa_column=_text())
    purpose: str = Field(sa_column=_text())
    round: int
    due_day: date | None = Field(sa_column=_day())
    planned_day: date | None = Field(sa_column=_day())
    released_day: date | None = Field(sa_column=_day())
    cancelled: str = Field(sa_column=_text())
    lawful: bool
    effective: bool
    correction: int = Field(sa_column=_counted())


class RatingRow(Base, table=True):
    """A first-round visit with answers, and what its case came to."""

    __tablename__ = "rating_fact"

    id: str = Field(sa_column=_text(primary_key=True))
    day: date | None = Field(sa_column=_day())
    branch: str = Field(sa_column=_text())
    kind: str = Field(sa_column=_text())
    policy: str = Field(sa_column=_text())
    first: str = Field(sa_column=_text())
    effective: bool
    dissatisfied: bool
    final: str = Field(sa_column=_text())
    looped: bool
    excluded: bool
    correction: int = Field(sa_column=_counted())
    several: bool = Field(sa_column=Column(Boolean, nullable=False, server_default=text("false")))


class CaseRow(Base, table=True):
    """A complaint, from opening to closing."""

    __tablename__ = "case_fact"
    __table_args__ = (Index("ix_case_fact_matter", "customer", "kind"),)

    id: str = Field(sa_column=_text(primary_key=True))
    opened_day: date | None = Field(sa_column=_day())
    customer: str = Field(sa_column=_text())
    branch: str = Field(sa_column=_text())
    kind: str = Field(sa_column=_text())
    origin: str = Field(sa_column=_text())
    origin_id: str = Field(sa_column=_text())
    answer: str = Field(sa_column=_text())
    answered_in_time: bool
    reworked: bool
    closed_day: date | None = Field(sa_column=_day())
    outcome: str = Field(sa_column=_text())
    second: str = Field(sa_column=_text())
    second_day: date | None = Field(sa_column=_day())
    second_policy: str = Field(sa_column=_text())
    final: str = Field(sa_column=_text())
    asked_in_time: bool
    repeated: bool
    about: str = Field(sa_column=_text())
    standing: int


class SendRow(Base, table=True):
    """A notice and whether it arrived."""

    __tablename__ = "send_fact"

    id: str = Field(sa_column=_text(primary_key=True))
    day: date | None = Field(sa_column=_day())
    branch: str = Field(sa_column=_text())
    kind: str = Field(sa_column=_text())
    delivered: bool


class BranchRow(Base, table=True):
    """What a branch was called by the newest fact."""

    __tablename__ = "branch_name"

    code: str = Field(sa_column=_text(primary_key=True))
    told: str = Field(sa_column=_text())
    name: str = Field(sa_column=_text())


class RollupRow(Base, table=True):
    """The sum of a measure in a cell."""

    __tablename__ = "rollup"

    day: date = Field(sa_column=_day(primary_key=True))
    branch: str = Field(sa_column=_text(primary_key=True))
    kind: str = Field(sa_column=_text(primary_key=True))
    policy: str = Field(sa_column=_text(primary_key=True))
    measure: str = Field(sa_column=_text(primary_key=True))
    amount: int = Field(sa_column=_amount())


class HeadRow(Base, table=True):
    """A customer counted under a measure in a cell; customers are counted, not amounts."""

    __tablename__ = "head_count"

    day: date = Field(sa_column=_day(primary_key=True))
    branch: str = Field(sa_column=_text(primary_key=True))
    kind: str = Field(sa_column=_text(primary_key=True))
    policy: str = Field(sa_column=_text(primary_key=True))
    measure: str = Field(sa_column=_text(primary_key=True))
    customer: str = Field(sa_column=_text(primary_key=True))
    amount: int = Field(sa_column=_amount())


class AgentRow(Base, table=True):
    """The sum of a measure of an agent's day."""

    __tablename__ = "agent_day"

    day: date = Field(sa_column=_day(primary_key=True))
    branch: str = Field(sa_column=_text(primary_key=True))
    team: str = Field(sa_column=_text(primary_key=True))
    agent: str = Field(sa_column=_text(primary_key=True))
    measure: str = Field(sa_column=_text(primary_key=True))
    amount: int = Field(sa_column=_amount())


class TimelineRow(Base, table=True):
    """What one event told of a customer (append-only, partitioned by `day`, the UTC day of the event)."""

    __tablename__ = "timeline_entry"
    __table_args__ = (
        Index("timeline_customer", "customer", "at", "event_key"),
        Index("timeline_lineage", "lineage", "at", "event_key"),
        Index("timeline_number", "number", postgresql_where=text("number <> ''")),
    )

    day: date = Field(sa_column=_day(primary_key=True))
    event_key: UUID = Field(sa_column=Column(Uuid, primary_key=True))
    at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    name: str = Field(sa_column=Column(Text, nullable=False))
    customer: str = Field(sa_column=Column(Text, nullable=False))
    lineage: str = Field(sa_column=Column(Text, nullable=False))
    number: str = Field(sa_column=Column(Text, nullable=False))
    branch: str = Field(sa_column=Column(Text, nullable=False))
    details: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
