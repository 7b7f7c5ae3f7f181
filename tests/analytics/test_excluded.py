"""A case found to be no complaint counts in no rate; how many there were is shown."""

import asyncio

import asyncpg
import pytest

from services.analytics.app import create_app
from services.analytics.settings import AnalyticsSettings
from shared.clock import ManualClock
from shared.migrations import upgrade
from shared.testing import Served, serve
from tests.analytics.builders import Case, Followup, day

MARCH = {"from": "2026-03-01", "to": "2026-03-31"}


async def figures(served: Served) -> dict[str, tuple[float, float | None]]:
    """(numerator, denominator) by KPI."""
    async with served.client("supervisor") as client:
        rows = (await client.get("/api/v1/kpis", params=MARCH)).json()
    return {row["kpi"]: (row["numerator"], row["denominator"]) for row in rows}


def story() -> tuple[list, Case, Case]:
    """A dissatisfied visit's case, and another one of the same matter a day later."""
    visit = Followup("1")
    first = Case("1", of=visit, at=day(1))
    again = Case("2", who="C1", at=day(2))
    told = [visit.planned(), visit.outcome(rating=1), visit.outcome("dissatisfied", rating=1)]
    return [*told, first.told("opened"), again.told("opened")], first, again


async def test_what_was_counted_of_a_case_is_taken_back_when_it_is_rejected(analytics: Served) -> None:
    events, first, again = story()
    await analytics.deliver(*events)
    before = await figures(analytics)
    assert before["resolution"] == (0, 2)
    assert before["repeat_complaints"] == (1, 2)
    assert before["closed_loop"] == (0, 1)
    await analytics.deliver(first.told("closed", day(3), outcome="rejected"))
    after = await figures(analytics)
    assert after["resolution"] == (0, 1)
    assert after["feedback_timeliness"] == (0, 1)
    assert after["repeat_complaints"] == (0, 1), "what was no complaint is not repeated"
    assert after["rework"] == (0, 0)
    assert after["closed_loop"] == (0, 0)
    assert after["cases_excluded"] == (1, None)
    await analytics.deliver(again.told("closed", day(4), outcome="by_hand"))
    assert (await figures(analytics))["rework"] == (0, 1)


async def test_it_is_the_same_whatever_is_heard_first(analytics: Served) -> None:
    events, first, _ = story()
    for event in (first.told("closed", day(3), outcome="rejected"), *reversed(events)):
        await analytics.deliver(event)
    found = await figures(analytics)
    assert (found["resolution"], found["repeat_complaints"]) == ((0, 1), (0, 1))
    assert (found["closed_loop"], found["cases_excluded"]) == ((0, 0), (1, None))


@pytest.mark.parametrize("in_order", [True, False])
async def test_a_case_that_is_sent_back_after_it_was_closed_has_not_ended_until_it_is_closed_again(
    analytics: Served, in_order: bool
) -> None:
    events, first, _ = story()
    closed = first.told("closed", day(3), outcome="satisfied", round=1)
    back = first.told("reopened", day(4), round=2)
    await analytics.deliver(*events, *([closed, back] if in_order else [back, closed]))
    found = await figures(analytics)
    assert (found["resolution"], found["rework"]) == ((0, 2), (0, 0))
    await analytics.deliver(first.told("closed", day(5), outcome="satisfied", round=2))
    found = await figures(analytics)
    assert (found["resolution"], found["rework"]) == ((1, 2), (1, 1))


async def test_the_funnel_tells_how_many_were_rejected(analytics: Served) -> None:
    events, first, _ = story()
    await analytics.deliver(*events, first.told("closed", day(3), outcome="rejected"))
    async with analytics.client("supervisor") as client:
        stages = {row["stage"]: row["count"] for row in (await client.get("/api/v1/funnel")).json()["stages"]}
    assert (stages["cases.opened"], stages["cases.closed"], stages["cases.excluded"]) == (2, 1, 1)


OLD = """
    INSERT INTO case_fact (id, opened_day, customer, branch, kind, origin, origin_id, closed_day, outcome, repeated,
                           answered_in_time, asked_in_time)
    VALUES ('1', '2026-03-03', 'C1', 'B1', 'repair.closed', 'visit', 'v', '2026-03-05', 'rejected', false, true, true),
           ('2', '2026-03-04', 'C1', 'B1', 'repair.closed', 'manual', '2', NULL, '', true, false, false);
    INSERT INTO rating_fact (id, day, branch, kind, policy, first, dissatisfied, looped)
    VALUES ('v', '2026-03-02', 'B1', 'repair.closed', 'P1', 'dissatisfied', true, true);
    INSERT INTO rollup (day, branch, kind, policy, measure, amount)
    VALUES ('2026-03-03', 'B1', 'repair.closed', '', 'problems.raised', 1),
           ('2026-03-03', 'B1', 'repair.closed', '', 'problems.answered_in_time', 1),
           ('2026-03-04', 'B1', 'repair.closed', '', 'problems.raised', 1),
           ('2026-03-04', 'B1', 'repair.closed', '', 'problems.repeated', 1),
           ('2026-03-05', 'B1', 'repair.closed', '', 'cases.ended', 1),
           ('2026-03-02', 'B1', 'repair.closed', 'P1', 'visits.dissatisfied', 1),
           ('2026-03-02', 'B1', 'repair.closed', 'P1', 'loop.closed', 1);
"""


@pytest.mark.db
async def test_an_upgrade_takes_out_what_rejected_cases_had_added(service_dsn) -> None:
    dsn = await service_dsn("")
    await asyncio.to_thread(upgrade, "analytics", dsn, "0001")
    connection = await asyncpg.connect(dsn)
    await connection.execute(OLD)
    await connection.close()
    await asyncio.to_thread(upgrade, "analytics", dsn)
    async with serve(create_app, AnalyticsSettings, dsn, clock=ManualClock(day(29))) as served:
        found = await figures(served)
    assert (found["resolution"], found["feedback_timeliness"]) == ((0, 1), (0, 1))
    assert (found["repeat_complaints"], found["rework"]) == ((0, 1), (0, 0))
    assert (found["closed_loop"], found["cases_excluded"]) == ((0, 0), (1, None))
