"""Quotas, ceilings, populations and draws."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Column,
    Date,
    Double,
    Index,
    Integer,
    SmallInteger,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlmodel import Field

from services.scheduler.models.base import Base, json_column, moment_column, text_column


class SlotsTakenRow(Base, table=True):
    """How many contacts a policy has planned: of its quota in a period and stratum, or of its ceiling on a day. `lacking`
    is how many found no room, `most` how many had room when the row was last changed (0: before that was kept).
    """

    __tablename__ = "place_taken"

    policy_id: str = Field(sa_column=text_column(primary_key=True))
    day: date = Field(sa_column=Column(Date, primary_key=True))
    stratum: str = Field(sa_column=text_column(primary_key=True))
    taken: int
    lacking: int = Field(sa_column=Column(Integer, nullable=False, server_default=text("0")))
    most: int = Field(sa_column=Column(Integer, nullable=False, server_default=text("0")))


class LimitNoticeRow(Base, table=True):
    """A business day on which somebody was told that contacts of a policy find no room."""

    __tablename__ = "limit_notice"

    policy_id: str = Field(sa_column=text_column(primary_key=True))
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
    policy_id: str = Field(sa_column=text_column(primary_key=True))
    policy_version: int = Field(primary_key=True)
    fact_key: UUID = Field(sa_column=Column(Uuid, primary_key=True))
    stratum: str = Field(sa_column=text_column())
    customer_id: str = Field(sa_column=text_column())
    fact: dict[str, Any] = Field(sa_column=json_column())


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
    policy_id: str = Field(sa_column=text_column())
    policy_version: int
    period: date = Field(sa_column=Column(Date, nullable=False))
    ends: date = Field(sa_column=Column(Date, nullable=False))
    state: str = Field(sa_column=text_column())
    priority: int = Field(sa_column=Column(SmallInteger, nullable=False))
    rate: float = Field(sa_column=Column(Double, nullable=False))
    seed: str = Field(sa_column=text_column())
    rule: dict[str, Any] = Field(sa_column=json_column())
    population: int
    strata: list[Any] = Field(sa_column=json_column())
    fingerprint: str = Field(sa_column=text_column())
    made_at: datetime | None = Field(sa_column=moment_column(nullable=True))
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
    stratum: str = Field(sa_column=text_column())
    place: int
    reserve: bool
    state: str = Field(sa_column=text_column())
    policy_id: str = Field(sa_column=text_column())
    event_id: str = Field(sa_column=text_column())
    source: str = Field(sa_column=text_column(server_default=""))
    customer_id: str = Field(sa_column=text_column())
