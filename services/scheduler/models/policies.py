"""What packs say: packs and policy versions, drafts, trials."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.scheduler.models.base import Base, json_column, moment_column, text_column


class PackRow(Base, table=True):
    """A pack as it was last applied."""

    __tablename__ = "pack"

    name: str = Field(sa_column=text_column(primary_key=True))
    title: str = Field(sa_column=text_column())
    loaded_at: datetime = Field(sa_column=moment_column())
    loaded_by: str = Field(sa_column=text_column())


class PolicyRow(Base, table=True):
    """A policy: its newest version and whether it is enabled; `revision` is its entity tag."""

    __tablename__ = "policy"

    id: str = Field(sa_column=text_column(primary_key=True))
    pack: str = Field(sa_column=text_column())
    version: int
    enabled: bool
    revision: int
    changed_at: datetime = Field(sa_column=moment_column())
    changed_by: str = Field(sa_column=text_column())


class PolicyVersionRow(Base, table=True):
    """An immutable version; `hash` is the SHA-256 of its canonical content. Only its end is noted later."""

    __tablename__ = "policy_version"

    policy_id: str = Field(sa_column=text_column(primary_key=True))
    version: int = Field(primary_key=True)
    content: dict[str, Any] = Field(sa_column=json_column())
    hash: str = Field(sa_column=text_column())
    loaded_at: datetime = Field(sa_column=moment_column())
    loaded_by: str = Field(sa_column=text_column())
    valid_from: datetime | None = Field(sa_column=moment_column(nullable=True))
    valid_until: datetime | None = Field(sa_column=moment_column(nullable=True))


class KindRow(Base, table=True):
    """An event kind as its pack declares it."""

    __tablename__ = "event_kind"

    pack: str = Field(sa_column=text_column(primary_key=True))
    event: str = Field(sa_column=text_column(primary_key=True))
    title: str = Field(sa_column=text_column())
    schema_: dict[str, Any] = Field(sa_column=Column("schema", JSONB, nullable=False))


class DraftRow(Base, table=True):
    """A pack that waits to be published: path → text in `files`."""

    __tablename__ = "pack_draft"

    id: UUID = Field(sa_column=Column(Uuid, primary_key=True))
    pack: str = Field(sa_column=text_column())
    title: str = Field(sa_column=text_column())
    note: str = Field(sa_column=text_column())
    files: dict[str, Any] = Field(sa_column=json_column())
    state: str = Field(sa_column=text_column())
    created_at: datetime = Field(sa_column=moment_column())
    created_by: str = Field(sa_column=text_column())
    settled_at: datetime | None = Field(sa_column=moment_column(nullable=True))
    settled_by: str = Field(sa_column=text_column())


class TrialRow(Base, table=True):
    """A trial run: what was asked, how far it is, and what came of it; `lease_until` is machine time, `attempts` counts
    the leases.
    """

    __tablename__ = "trial"
    __table_args__ = (
        Index("trial_waiting", "created_at", "id", postgresql_where=text("state IN ('queued', 'running')")),
    )

    id: UUID = Field(sa_column=Column(Uuid, primary_key=True))
    pack: str = Field(sa_column=text_column())
    title: str = Field(sa_column=text_column())
    state: str = Field(sa_column=text_column())
    request: dict[str, Any] = Field(sa_column=json_column())
    done: int = Field(sa_column=Column(BigInteger, nullable=False))
    total: int = Field(sa_column=Column(BigInteger, nullable=False))
    result: dict[str, Any] | None = Field(sa_column=Column(JSONB, nullable=True))
    error: str = Field(sa_column=text_column())
    created_at: datetime = Field(sa_column=moment_column())
    created_by: str = Field(sa_column=text_column())
    changed_at: datetime = Field(sa_column=moment_column())
    lease_until: datetime | None = Field(sa_column=moment_column(nullable=True))
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
