"""Figures made anew from the archives equal those in use, beside them and in their place."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from sqlalchemy import text

from deploy.rebuild.projections import ANALYTICS
from deploy.rebuild.rebuilding import RebuildImpossible, Rebuilding
from services.analytics.app import create_app
from services.analytics.settings import AnalyticsSettings
from shared.clock import ManualClock
from shared.contracts import by_name
from shared.db import Database
from shared.messaging import Event, strict
from shared.messaging.outbox import Outgoing, append
from shared.testing import Served, event, example, serve
from tests.analytics.builders import day
from tests.analytics.world import everything

RULES = """
    SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace
"""
MARCH = {"from": "2026-03-01", "to": "2026-03-31"}


class Kept:
    """Analytics, and a service that has published what it is told."""

    def __init__(self, served: Served, dsns: dict[str, str], clock: ManualClock) -> None:
        self.served, self.dsns, self.clock = served, dsns, clock
        self.events = everything()

    async def publish(self, events: Sequence[Event]) -> None:
        database = Database("scheduler", self.dsns["scheduler"], self.clock)
        async with database.work() as work:
            await append(work.session, [Outgoing(contract_topic(one), one) for one in events])
        await database.close()

    async def rebuild(self, switch: bool = False) -> Any:
        return await Rebuilding(ANALYTICS, self.dsns, self.clock).run(switch)

    async def figures(self) -> Any:
        async with self.served.client("ops") as client:
            kpis = (await client.get("/api/v1/kpis", params=MARCH)).json()
            story = (await client.get("/api/v1/timeline", params={"customer_id": "C5"})).json()
        return kpis, story

    async def rules(self) -> set[tuple[str, ...]]:
        """Indexes and constraints of the tables in use."""
        async with self.served.runtime.db.read() as session:
            return {tuple(row) for row in await session.execute(text(RULES))}

    async def execute(self, statement: str) -> None:
        async with self.served.runtime.db.work() as work:
            await work.session.execute(text(statement))


def contract_topic(one: Event) -> str:
    declared = by_name(one.name)
    assert declared is not None
    return declared.topic


@pytest.fixture
async def kept(service_dsn, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Kept]:
    monkeypatch.setattr(strict, "STRICT", False)  # the events of this world say more than their contracts ask
    dsns = {"analytics": await service_dsn("analytics"), "scheduler": await service_dsn("scheduler")}
    clock = ManualClock(day(29))
    async with serve(create_app, AnalyticsSettings, dsns["analytics"], clock=clock) as served:
        found = Kept(served, dsns, clock)
        await found.publish(found.events)
        await served.deliver(*found.events)
        yield found


async def test_what_is_made_anew_equals_what_is_in_use(kept: Kept) -> None:
    told = await kept.rebuild()
    assert (told.events, told.differing, told.switched) == (len(kept.events), {}, False)


async def test_a_wrong_figure_is_found_and_mended_by_switching_and_counting_goes_on(kept: Kept) -> None:
    right = await kept.figures()
    await kept.execute("UPDATE rollup SET amount = amount + 7 WHERE measure = 'visits.completed'")
    await kept.execute("DELETE FROM timeline_entry WHERE name = 'visit.completed'")
    assert await kept.figures() != right
    assert {"rollup", "timeline_entry"} == set((await kept.rebuild()).differing)
    assert (await kept.rebuild(switch=True)).switched
    assert await kept.figures() == right
    assert (await kept.rebuild()).differing == {}
    await kept.served.deliver(*kept.events)  # told once more: nothing counts twice
    assert await kept.figures() == right
    late = event("repair.closed", example("repair.closed"), key="C5", id="late", time=day(20))
    await kept.publish([late])
    await kept.served.deliver(late)
    assert (await kept.figures())[1] != right[1]
    assert (await kept.rebuild()).differing == {}


async def test_what_was_switched_can_be_migrated_as_before(kept: Kept) -> None:
    """Migrations name indexes and constraints: they are called as they were."""
    before = await kept.rules()
    assert len(before) > 10
    assert (await kept.rebuild(switch=True)).switched
    assert await kept.rules() == before


async def test_what_nobody_has_taken_effect_of_yet_does_not_count(kept: Kept) -> None:
    await kept.publish([event("repair.closed", example("repair.closed"), key="C5", id="waiting", time=day(20))])
    assert (await kept.rebuild(switch=True)).differing == {}


async def test_without_an_archive_nothing_is_changed(kept: Kept) -> None:
    lost = event("repair.closed", example("repair.closed"), key="C9", id="lost", time=day(3))
    await kept.served.deliver(lost)
    right = await kept.figures()
    with pytest.raises(RebuildImpossible, match="有 1 个已处理的事件不在任何存档里"):
        await kept.rebuild(switch=True)
    assert (await kept.figures())[1] == right[1]


async def test_a_buried_event_does_not_count(kept: Kept) -> None:
    broken = event(
        "followup.planned", example("followup.planned") | {"due_at": "never"}, key="C9", id="broken", time=day(3)
    )
    await kept.publish([broken])
    await kept.served.deliver(broken)
    assert len(await kept.served.dead_letters()) == 1
    assert (await kept.rebuild(switch=True)).differing == {}
