"""What every row stands on."""

from typing import Any

from sqlalchemy import (
    Column,
    DateTime,
    Text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import registry
from sqlmodel import SQLModel

from shared.db import service_metadata
from shared.official import calendar_table

metadata = service_metadata()
calendar_table(metadata)


class Base(SQLModel, registry=registry(metadata=metadata)):
    metadata = metadata


def text_column(primary_key: bool = False, nullable: bool = False, server_default: str | None = None) -> Column[Any]:
    return Column(Text, primary_key=primary_key, nullable=nullable, server_default=server_default)


def moment_column(nullable: bool = False, primary_key: bool = False) -> Column[Any]:
    return Column(DateTime(timezone=True), nullable=nullable, primary_key=primary_key)


def json_column() -> Column[Any]:
    return Column(JSONB, nullable=False)
