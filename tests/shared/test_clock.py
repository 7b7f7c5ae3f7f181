"""Time is injected; a simulated clock is the same in every process."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.clock import ManualClock, SimulatedClock, SystemClock, parse_clock
from shared.zone import ORG_ZONE

START = datetime(2026, 3, 1, tzinfo=ORG_ZONE)


def test_no_specification_is_real_time() -> None:
    clock = parse_clock(None)
    assert type(clock) is SystemClock
    assert abs(clock.machine() - clock.now()) < timedelta(seconds=1)
    assert clock.now().tzinfo is UTC


def test_a_simulated_month_runs_at_its_speed_and_then_at_real_speed() -> None:
    an_hour_ago = SystemClock().now() - timedelta(hours=1)
    running = parse_clock("2026-03-01T00:00+08:00@1440", an_hour_ago.timestamp())
    assert running.now() - START >= timedelta(days=60)
    assert abs(running.now() - START - timedelta(days=60)) < timedelta(hours=1)
    ended = parse_clock("2026-03-01T00:00+08:00@1440..2026-03-31T00:00+08:00", an_hour_ago.timestamp())
    # 30 days took 30 minutes; the other 30 minutes passed at real speed
    assert abs(ended.now() - START - timedelta(days=30, minutes=30)) < timedelta(minutes=1)


def test_machine_time_is_real_on_a_simulated_clock() -> None:
    clock = parse_clock("2026-03-01T00:00@1440")
    assert abs(clock.machine() - SystemClock().now()) < timedelta(seconds=1)


@given(st.floats(min_value=0.1, max_value=100_000), st.integers(min_value=0, max_value=10**6))
def test_processes_with_the_same_values_agree_and_time_never_runs_back(speed: float, since: int) -> None:
    anchor = SystemClock().now() - timedelta(seconds=since)
    end = START + timedelta(days=30)
    one = SimulatedClock(START.astimezone(UTC), speed, anchor, end)
    other = SimulatedClock(START.astimezone(UTC), speed, anchor, end)
    first, second, third = one.now(), other.now(), one.now()
    assert first <= second <= third


@pytest.mark.parametrize("hours", [-2, 0, 1, 24 * 30, 24 * 31])
def test_it_is_known_when_it_was_or_will_be_a_moment_of_business_time(hours: int) -> None:
    anchor, moment = datetime(2026, 6, 1, tzinfo=UTC), START + timedelta(hours=hours)
    clock = SimulatedClock(START, 1440, anchor, START + timedelta(days=30))
    assert abs(clock.business(clock.machine_at(moment)) - moment) < timedelta(seconds=1)
    assert SystemClock().machine_at(moment) == ManualClock(START).machine_at(moment) == moment


def test_a_start_without_zone_is_local_time() -> None:
    clock = parse_clock("2026-03-01T08:00@1", SystemClock().now().timestamp())
    assert abs(clock.now() - datetime(2026, 3, 1, tzinfo=UTC)) < timedelta(seconds=5)


@pytest.mark.parametrize("spec", ["2026-03-01T00:00", "@1440", "yesterday@2", "2026-03-01T00:00@fast"])
def test_a_specification_of_another_form_is_refused(spec: str) -> None:
    with pytest.raises(ValueError):
        parse_clock(spec)


async def test_a_manual_clock_moves_only_by_hand() -> None:
    clock = ManualClock(START)
    await clock.sleep(3600)
    assert clock.now() == clock.machine() == START
    assert clock.advance(timedelta(hours=1)) == clock.now() == START + timedelta(hours=1)
    assert clock.move_to(START) == clock.now() == START
    assert clock.now().tzinfo is UTC
