"""Quotas and ceilings hold whoever decides: in a batch, over batches, and between replicas at once."""

import asyncio
from datetime import date, timedelta
from typing import Any

import pytest

from services.scheduler.app import create_app
from services.scheduler.settings import SchedulerSettings
from shared.clock import ManualClock
from shared.contracts.tasks import PolicyLimitReached
from shared.testing import Served, serve
from shared.testing.figures import figure
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


async def limits(served: Served, **params: Any) -> list[tuple[Any, ...]]:
    async with served.client("supervisor") as client:
        answer = await client.get("/api/v1/limits", params=params)
    assert answer.status_code == 200, answer.text
    names = ("policy_id", "limit", "day", "stratum", "most", "taken", "lacking")
    return [tuple(item[name] for name in names) for item in answer.json()["items"]]


async def test_what_finds_no_room_is_listed_counted_and_told_once_a_day(empty: Served, clock: ManualClock) -> None:
    full = {**NEXT_DAY, "ceiling": {"per_day": 2}}
    scarce = {**NEXT_DAY, "quota": {"limit": 1, "per": "week", "by": ["branch"]}, "events": ["order.completed"]}
    await apply(empty, contents({"id": "full", "title": "每天两个", **full}, {"id": "scarce", **scarce}))
    await empty.deliver(*(sent("repair.closed", f"C{n}", id=f"e{n}") for n in range(2)))
    assert await empty.published("policy.limit_reached") == []
    assert await limits(empty, lacking=True) == []

    ceilings = figure("huifang_scheduler_ceiling_reached_total", policy="full")
    quotas = figure("huifang_scheduler_quota_reached_total", policy="scarce")
    await empty.deliver(*(sent("repair.closed", f"C{n}", id=f"e{n}") for n in range(2, 5)))
    await empty.deliver(*(sent("order.completed", f"O{n}", id=f"o{n}") for n in range(3)))
    assert figure("huifang_scheduler_ceiling_reached_total", policy="full") == ceilings + 3
    assert figure("huifang_scheduler_quota_reached_total", policy="scarce") == quotas + 2
    assert await limits(empty) == [
        ("full", "ceiling", "2026-03-05", "", 2, 1, 0),
        ("full", "ceiling", "2026-03-04", "", 2, 2, 0),
        ("full", "ceiling", "2026-03-03", "", 2, 2, 3),
        ("scarce", "quota", "2026-03-02", "CD", 1, 1, 2),
    ]
    assert await limits(empty, lacking=True, policy_id="full") == [("full", "ceiling", "2026-03-03", "", 2, 2, 3)]
    told = {
        one.data["policy_id"]: one.read(PolicyLimitReached) for one in await empty.published("policy.limit_reached")
    }
    assert (told["full"].title, told["full"].limit, told["full"].most, told["full"].lacking) == (
        "每天两个",
        "ceiling",
        2,
        3,
    )
    assert (told["scarce"].limit, told["scarce"].day, told["scarce"].lacking) == ("quota", date(2026, 3, 2), 2)

    await empty.deliver(sent("repair.closed", "C7", id="e7"), sent("repair.closed", "C8", id="e8"))
    assert len(await empty.published("policy.limit_reached")) == 2
    clock.advance(timedelta(days=1))
    await empty.deliver(sent("repair.closed", "C9", id="e9"))
    assert [one.data["policy_id"] for one in await empty.published("policy.limit_reached")][2:] == ["full"]


async def test_the_list_of_limits_is_read_page_by_page_and_by_who_checks(empty: Served) -> None:
    await apply(empty, contents({**NEXT_DAY, "ceiling": {"per_day": 1}}))
    await empty.deliver(*(sent("repair.closed", f"C{n}", id=f"e{n}") for n in range(5)))
    async with empty.client("auditor") as client:
        found, cursor = [], None
        while cursor is not None or not found:
            params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
            page = (await client.get("/api/v1/limits", params=params)).json()
            found += [item["day"] for item in page["items"]]
            cursor = page["next_cursor"]
        assert (await client.get("/api/v1/limits", params={"cursor": "x"})).status_code == 422
    assert len(found) == len(set(found)) == 5
    assert found == sorted(found, reverse=True)
    async with empty.client("agent") as client:
        assert (await client.get("/api/v1/limits")).status_code == 403
