"""What services keep of others' events is made anew from the archives: equal to what is in use, and in its place."""

import importlib
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from deploy.local.settings import SERVICES
from deploy.rebuild import projections
from deploy.rebuild.projections import ANALYTICS, CASES, CONTACTS, COPIES, Projection
from deploy.rebuild.rebuilding import RebuildImpossible, Rebuilding, Rebuilt
from shared.clock import ManualClock
from shared.contracts import by_name
from shared.contracts.base import INTAKE
from shared.db import Database
from shared.messaging import Event
from shared.messaging.outbox import Outgoing, append
from shared.privacy import Sealer
from shared.settings import ServiceSettings
from shared.testing import Served, event, example, serve
from shared.testing.served import DATA_KEY
from tests.analytics.builders import day

SEALER = Sealer.from_text(DATA_KEY)
OLD, RIGHT = SEALER.seal_phone("13800138000"), SEALER.seal_phone("13700137021")


def told(name: str, days: float, **said: Any) -> Event:
    return event(name, example(name) | said, key="C1", time=day(0) + timedelta(days=days), id=f"{name}-{days}")


def fact(name: str, days: float, phone: str, **more: Any) -> Event:
    return told(name, days, customer={"id": "C1", "name": "刘洋", "phone": phone} | more)


def case(name: str, days: float, case_id: str) -> Event:
    return told(name, days, case_id=case_id)


def corrected(days: float) -> Event:
    card = example("customer.number_corrected")["customer"] | {"id": "C1"}
    learned = (day(0) + timedelta(days=days)).isoformat()
    return told("customer.number_corrected", days, customer=card, wrong=OLD, phone=RIGHT, learned_at=learned)


# a number learned to be wrong between two facts that tell it: what counts depends on which came first
CUSTOMER = [
    fact("repair.closed", 0, OLD, level="vip"),
    corrected(2),
    fact("order.completed", 3, OLD, email="ly@example.com"),
    told("followup.released", 4, customer={"id": "C1"}, branch="SEA", team="hotline"),
]
MATTER = [
    case("complaint.opened", 0, "K1"),
    case("complaint.opened", 0.5, "K2"),
    case("complaint.resolved", 1, "K1"),
    case("complaint.reopened", 2, "K1"),
    case("complaint.closed", 3, "K2"),
]
DIRECTORY = [
    told("organisation.published", 0, version=1),
    told("organisation.published", 1, version=2),
    told("key.changed", 0, version=1),
    told("key.changed", 1, version=2, ends_at="2026-05-01T00:00:00+08:00"),
    told("calendar.published", 0),
    told("person.changed", 0),
]


@dataclass(frozen=True)
class Trial:
    projection: Projection
    events: Sequence[Event]
    spoil: str
    table: str


TRIALS = {
    "contacts": Trial(CONTACTS, CUSTOMER, "UPDATE contact SET phone = '', level = 'none'", "contact"),
    "cases": Trial(CASES, MATTER, "UPDATE complaint_case SET state = 'closed'", "complaint_case"),
    **{f"units of {one.service}": Trial(one, DIRECTORY, "DELETE FROM organisation", "organisation") for one in COPIES},
    **{f"keys of {one.service}": Trial(one, DIRECTORY, "UPDATE api_key SET version = 9", "api_key") for one in COPIES},
}


class Platform:
    """One service that hears, and the databases of two that have published."""

    def __init__(self, served: Served, dsns: dict[str, str], clock: ManualClock, projection: Projection) -> None:
        self.served, self.dsns, self.clock, self.projection = served, dsns, clock, projection

    async def publish(self, events: Sequence[Event]) -> None:
        for one in events:
            declared = by_name(one.name)
            assert declared is not None
            database = Database("x", self.dsns["gateway" if declared.topic == INTAKE else "visits"], self.clock)
            async with database.work() as work:
                await append(work.session, [Outgoing(declared.topic, one)])
            await database.close()

    async def rebuild(self, switch: bool = False) -> Rebuilt:
        return await Rebuilding(self.projection, self.dsns, self.clock).run(switch)

    async def rows(self) -> dict[str, list[Any]]:
        async with self.served.runtime.db.read() as session:
            return {
                table: sorted(map(str, await session.execute(text(f"SELECT * FROM {table}"))))
                for table in self.projection.tables
            }

    async def heard(self) -> int:
        """How many events the service has taken effect of: it does not hear every topic."""
        async with self.served.runtime.db.read() as session:
            return int((await session.execute(text("SELECT count(*) FROM inbox"))).scalar_one())

    async def execute(self, statement: str) -> None:
        async with self.served.runtime.db.work() as work:
            await work.session.execute(text(statement))


async def platform_of(trial: Trial, service_dsn: Any, stack: Any) -> Platform:
    service, clock = trial.projection.service, ManualClock(day(9))
    dsns = {each: await service_dsn(each) for each in dict.fromkeys(("gateway", "visits", service))}
    app = importlib.import_module(f"services.{service}.app").create_app
    settings = next(
        kind
        for kind in vars(importlib.import_module(f"services.{service}.settings")).values()
        if isinstance(kind, type) and issubclass(kind, ServiceSettings) and kind is not ServiceSettings
    )
    served = await stack.enter_async_context(serve(app, settings, dsns[service], clock=clock))
    platform = Platform(served, dsns, clock, trial.projection)
    await platform.publish(trial.events)
    for one in trial.events:
        await served.deliver(one)
    return platform


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as opened:
        yield opened


@pytest.mark.parametrize("name", TRIALS)
async def test_what_is_made_anew_equals_what_is_in_use_and_mends_what_was_spoilt(
    name: str, service_dsn: Any, stack: Any
) -> None:
    trial = TRIALS[name]
    platform = await platform_of(trial, service_dsn, stack)
    right = await platform.rows()
    assert all(right.values()), "every table has rows, else this shows nothing"
    told = await platform.rebuild()
    assert (told.events, told.differing, told.switched) == (await platform.heard(), {}, False)
    await platform.execute(trial.spoil)
    assert await platform.rows() != right
    assert set((await platform.rebuild()).differing) == {trial.table}
    assert (await platform.rebuild(switch=True)).switched
    assert await platform.rows() == right
    await platform.served.deliver(*trial.events)  # heard once more: nothing changes
    assert await platform.rows() == right


async def test_the_service_goes_on_with_what_was_switched(service_dsn: Any, stack: Any) -> None:
    platform = await platform_of(TRIALS["contacts"], service_dsn, stack)
    (before,) = (await platform.rows())["contact"]
    assert RIGHT in before
    assert OLD in before  # as a wrong one
    assert (await platform.rebuild(switch=True)).switched
    later = fact("order.completed", 5, RIGHT, level="normal")
    await platform.publish([later])
    await platform.served.deliver(later)
    (after,) = (await platform.rows())["contact"]
    assert after != before
    assert (await platform.rebuild()).differing == {}


async def test_what_is_in_no_archive_any_more_can_not_be_made_anew(service_dsn: Any, stack: Any) -> None:
    platform = await platform_of(TRIALS["cases"], service_dsn, stack)
    await platform.served.deliver(case("complaint.opened", 4, "K9"))  # published by nobody who keeps it
    right = await platform.rows()
    with pytest.raises(RebuildImpossible, match="有 1 个已处理的事件不在任何存档里"):
        await platform.rebuild(switch=True)
    assert await platform.rows() == right


def test_every_service_keeps_what_is_told_of_units_and_keys() -> None:
    assert sorted(each.service for each in COPIES) == sorted(SERVICES)


def test_each_projection_is_of_the_consumer_that_its_service_has() -> None:
    """Its inbox rows go by that name."""
    for each in (ANALYTICS, CONTACTS, CASES, *COPIES):
        handlers = importlib.import_module(f"services.{each.service}.handlers")
        consumer = getattr(handlers, "consumer", None)
        assert consumer is None or consumer.id == each.service
    assert projections.TIMELINE in ANALYTICS.daily
