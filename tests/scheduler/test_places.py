"""Quotas and ceilings hold whoever decides: in a batch, over batches, and between replicas at once."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from services.scheduler.app import create_app
from services.scheduler.settings import SchedulerSettings
from shared.clock import ManualClock
from shared.testing import Served, serve
from tests.scheduler.builders import at, contents
from tests.scheduler.conftest import apply
from tests.scheduler.test_handlers import outcomes, rows, sent

NEXT_DAY = {"delay": {"days": 1}}
PER_DAY = "SELECT count(*) FROM task GROUP BY (due_at AT TIME ZONE 'Asia/Shanghai')::date ORDER BY 1"


async def test_the_first_by_time_get_the_places(empty: Served) -> None:
    await apply(empty, contents({**NEXT_DAY, "quota": {"limit": 2, "per": "day"}}))
    late_first = [sent("repair.closed", f"C{n}", id=f"e{n}", at=timedelta(minutes=9 - n)) for n in range(3)]
    await empty.deliver(*late_first)
    assert await outcomes(empty) == {"e0": "quota_reached", "e1": "planned", "e2": "planned"}
    await empty.deliver(sent("repair.closed", "C9", id="e9"))
    assert (await outcomes(empty))["e9"] == "quota_reached"


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        ({"quota": {"limit": 5, "per": "week"}}, [(5,)]),
        ({"ceiling": {"per_day": 7}}, [(5,), (7,), (7,), (7,), (7,), (7,)]),
    ],
)
async def test_two_replicas_never_give_a_place_twice(
    empty: Served, clock: ManualClock, limit: dict[str, Any], expected: list[tuple[int]]
) -> None:
    await apply(empty, contents({**NEXT_DAY, **limit}))
    async with serve(create_app, SchedulerSettings, empty.runtime.db.dsn, clock=clock) as replica:
        await asyncio.gather(*(_lane(served, number) for number, served in enumerate((empty, replica, empty, replica))))
    assert await rows(empty, PER_DAY) == expected
    assert await empty.dead_letters() == []


async def _lane(served: Served, lane: int) -> None:
    for number in (lane, lane + 4):
        await served.deliver(*(sent("repair.closed", f"C{number}-{n}", id=f"e{number}-{n}") for n in range(5)))


async def test_what_is_tried_takes_no_place(empty: Served) -> None:
    await apply(empty, contents({**NEXT_DAY, "quota": {"limit": 1, "per": "day"}}))
    body = {"type": "repair.closed", "time": at("2026-03-02 12:00").isoformat(), "data": {"customer": {"id": "C1"}}}
    async with empty.client("policy_owner") as client:
        assert (await client.post("/api/v1/policies/try", json=body)).json()["outcome"] == "planned"
        await empty.deliver(sent("repair.closed", "C2"))
        assert (await client.post("/api/v1/policies/try", json=body)).json()["outcome"] == "quota_reached"
    assert await rows(empty, "SELECT taken FROM place_taken") == [(1,)]


async def test_policies_without_limits_take_no_places(served: Served) -> None:
    await served.deliver(sent("repair.closed"))
    assert await rows(served, "SELECT count(*) FROM place_taken") == [(0,)]
