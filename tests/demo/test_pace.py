"""The demo keeps the times its customers name, by its own fast clock."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from deploy.demo.agents import next_of, until_agreed
from deploy.demo.pace import PATH, at_pace, hurried
from deploy.demo.platform import Caller
from services.visits.app import create_app
from services.visits.settings import VisitsSettings
from shared.clock import ManualClock
from shared.testing import serve

SPEED = 10_800
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@dataclass
class Fast(ManualClock):
    """Passes only while somebody sleeps."""

    slept: float = 0

    def __post_init__(self) -> None:
        super().__init__(NOON)

    def machine(self) -> datetime:
        return NOON + timedelta(seconds=self.slept)

    def machine_at(self, business: datetime) -> datetime:
        return NOON + (business - NOON) / SPEED

    async def sleep(self, seconds: float) -> None:
        self.slept += seconds


def visit(callback_at: datetime | None) -> dict[str, Any]:
    return {"callback_at": callback_at.isoformat() if callback_at else None}


async def test_a_robot_calls_at_the_time_the_customer_named_and_not_before() -> None:
    clock = Fast()
    await until_agreed(visit(None), clock, lambda: False)
    await until_agreed(visit(NOON - timedelta(hours=1)), clock, lambda: False)
    assert clock.slept == 0
    await until_agreed(visit(NOON + timedelta(hours=3)), clock, lambda: False)
    assert abs(clock.slept - 1) < 0.001
    await until_agreed(visit(NOON + timedelta(days=3)), clock, lambda: True)
    assert abs(clock.slept - 1) < 0.001


def test_whose_time_has_come_is_called_first_and_whose_is_to_come_last() -> None:
    late, come, soon, now = visit(NOON + timedelta(hours=2)), visit(NOON), visit(NOON + timedelta(hours=1)), visit(None)
    left, order = [late, now, soon, come], []
    while left:
        order.append(next_of(left, NOON))
        left.remove(order[-1])
    assert order == [come, now, soon, late]


async def test_the_platform_takes_the_rules_of_the_demo_and_gets_its_own_back(
    service_dsn: Callable[[str], Awaitable[str]], clock: ManualClock
) -> None:
    async with (
        serve(create_app, VisitsSettings, await service_dsn("visits"), clock=clock) as served,
        served.client("supervisor") as client,
    ):
        visits = Caller(client)
        usual = (await visits.get(PATH))["rules"]
        async with hurried(visits, SPEED):
            fast = (await visits.get(PATH))["rules"]["callback"]
            assert (fast["lead"], fast["kept_within"]) == ({"hours": 6}, {"hours": 6})
        assert (await visits.get(PATH))["rules"] == usual
        with pytest.raises(ZeroDivisionError):
            async with hurried(visits, SPEED):
                raise ZeroDivisionError
        assert (await visits.get(PATH))["rules"] == usual


def test_at_a_slow_pace_the_rules_are_as_they_were() -> None:
    callback = {"lead": {"minutes": 5}, "kept_within": {"minutes": 30}, "expiry": {"minutes": 30}}
    assert at_pace({"callback": callback}, 60)["callback"] == callback | {
        "lead": {"seconds": 300},
        "kept_within": {"seconds": 1800},
    }
    assert at_pace({"callback": callback}, 1_000_000)["callback"]["lead"] == {"seconds": 86_400}
