"""Rows: sources, raw messages, identities of events, documents, uploaded files, people, endpoints and deliveries."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Index, Integer, LargeBinary, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from shared.db import service_metadata

metadata = service_metadata()


class Base(SQLModel, registry=registry(metadata=metadata)):
    metadata = metadata


def _text(**options: Any) -> Any:
    return Column(Text, nullable=False, **options)


def _json() -> Any:
    return Column(JSONB, nullable=False)


def _bytes() -> Any:
    return Column(LargeBinary, nullable=False)


def _codes() -> Any:
    return Column(ARRAY(Text), nullable=False)


def _instant(nullable: bool = False) -> Any:
    return Column(DateTime(timezone=True), nullable=nullable)


def _switch() -> Any:
    return Column(Boolean, nullable=False, server_default=text("false"))


class SourceRow(Base, table=True):
    """A system that sends facts. `tokens`: hashes; `secrets`: sealed signing secrets; each with the instant it ends."""

    __tablename__ = "source"

    name: str = Field(sa_column=_text(primary_key=True))
    kind: str = Field(sa_column=_text())
    zone: str = Field(sa_column=_text())
    enabled: bool
    tokens: list[dict[str, Any]] = Field(sa_column=_json())
    secrets: list[dict[str, Any]] = Field(sa_column=_json())
    options: dict[str, Any] = Field(sa_column=_json())
    version: int
    created_at: datetime = Field(sa_column=_instant())
    updated_at: datetime = Field(sa_column=_instant())


class MessageRow(Base, table=True):
    """A raw message, sealed. `due_at` is machine time; `result` is NULL until it was canonicalised."""

    __tablename__ = "raw_message"
    __table_args__ = (
        Index("raw_message_pending", "due_at", postgresql_where=text("state = 'pending'")),
        Index("raw_message_source", "source", "id"),
        Index("raw_message_received", "received_at"),
    )

    id: UUID = Field(primary_key=True)
    source: str = Field(sa_column=_text())
    kind: str = Field(sa_column=_text())
    content_type: str = Field(sa_column=_text())
    body: bytes = Field(sa_column=_bytes())
    state: str = Field(sa_column=_text())
    result: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    reason: str = Field(sa_column=_text())
    event_id: str = Field(sa_column=_text())
    number: str = Field(sa_column=_text())
    attempts: int
    due_at: datetime = Field(sa_column=_instant())
    received_at: datetime = Field(sa_column=_instant())
    practice: bool = Field(default=False, sa_column=_switch())


class IdentityRow(Base, table=True):
    """An accepted event; `key` is its customer. The primary key begins with the id: sources are few."""

    __tablename__ = "event_identity"
    __table_args__ = (
        Index("event_identity_event_key", "event_key"),
        Index("event_identity_received", "received_at"),
    )

    id: str = Field(sa_column=_text(primary_key=True))
    source: str = Field(sa_column=_text(primary_key=True))
    event_key: UUID
    type: str = Field(sa_column=_text())
    number: str = Field(sa_column=_text())
    received_at: datetime = Field(sa_column=_instant())
    key: str = Field(sa_column=_text(server_default=""))


class DocumentRow(Base, table=True):
    """The newest known state of a sender's document, so that late and repeated reports are told apart from news.

    `event_id` is the event that `fact` was published as; `withdrawn` counts the facts that were taken back.
    """

    __tablename__ = "source_document"

    source: str = Field(sa_column=_text(primary_key=True))
    number: str = Field(sa_column=_text(primary_key=True))
    status: str = Field(sa_column=_text())
    fact: str = Field(sa_column=_text())
    modified_at: datetime = Field(sa_column=_instant())
    event_id: str = Field(sa_column=_text(server_default=""))
    withdrawn: int = Field(sa_column=Column(Integer, nullable=False, server_default="0"))


class ImportRow(Base, table=True):
    """An uploaded file, sealed. `position` counts the rows done, `attempts` the leases since the last of them;
    `lease_until` is machine time.
    """

    __tablename__ = "import_file"
    __table_args__ = (
        Index("import_file_open", "id", postgresql_where=text("state IN ('pending', 'running')")),
        Index("import_file_digest", "source", "digest", unique=True, postgresql_where=text("state <> 'failed'")),
    )

    id: UUID = Field(primary_key=True)
    source: str = Field(sa_column=_text())
    filename: str = Field(sa_column=_text())
    digest: bytes = Field(sa_column=_bytes())
    content: bytes = Field(sa_column=_bytes())
    size: int = Field(sa_column=Column(BigInteger, nullable=False))
    state: str = Field(sa_column=_text())
    reason: str = Field(sa_column=_text())
    total: int
    position: int
    accepted: int
    duplicate: int
    rejected: int
    ignored: int
    attempts: int = Field(sa_column=Column(Integer, nullable=False, server_default=text("0")))
    lease_until: datetime | None = Field(default=None, sa_column=_instant(nullable=True))
    created_by: str = Field(sa_column=_text())
    created_at: datetime = Field(sa_column=_instant())
    finished_at: datetime | None = Field(default=None, sa_column=_instant(nullable=True))
    practice: bool = Field(default=False, sa_column=_switch())


class ImportResultRow(Base, table=True):
    """What became of one row of an uploaded file."""

    __tablename__ = "import_row"

    import_id: UUID = Field(primary_key=True, foreign_key="import_file.id", ondelete="CASCADE")
    number: int = Field(primary_key=True)
    status: str = Field(sa_column=_text())
    column: str = Field(sa_column=Column("column_name", Text, nullable=False))
    reason: str = Field(sa_column=_text())
    case_no: str = Field(sa_column=_text())
    event_id: str = Field(sa_column=_text())


class PersonRow(Base, table=True):
    """Somebody who signs in with a password, of which the hash is kept, or at the identity provider."""

    __tablename__ = "person"
    __table_args__ = (Index("person_subject", "subject", unique=True, postgresql_where=text("subject <> ''")),)

    login: str = Field(sa_column=_text(primary_key=True))
    name: str = Field(sa_column=_text())
    password: str = Field(sa_column=_text())
    roles: list[str] = Field(sa_column=_codes())
    units: list[str] = Field(sa_column=_codes())
    teams: list[str] = Field(sa_column=_codes())
    worker: str = Field(sa_column=_text())
    shift: str = Field(sa_column=_text())
    disabled: bool
    must_change_password: bool
    version: int
    created_at: datetime = Field(sa_column=_instant())
    updated_at: datetime = Field(sa_column=_instant())
    source: str = Field(sa_column=Column(Text, nullable=False, server_default=text("'local'")))
    subject: str = Field(sa_column=Column(Text, nullable=False, server_default=text("''")))
    skills: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False, server_default=text("'{}'")))
    told_at: datetime | None = Field(sa_column=_instant(nullable=True))
    issued_until: datetime | None = Field(sa_column=_instant(nullable=True))


class UsedSignInRow(Base, table=True):
    """A sign-in at the identity provider that came back; its `state` is a hash and is taken once. Machine time."""

    __tablename__ = "used_sign_in"

    state: str = Field(sa_column=_text(primary_key=True))
    at: datetime = Field(sa_column=_instant())


class MachineKeyRow(Base, table=True):
    """An API key that was issued: its hash, whose it is, and how long it lives, in machine time."""

    __tablename__ = "machine_key"

    id: UUID = Field(sa_column=Column(Uuid, primary_key=True))
    owner: str = Field(sa_column=_text())
    name: str = Field(sa_column=_text())
    sha256: str = Field(sa_column=_text(unique=True))
    roles: list[str] = Field(sa_column=_codes())
    units: list[str] = Field(sa_column=_codes())
    ends_at: datetime | None = Field(sa_column=_instant(nullable=True))
    revoked_at: datetime | None = Field(sa_column=_instant(nullable=True))
    replaced_by: UUID | None = Field(sa_column=Column(Uuid, nullable=True))
    created_at: datetime = Field(sa_column=_instant())
    created_by: str = Field(sa_column=_text())
    version: int
    used_at: datetime | None = Field(sa_column=_instant(nullable=True))
    told_at: datetime = Field(sa_column=_instant())


class FailedSignInRow(Base, table=True):
    """How often signing in failed under a key (`domain.sign_in`), and when last, in machine time."""

    __tablename__ = "failed_sign_in"

    key: str = Field(sa_column=_text(primary_key=True))
    count: int
    last: datetime = Field(sa_column=_instant())


class EndpointRow(Base, table=True):
    """Where results of facts from matching sources are posted to. `failing_since` is machine time."""

    __tablename__ = "endpoint"

    id: UUID = Field(primary_key=True)
    name: str = Field(sa_column=_text(unique=True))
    url: str = Field(sa_column=_text())
    sources: str = Field(sa_column=_text())
    types: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    secrets: list[dict[str, Any]] = Field(sa_column=_json())
    enabled: bool
    disabled_reason: str = Field(sa_column=_text())
    failing_since: datetime | None = Field(default=None, sa_column=_instant(nullable=True))
    version: int
    created_at: datetime = Field(sa_column=_instant())
    updated_at: datetime = Field(sa_column=_instant())


class DeliveryRow(Base, table=True):
    """One result for one endpoint; its id is made of both and of the fact it is about, so that it is queued once.

    `attempts` is the fencing token of a try, `lost` how many tries in a row have ended without an answer because their
    worker was gone; `next_at` is machine time.
    """

    __tablename__ = "delivery"
    __table_args__ = (
        Index("delivery_endpoint", "endpoint_id", "created_at"),
        Index("delivery_due", "next_at", postgresql_where=text("state = 'pending'")),
        Index("delivery_created", "created_at", "id"),
    )

    id: UUID = Field(primary_key=True)
    endpoint_id: UUID = Field(foreign_key="endpoint.id")
    event_id: str = Field(sa_column=_text())
    type: str = Field(sa_column=_text())
    number: str = Field(sa_column=_text())
    body: str = Field(sa_column=_text())
    state: str = Field(sa_column=_text())
    attempts: int
    tries: int
    lost: int = Field(sa_column=Column(Integer, nullable=False, server_default=text("0")))
    next_at: datetime = Field(sa_column=_instant())
    last_status: int
    last_error: str = Field(sa_column=_text())
    created_at: datetime = Field(sa_column=_instant())


class AttemptRow(Base, table=True):
    """One try of a delivery; `at` is machine time."""

    __tablename__ = "delivery_attempt"
    __table_args__ = (Index("delivery_attempt_delivery", "delivery_id", "id"),)

    id: UUID = Field(primary_key=True)
    delivery_id: UUID = Field(foreign_key="delivery.id", ondelete="CASCADE")
    at: datetime = Field(sa_column=_instant())
    status: int
    error: str = Field(sa_column=_text())
    millis: int
