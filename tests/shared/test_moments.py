"""Moments of callers are kept within years that can be stored and read again."""

import pytest
from pydantic import TypeAdapter, ValidationError

from shared.moments import Instant

INSTANT = TypeAdapter(Instant)


@pytest.mark.parametrize("told", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "2200-01-01T00:00:00Z"])
def test_a_moment_that_nobody_means_is_refused(told: str) -> None:
    with pytest.raises(ValidationError, match="1900 年到 2199 年"):
        INSTANT.validate_python(told)


def test_a_moment_of_our_time_is_taken() -> None:
    assert INSTANT.validate_python("2199-12-31T23:59:59+00:00").year == 2199
