"""Moments of callers are kept within years that can be stored and read again."""

import pytest
from pydantic import TypeAdapter, ValidationError

from shared.moments import Day, Instant, OptionalDay

INSTANT = TypeAdapter(Instant)
DAY = TypeAdapter(Day)


@pytest.mark.parametrize("told", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "2200-01-01T00:00:00Z"])
def test_a_moment_that_nobody_means_is_refused(told: str) -> None:
    with pytest.raises(ValidationError, match="1900 年到 2199 年"):
        INSTANT.validate_python(told)


def test_a_moment_of_our_time_is_taken() -> None:
    assert INSTANT.validate_python("2199-12-31T23:59:59+00:00").year == 2199


@pytest.mark.parametrize("told", ["0", "1772323200", "-1", "1e9", "nan", 0, 1772323200, 1.5])
def test_a_number_is_neither_a_moment_nor_a_day(told: object) -> None:
    for kind in (INSTANT, DAY):
        with pytest.raises(ValidationError, match="应写成 2026-03-01"):
            kind.validate_python(told)


@pytest.mark.parametrize("told", ["2026-03-01T00:00:00", "2026-3-1", "20260301", "1899-12-31", "2200-01-01"])
def test_a_day_is_written_out_and_of_our_time(told: str) -> None:
    with pytest.raises(ValidationError):
        DAY.validate_python(told)


def test_a_day_that_a_form_left_empty_is_none() -> None:
    optional = TypeAdapter(OptionalDay)
    assert optional.validate_python("") is None
    assert str(optional.validate_python("2026-03-01")) == "2026-03-01"
