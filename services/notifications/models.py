"""Rows. Columns of `send` and `contact` are named as the fields of `domain.send.Send` and `domain.contacts.Contact`."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Index,
    Integer,
    SmallInteger,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from shared.db import service_metadata

metadata = service_metadata()


class Base(SQLModel, registry=registry(metadata=metadata)):
    metadata = metadata


def _is(kind: Any, nullable: bool = False, key: bool = False, **options: Any) -> Any:
    return Field(sa_column=Column(kind, nullable=nullable, primary_key=key, **options))


def _instant(nullable: bool = False) -> Any:
    return _is(DateTime(timezone=True), nullable)


class SendRow(Base, table=True):
    """One line of the send ledger."""

    __tablename__ = "send"
    __table_args__ = (
        Index("send_due", "priority", "not_before", postgresql_where=text("state = 'planned'")),
        Index("send_leased", "leased_until", postgresql_where=text("state = 'leased'")),
        Index("send_to_check", "check_at", postgresql_where=text("check_at IS NOT NULL")),
        Index("send_recipient", "recipient", "submitted_at"),
        Index("send_customer", "customer_id", text("planned_at DESC")),
        Index("send_planned", text("planned_at DESC"), text("id DESC")),
        Index("send_planned_cause", "cause_id", postgresql_where=text("state = 'planned'")),
    )

    id: UUID = Field(primary_key=True)
    key: str = _is(Text, unique=True)
    channel: str = _is(Text)
    category: str = _is(Text)
    purpose: str = _is(Text)
    template: str = _is(Text)
    template_version: int = _is(Integer)
    audience: str = _is(Text)
    customer_id: str = _is(Text)
    recipient: str = _is(Text)
    params: dict[str, Any] = _is(JSONB)
    subject: str = _is(Text)
    text: str = _is(Text)
    cause_id: str = _is(Text)
    lineage: str = _is(Text)
    branch: str = _is(Text)
    kind: str = _is(Text)
    priority: int = _is(SmallInteger)
    needs_consent: bool = _is(Boolean)
    planned_at: datetime = _instant()
    not_before: datetime = _instant()
    expires_at: datetime = _instant()
    state: str = _is(Text)
    reason: str = _is(Text)
    provider: str = _is(Text)
    provider_ref: str = _is(Text)
    token: int = _is(BigInteger)
    attempts: int = _is(Integer)
    lost: int = Field(sa_column=Column(Integer, nullable=False, server_default="0"))
    retry_at: datetime | None = _instant(nullable=True)
    leased_until: datetime | None = _instant(nullable=True)
    checked_from: datetime | None = _instant(nullable=True)
    check_at: datetime | None = _instant(nullable=True)
    submitted_at: datetime | None = _instant(nullable=True)
    accepted_at: datetime | None = _instant(nullable=True)
    finished_at: datetime | None = _instant(nullable=True)
    resend_of: UUID | None = Field(default=None)


class WithdrawnRow(Base, table=True):
    """A fact that doesn't stand any more."""

    __tablename__ = "withdrawn_fact"
    __table_args__ = (Index("withdrawn_fact_at", "at"),)

    event_id: str = _is(Text, key=True)
    source: str = _is(Text, key=True)
    at: datetime = _instant()


class ContactRow(Base, table=True):
    """What is known of a customer."""

    __tablename__ = "contact"
    __table_args__ = (
        Index("contact_birthday", "birthday_key", postgresql_where=text("birthday_key <> ''")),
        Index("contact_phone", "phone", postgresql_where=text("phone <> ''")),
        Index("contact_phones", "phones", postgresql_using="gin"),
        Index("contact_email", text("lower(email)"), postgresql_where=text("email <> ''")),
    )

    customer_id: str = _is(Text, key=True)
    seen_at: datetime = _instant()
    older: dict[str, int] = _is(JSONB)
    name: str = _is(Text)
    phone: str = _is(Text)
    phones: list[str] = _is(ARRAY(Text))
    email: str = _is(Text)
    birthday: str = _is(Text)
    birthday_key: str = _is(Text)
    level: str = _is(Text)
    branch: str = _is(Text)
    do_not_contact: bool | None = _is(Boolean, nullable=True)
    wrong_phones: list[str] = _is(ARRAY(Text))
    units: list[str] = _is(ARRAY(Text))


class RefusalRow(Base, table=True):
    """An opt-out: of a number (by reply) or of a customer (by hand). Kept when revoked, as proof."""

    __tablename__ = "opt_out"
    __table_args__ = (
        Index("opt_out_recipient", "recipient", postgresql_where=text("revoked_at IS NULL AND recipient <> ''")),
        Index("opt_out_customer", "customer_id", postgresql_where=text("revoked_at IS NULL")),
    )

    id: UUID = Field(primary_key=True)
    customer_id: str = _is(Text)
    recipient: str = _is(Text)
    channel: str = _is(Text)
    scope: str = _is(Text)
    how: str = _is(Text)
    note: str = _is(Text)
    by: str = _is(Text)
    created_at: datetime = _instant()
    revoked_at: datetime | None = _instant(nullable=True)
    revoked_by: str = _is(Text)


class ConsentRow(Base, table=True):
    """A customer's consent to promotion: who, when, how and to which text."""

    __tablename__ = "consent"
    __table_args__ = (Index("consent_customer", "customer_id", postgresql_where=text("revoked_at IS NULL")),)

    id: UUID = Field(primary_key=True)
    customer_id: str = _is(Text)
    how: str = _is(Text)
    text: str = _is(Text)
    by: str = _is(Text)
    given_at: datetime = _instant()
    recorded_at: datetime = _instant()
    revoked_at: datetime | None = _instant(nullable=True)


class DocumentRow(Base, table=True):
    """A version of a template or of a rule; `digest` tells whether a document says anything new."""

    __tablename__ = "document"

    kind: str = _is(Text, key=True)
    name: str = _is(Text, key=True)
    version: int = _is(Integer, key=True, autoincrement=False)
    body: dict[str, Any] = _is(JSONB)
    digest: str = _is(Text)
    usable: bool = _is(Boolean)
    created_at: datetime = _instant()
    created_by: str = _is(Text)


class ReceiptRow(Base, table=True):
    """A provider's receipt, once per number and status."""

    __tablename__ = "receipt"

    provider: str = _is(Text, key=True)
    provider_ref: str = _is(Text, key=True)
    recipient: str = _is(Text, key=True)
    status: str = _is(Text, key=True)
    send_id: UUID | None = Field(default=None)
    code: str = _is(Text)
    reported_at: datetime | None = _instant(nullable=True)
    received_at: datetime = _instant()


class ReplyRow(Base, table=True):
    """What a customer sent back; `digit` when it answers a survey."""

    __tablename__ = "reply"
    __table_args__ = (Index("reply_received", text("received_at DESC")),)

    provider: str = _is(Text, key=True)
    sequence: str = _is(Text, key=True)
    recipient: str = _is(Text, key=True)
    content: str = _is(Text)
    customer_id: str = _is(Text)
    send_id: UUID | None = Field(default=None)
    digit: int | None = _is(SmallInteger, nullable=True)
    refused: bool = _is(Boolean)
    received_at: datetime = _instant()


class DoubtfulReplyRow(Base, table=True):
    """A reply that may be a refusal; people decide (`store.doubtful.DoubtfulReply`)."""

    __tablename__ = "doubtful_reply"
    __table_args__ = (
        Index("doubtful_reply_open", "received_at", "id", postgresql_where=text("decided_at IS NULL")),
        Index("doubtful_reply_recipient", "recipient", postgresql_where=text("decided_at IS NULL")),
    )

    id: UUID = Field(primary_key=True)
    recipient: str = _is(Text)
    customer_id: str = _is(Text)
    send_id: UUID | None = Field(default=None)
    category: str = _is(Text)
    lineage: str = _is(Text)
    content: str = _is(Text)
    received_at: datetime = _instant()
    refuses: bool | None = _is(Boolean, nullable=True)
    remark: str = _is(Text)
    decided_by: str = _is(Text)
    decided_at: datetime | None = _instant(nullable=True)


class BrokenRowRow(Base, table=True):
    """A row of a provider's call that could not be read (`store.doubtful.BrokenRow`), once however often it is sent."""

    __tablename__ = "broken_row"
    __table_args__ = (
        UniqueConstraint("provider", "kind", "digest"),
        Index("broken_row_received", text("received_at DESC"), text("id DESC")),
    )

    id: UUID = Field(primary_key=True)
    provider: str = _is(Text)
    kind: str = _is(Text)
    digest: str = _is(Text)
    content: str = _is(Text)
    reason: str = _is(Text)
    received_at: datetime = _instant()


class GreetingDayRow(Base, table=True):
    """A business day whose greetings are planned."""

    __tablename__ = "greeting_day"

    day: date = _is(Date, key=True)
    planned_at: datetime = _instant()
    planned: int = _is(Integer)
