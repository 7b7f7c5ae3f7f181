"""Rows and schema history agree."""

from collections.abc import Awaitable, Callable
from dataclasses import fields

from services.visits.domain.attempts import Attempt
from services.visits.domain.visit import Visit
from services.visits.models import AttemptRow, VisitRow, metadata
from shared.testing.models import assert_models_match


async def test_the_models_match_the_migrated_database(service_dsn: Callable[[str], Awaitable[str]]) -> None:
    await assert_models_match(await service_dsn("visits"), metadata)


def test_rows_have_the_columns_of_what_they_keep() -> None:
    assert set(VisitRow.model_fields) == {field.name for field in fields(Visit)} | {"customer_id"}
    assert set(AttemptRow.model_fields) == {field.name for field in fields(Attempt)}
