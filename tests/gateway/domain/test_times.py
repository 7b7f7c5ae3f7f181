"""Times as senders write them."""

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.domain.times import parse_time
from shared.zone import ORG_ZONE

EVENING = datetime(2026, 11, 20, 10, 32, 7, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 19, 16, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    [
        "2026-11-20 18:32:07",
        " 2026/11/20 18:32:07 ",
        "2026-11-20T18:32:07",
        "2026-11-20T18:32:07+08:00",
        "2026-11-20T10:32:07Z",
        "2026年11月20日 18时32分07秒",
        "2026.11.20 18:32:07",
        "20261120183207",
        "1795170727",
        1795170727,
        1795170727000,
        "1795170727000",
        datetime(2026, 11, 20, 18, 32, 7),  # noqa: DTZ001 - a sheet's date cell has no zone
    ],
)
def test_every_way_of_writing_an_instant_is_read(written: Any) -> None:
    assert parse_time(written, ORG_ZONE) == EVENING


@pytest.mark.parametrize(
    "written",
    [
        "2026-11-20",
        "2026/11/20",
        "20261120",
        "2026年11月20日",
        "2026/11/20 0:00:00",
        date(2026, 11, 20),
        46346,
        46346.0,
    ],
)
def test_a_day_is_its_beginning_in_the_senders_zone(written: Any) -> None:
    assert parse_time(written, ORG_ZONE) == MIDNIGHT


def test_fractions_and_single_digits_are_read() -> None:
    assert parse_time("2022/4/5 8:05", ORG_ZONE) == datetime(2022, 4, 5, 0, 5, tzinfo=UTC)
    assert parse_time("2026-11-20 18:32:07.1234567", ORG_ZONE) == EVENING.replace(microsecond=123456)


def test_a_time_without_zone_is_in_the_given_one() -> None:
    assert parse_time("2026-11-20 10:32:07", UTC) == EVENING
    assert parse_time("2026-11-20 19:32:07", ZoneInfo("Asia/Tokyo")) == EVENING


@pytest.mark.parametrize("written", ["", "soon", "2026-13-01", "2026-02-30", "99:99", None, True, [], 12, float("inf")])
def test_what_is_no_time_is_none(written: Any) -> None:
    assert parse_time(written, ORG_ZONE) is None


@given(st.text() | st.floats() | st.integers())
def test_nothing_brings_the_parser_down(written: Any) -> None:
    parse_time(written, ORG_ZONE)


@pytest.mark.parametrize(
    "written", ["9999-12-31T23:59:59Z", "9999-12-31 23:59:59", "0001-01-01 00:00:00", "1899-12-31"]
)
def test_what_is_out_of_the_years_of_any_zone_is_no_time(written: str) -> None:
    assert parse_time(written, ZoneInfo("Asia/Shanghai")) is None
