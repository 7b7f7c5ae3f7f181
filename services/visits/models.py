"""Rows: visits, their attempts and reviews, and questionnaires."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
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


def _json(nullable: bool = False) -> Column[Any]:
    return Column(JSONB(none_as_null=True), nullable=nullable)


def _text(nullable: bool = False) -> Column[Any]:
    return Column(Text, nullable=nullable)


def _instant(nullable: bool = False) -> Column[Any]:
    return Column(DateTime(timezone=True), nullable=nullable)


def _codes() -> Column[Any]:
    return Column(ARRAY(Text), nullable=False, server_default=text("'{}'"))


def _word() -> Column[Any]:
    return Column(Text, nullable=False, server_default="")


class VisitRow(Base, table=True):
    """A visit; columns are named as the fields of `domain.visit.Visit`, with the customer's id beside the card."""

    __tablename__ = "visit"
    __table_args__ = (
        Index("visit_claim", "team", "rank", "deadline_at", "due_at", "id", postgresql_where=text("state = 'open'")),
        Index("visit_claim_any", "rank", "deadline_at", "due_at", "id", postgresql_where=text("state = 'open'")),
        Index("visit_lease", "lease_until", postgresql_where=text("state = 'claimed'")),
        Index("visit_next", "next_at", postgresql_where=text("next_at IS NOT NULL")),
        Index("visit_deadline", "deadline_at", postgresql_where=text("finished_at IS NULL")),
        Index("visit_finished", "finished_at", "team", "state", postgresql_where=text("finished_at IS NOT NULL")),
        Index("visit_customer", "customer_id", "id"),
        Index("visit_state", "state", "id"),
        Index("visit_agent", "agent", "id"),
        Index("visit_invited", "invited_until", postgresql_where=text("state = 'invited'")),
        Index("visit_callback", "callback_owner", "callback_at", postgresql_where=text("callback_owner <> ''")),
    )

    id: UUID = Field(primary_key=True)
    task_id: str = Field(sa_column=Column(Text, nullable=False, unique=True))
    policy_id: str = Field(sa_column=_text())
    policy_version: int
    round: int
    customer_id: str = Field(sa_column=_text())
    customer: dict[str, Any] = Field(sa_column=_json())
    matters: list[Any] = Field(sa_column=_json())
    kind: str = Field(sa_column=_text())
    branch: str = Field(sa_column=_text())
    team: str = Field(sa_column=_text())
    channel: str = Field(sa_column=_text())
    priority: int = Field(sa_column=Column(SmallInteger, nullable=False))
    questionnaire: str = Field(sa_column=_text())
    questionnaire_version: int
    case_id: str | None = Field(sa_column=_text(nullable=True))
    never_alone: list[str] = Field(
        sa_column=Column(JSONB(none_as_null=True), nullable=False, server_default=text("'[]'"))
    )
    due_at: datetime = Field(sa_column=_instant())
    deadline_at: datetime | None = Field(sa_column=_instant(nullable=True))
    lineage: str = Field(sa_column=_text())
    state: str = Field(sa_column=_text())
    rank: int = Field(sa_column=Column(SmallInteger, nullable=False))
    agent: str = Field(sa_column=_text())
    lease_until: datetime | None = Field(sa_column=_instant(nullable=True))
    next_at: datetime | None = Field(sa_column=_instant(nullable=True))
    attempts: int
    tally: dict[str, int] = Field(sa_column=_json())
    answers: dict[str, Any] = Field(sa_column=_json())
    cancel_reason: str = Field(sa_column=_text())
    ended: str = Field(sa_column=_text())
    outcome: dict[str, Any] | None = Field(sa_column=_json(nullable=True))
    finished_at: datetime | None = Field(sa_column=_instant(nullable=True))
    version: int
    hours: str = Field(sa_column=_word())
    released_at: datetime | None = Field(sa_column=_instant(nullable=True))
    closed_to: list[str] = Field(sa_column=_codes())
    needs: list[str] = Field(sa_column=_codes())
    companion: str = Field(sa_column=_word())
    call_started_at: datetime | None = Field(sa_column=_instant(nullable=True))
    call_ended_at: datetime | None = Field(sa_column=_instant(nullable=True))
    callback_at: datetime | None = Field(sa_column=_instant(nullable=True))
    callback_owner: str = Field(sa_column=_word())
    postpone_reason: str = Field(sa_column=_word())
    notices: list[Any] = Field(sa_column=Column(JSONB(none_as_null=True), nullable=False, server_default=text("'[]'")))
    questionnaires: dict[str, int] = Field(
        sa_column=Column(JSONB(none_as_null=True), nullable=False, server_default=text("'{}'"))
    )
    invitation: UUID | None = None
    invited_until: datetime | None = Field(sa_column=_instant(nullable=True))
    confirmed_for: datetime | None = Field(sa_column=_instant(nullable=True))
    reopened: int | None = Field(sa_column=Column(Integer, nullable=True, server_default=text("0")))


class InvitationRow(Base, table=True):
    """Which visit a code is for. The code itself is kept nowhere; whether it serves is the visit's own to say."""

    __tablename__ = "invitation"
    __table_args__ = (Index("invitation_visit", "visit_id"),)

    id: UUID = Field(primary_key=True)
    visit_id: UUID = Field(foreign_key="visit.id")
    code_hash: str = Field(sa_column=Column(Text, nullable=False, unique=True))
    made_at: datetime = Field(sa_column=_instant())


class CodeGuessRow(Base, table=True):
    """How many codes an address tried in a minute of machine time (since 1970); "" = all addresses together."""

    __tablename__ = "code_guess"

    minute: int = Field(primary_key=True)
    home: str = Field(sa_column=Column(Text, primary_key=True))
    count: int


class StrayReplyRow(Base, table=True):
    """A digit that waits for people; columns are named as the fields of `domain.replies.StrayReply`."""

    __tablename__ = "stray_reply"
    __table_args__ = (Index("stray_reply_open", "received_at", "id", postgresql_where=text("settled_at IS NULL")),)

    id: UUID = Field(primary_key=True)
    customer_id: str = Field(sa_column=_text())
    phone_masked: str = Field(sa_column=_text())
    digit: int = Field(sa_column=Column(SmallInteger, nullable=False))
    reason: str = Field(sa_column=_text())
    visits: list[UUID] = Field(sa_column=Column(ARRAY(Uuid), nullable=False))
    branch: str = Field(sa_column=_text())
    team: str = Field(sa_column=_text())
    received_at: datetime = Field(sa_column=_instant())
    visit_id: UUID | None = None
    remark: str = Field(sa_column=_text())
    settled_by: str = Field(sa_column=_text())
    settled_at: datetime | None = Field(sa_column=_instant(nullable=True))
    refused: bool = Field(sa_column=Column(Boolean, nullable=False, server_default=text("false")))


class ContactHoursRow(Base, table=True):
    """The few contact windows that visits have had."""

    __tablename__ = "contact_hours"

    hours: str = Field(sa_column=Column(Text, primary_key=True))


class AttemptRow(Base, table=True):
    """One try; columns are named as the fields of `domain.attempts.Attempt`."""

    __tablename__ = "attempt"
    __table_args__ = (UniqueConstraint("visit_id", "number"),)

    id: UUID = Field(primary_key=True)
    visit_id: UUID = Field(foreign_key="visit.id")
    number: int
    at: datetime = Field(sa_column=_instant())
    agent: str = Field(sa_column=_text())
    result: str = Field(sa_column=_text())
    connected: bool
    person: str = Field(sa_column=_text())
    talk_seconds: int
    wrap_up_seconds: int
    note: str = Field(sa_column=_text())
    phone_masked: str = Field(sa_column=_text())
    next_at: datetime | None = Field(sa_column=_instant(nullable=True))
    started_at: datetime | None = Field(sa_column=_instant(nullable=True))
    companion: str = Field(sa_column=_word())
    callback_kept: bool | None = None
    signer: str = Field(sa_column=_word())
    unsigned_reason: str = Field(sa_column=_word())
    own_code: str = Field(sa_column=_word())


class WorkRulesRow(Base, table=True):
    """One version of the work rules; `rules` is their document."""

    __tablename__ = "work_rules"

    version: int = Field(primary_key=True)
    rules: dict[str, Any] = Field(sa_column=_json())
    at: datetime = Field(sa_column=_instant())
    by: str = Field(sa_column=_text())
    reason: str = Field(sa_column=_text())


class PresenceRow(Base, table=True):
    """What an agent has said of being there; columns are named as the fields of `domain.presence.Presence`."""

    __tablename__ = "presence"

    agent: str = Field(sa_column=Column(Text, primary_key=True))
    name: str = Field(sa_column=_text())
    state: str = Field(sa_column=_text())
    since: datetime = Field(sa_column=_instant())
    capacity: int
    units: list[str] = Field(sa_column=_codes())
    teams: list[str] = Field(sa_column=_codes())


class WorkShiftRow(Base, table=True):
    """The frames of the day in which somebody works, and what they can do, as the gateway told it last."""

    __tablename__ = "work_shift"

    person: str = Field(sa_column=Column(Text, primary_key=True))
    frames: str = Field(sa_column=_text())
    version: int
    skills: list[str] = Field(sa_column=_codes())


class LineCallRow(Base, table=True):
    """One call placed through a line; columns are named as the fields of `domain.lines.LineCall`."""

    __tablename__ = "line_call"
    __table_args__ = (Index("line_call_visit", "visit_id", "agent", "id"),)

    id: UUID = Field(primary_key=True)
    visit_id: UUID = Field(foreign_key="visit.id")
    agent: str = Field(sa_column=_text())
    phone_masked: str = Field(sa_column=_text())
    placed_at: datetime = Field(sa_column=_instant())
    ringing_at: datetime | None = Field(sa_column=_instant(nullable=True))
    answered_at: datetime | None = Field(sa_column=_instant(nullable=True))
    ended_at: datetime | None = Field(sa_column=_instant(nullable=True))
    cause: str = Field(sa_column=_text())
    recording: str = Field(sa_column=_text())
    attempt_id: UUID | None = Field(foreign_key="attempt.id", nullable=True)


class AttachmentRow(Base, table=True):
    """A photograph or signature; columns are named as the fields of `domain.attachments.Attachment`."""

    __tablename__ = "attachment"
    __table_args__ = (
        UniqueConstraint("visit_id", "agent", "kind", "digest"),
        Index("attachment_attempt", "attempt_id", postgresql_where=text("attempt_id IS NOT NULL")),
        Index("attachment_unused", "at", postgresql_where=text("attempt_id IS NULL")),
    )

    id: UUID = Field(primary_key=True)
    visit_id: UUID = Field(foreign_key="visit.id")
    agent: str = Field(sa_column=_text())
    kind: str = Field(sa_column=_text())
    digest: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    media_type: str = Field(sa_column=_text())
    width: int
    height: int
    size: int
    at: datetime = Field(sa_column=_instant())
    stored: bool
    attempt_id: UUID | None = Field(foreign_key="attempt.id", nullable=True)
    dropped_at: datetime | None = Field(sa_column=_instant(nullable=True))


class ReviewRow(Base, table=True):
    """A supervisor's remark on a finished visit (R03.4)."""

    __tablename__ = "review"
    __table_args__ = (Index("review_visit", "visit_id", "id"),)

    id: UUID = Field(primary_key=True)
    visit_id: UUID = Field(foreign_key="visit.id")
    at: datetime = Field(sa_column=_instant())
    reviewer: str = Field(sa_column=_text())
    remark: str = Field(sa_column=_text())


class RecordVersionRow(Base, table=True):
    """A finished record as it stood; columns are named as the fields of `domain.corrections.Version`."""

    __tablename__ = "record_version"

    visit_id: UUID = Field(primary_key=True, foreign_key="visit.id")
    number: int = Field(primary_key=True)
    at: datetime = Field(sa_column=_instant())
    by: str = Field(sa_column=_text())
    reason: str = Field(sa_column=_text())
    answers: dict[str, Any] = Field(sa_column=_json())
    outcome: dict[str, Any] = Field(sa_column=_json())
    note: str = Field(sa_column=_text())


class AttemptVersionRow(Base, table=True):
    """An attempt's result as it stood; columns are named as the fields of `domain.result_corrections.ResultVersion`."""

    __tablename__ = "attempt_version"

    attempt_id: UUID = Field(primary_key=True, foreign_key="attempt.id")
    number: int = Field(primary_key=True)
    at: datetime = Field(sa_column=_instant())
    by: str = Field(sa_column=_text())
    reason: str = Field(sa_column=_text())
    result: str = Field(sa_column=_text())
    own_code: str = Field(sa_column=_text())
    person: str = Field(sa_column=_text())
    note: str = Field(sa_column=_text())


class QuestionnaireRow(Base, table=True):
    """One published version; `definition` is its canonical JSON text."""

    __tablename__ = "questionnaire"

    id: str = Field(sa_column=Column(Text, primary_key=True))
    version: int = Field(primary_key=True)
    title: str = Field(sa_column=_text())
    definition: str = Field(sa_column=_text())
    published_at: datetime = Field(sa_column=_instant())
    published_by: str = Field(sa_column=_text())
