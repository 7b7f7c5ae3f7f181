"""Rows: cases and their timelines, and what was learned of customers' numbers."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Column, DateTime, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from shared.db import service_metadata
from shared.official import calendar_table

metadata = service_metadata()
calendar_table(metadata)


class Base(SQLModel, registry=registry(metadata=metadata)):
    metadata = metadata


def _json() -> Column[Any]:
    return Column(JSONB, nullable=False)


def _text() -> Column[Any]:
    return Column(Text, nullable=False)


def _instant(nullable: bool = False) -> Column[Any]:
    return Column(DateTime(timezone=True), nullable=nullable)


class CaseRow(Base, table=True):
    """A case; columns are named as the fields of `domain.case.Case`."""

    __tablename__ = "complaint_case"
    __table_args__ = (
        UniqueConstraint("origin", "origin_source", "origin_id"),
        Index("complaint_case_opened", text("opened_at DESC"), text("id DESC")),
        Index("complaint_case_customer", "customer_id", "opened_at"),
        Index("complaint_case_origin", "origin", "origin_id"),
        Index("complaint_case_new", "id", postgresql_where=text("state = 'opened'")),
        Index("complaint_case_escalate", "escalate_at", postgresql_where=text("escalate_at IS NOT NULL")),
        Index("complaint_case_state", "state", "grade"),
        Index(
            "complaint_case_provisional",
            "unpublished_year",
            "id",
            postgresql_where=text("unpublished_year IS NOT NULL"),
        ),
    )

    id: UUID = Field(primary_key=True)
    case_no: str = Field(sa_column=Column(Text, nullable=False, unique=True))
    origin: str = Field(sa_column=_text())
    origin_id: str = Field(sa_column=_text())
    origin_source: str = Field(sa_column=Column(Text, nullable=False, server_default=""))
    lineage: str = Field(sa_column=_text())
    customer_id: str = Field(sa_column=_text())
    customer: dict[str, Any] = Field(sa_column=_json())
    matters: list[Any] = Field(sa_column=_json())
    subjects: list[str] = Field(sa_column=_json())
    kind: str = Field(sa_column=_text())
    branch: str = Field(sa_column=_text())
    description: str = Field(sa_column=_text())
    reasons: list[str] = Field(sa_column=_json())
    state: str = Field(sa_column=_text())
    grade: str = Field(sa_column=_text())
    level: int
    round: int
    reworks: int
    important: bool
    responsible_unit: str = Field(sa_column=_text())
    owner: str = Field(sa_column=_text())
    done_by: str = Field(sa_column=_text())
    opened_at: datetime = Field(sa_column=_instant())
    updated_at: datetime = Field(sa_column=_instant())
    deadline_at: datetime = Field(sa_column=_instant())
    overdue_at: datetime = Field(sa_column=_instant())
    limit_from: datetime | None = Field(sa_column=_instant(nullable=True))
    unpublished_year: int | None
    escalate_at: datetime | None = Field(sa_column=_instant(nullable=True))
    assigned_at: datetime | None = Field(sa_column=_instant(nullable=True))
    resolved_at: datetime | None = Field(sa_column=_instant(nullable=True))
    closed_at: datetime | None = Field(sa_column=_instant(nullable=True))
    next_reply_at: datetime | None = Field(sa_column=_instant(nullable=True))
    measures: str = Field(sa_column=_text())
    in_time: bool
    outcome: str | None = Field(sa_column=Column(Text))
    close_reason: str = Field(sa_column=_text())
    first_rating: int | None
    final_rating: int | None
    answered: list[str] = Field(sa_column=_json())
    version: int


class EntryRow(Base, table=True):
    """One line of a case's timeline, in the order of `position`."""

    __tablename__ = "case_entry"
    __table_args__ = (Index("case_entry_case", "case_id", "position"),)

    position: int | None = Field(default=None, sa_column=Column(BigInteger, primary_key=True, autoincrement=True))
    case_id: UUID = Field(foreign_key="complaint_case.id")
    at: datetime = Field(sa_column=_instant())
    what: str = Field(sa_column=_text())
    actor: str = Field(sa_column=_text())
    detail: dict[str, Any] = Field(sa_column=_json())


class NumberRow(Base, table=True):
    """What was learned of a customer's numbers; columns are named as the fields of `domain.numbers.Learned`."""

    __tablename__ = "customer_number"

    customer_id: str = Field(sa_column=Column(Text, primary_key=True))
    wrong: list[str] = Field(sa_column=_json())
    phone: str = Field(sa_column=_text())
    phone_masked: str = Field(sa_column=_text())
    learned_at: datetime = Field(sa_column=_instant())
