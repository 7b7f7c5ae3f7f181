"""The core of every service: an erasure is kept, gone through, and gone through again while events may still arrive."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from shared.clock import ManualClock
from shared.contracts.erasures import CustomerErased
from shared.contracts.visits import VisitDissatisfied
from shared.erasure import Erasure
from shared.erasure.job import erase_due
from shared.erasure.kept import keep_erasure
from shared.messaging import Work
from shared.messaging.arrived import arrive
from shared.messaging.broker import Record
from shared.messaging.dead_letters import bury
from shared.messaging.event import encode
from shared.runtime import Runtime, Service
from shared.settings import ServiceSettings
from shared.testing import event, example
from shared.testing.events import NOON
from shared.testing.served import DATA_KEY

NEEDLE = "周子衿"
STORES = ("outbox", "outbox_archive", "dead_letter")


@pytest.fixture
async def runtime(core_dsn: str, clock: ManualClock) -> AsyncIterator[Runtime]:
    settings = ServiceSettings(postgres_dsn=core_dsn, erasure_days=3, data_key=SecretStr(DATA_KEY))
    running = Runtime(Service("test", "测试", settings, erases=noted), clock)
    running.state["passes"] = []
    yield running
    await running.db.close()


async def noted(runtime: Runtime, work: Work, due: Sequence[Erasure]) -> None:
    runtime.state["passes"].append([(one.customer, one.first) for one in due])


async def tell(runtime: Runtime, customer: str = "C1", days: int = 0) -> None:
    async with runtime.db.work() as work:
        asked_at = NOON + timedelta(days=days)
        await keep_erasure(work, CustomerErased(customer_id=customer, asked_at=asked_at, asked_by="zhao.min"))


def result_of(customer: str) -> VisitDissatisfied:
    told = example("visit.dissatisfied")
    card = {**told["customer"], "id": customer, "name": NEEDLE}
    return VisitDissatisfied.model_validate(told | {"customer": card, "remark": f"{NEEDLE}说漏水"})


async def fill(runtime: Runtime, customer: str) -> None:
    """The customer's words in every place of the core."""
    await runtime.db.partitions.ensure("outbox_archive", [NOON.date()])
    async with runtime.db.work() as work:
        work.publish(result_of(customer), key=customer, lineage="L1", subject="WX1")
    sent = event("visit.dissatisfied", result_of(customer), key=customer, id=f"dead-{customer}")
    headers, value = encode(sent)
    record = Record("visits-v1", 0, 7, 0, customer, headers, value)
    async with runtime.db.work() as work:
        await work.session.execute(
            text("INSERT INTO outbox_archive SELECT id, topic, key, headers, value, at FROM outbox WHERE key = :key"),
            {"key": customer},
        )
        await bury(work, "test", arrive(record), f"{NEEDLE} is no number", 3)


async def rows(runtime: Runtime, table: str, key: str) -> list[dict[str, Any]]:
    async with runtime.db.read() as session:
        found = await session.execute(text(f"SELECT * FROM {table} WHERE key = :key"), {"key": key})
        return [dict(row) for row in found.mappings()]


async def told_of(runtime: Runtime, key: str) -> dict[str, str]:
    """What the stores say of a customer, as text."""
    found = {table: await rows(runtime, table, key) for table in STORES}
    assert all(found.values()), found
    return {
        table: "\n".join(
            value.decode() if isinstance(value, bytes) else str(value) for row in each for value in row.values()
        )
        for table, each in found.items()
    }


async def test_the_words_of_whoever_is_erased_are_in_no_store(runtime: Runtime) -> None:
    for customer in ("C1", "C2"):
        await fill(runtime, customer)
    assert all(NEEDLE in words for words in (await told_of(runtime, "C1")).values())
    await tell(runtime, "C1")
    assert await erase_due(runtime) == 1
    left = await told_of(runtime, "C1")
    assert not [table for table, words in left.items() if NEEDLE in words]
    assert '"rating":2' in left["outbox"], "what is counted stays"
    assert '"WX1"' in left["outbox"], "what it is found by stays"
    assert all(NEEDLE in words for words in (await told_of(runtime, "C2")).values()), "others' words stay"


async def test_what_is_left_to_publish_is_what_its_contract_says(runtime: Runtime) -> None:
    await fill(runtime, "C1")
    await tell(runtime, "C1")
    await erase_due(runtime)
    (row,) = [row for row in await rows(runtime, "outbox", "C1") if row["topic"] == "visits-v1"]
    VisitDissatisfied.model_validate_json(row["value"])


async def test_it_is_gone_through_again_until_nothing_can_arrive_any_more(runtime: Runtime, clock: ManualClock) -> None:
    await tell(runtime)
    assert await erase_due(runtime) == 1
    assert await erase_due(runtime) == 0, "not at once again"
    await fill(runtime, "C1")  # what was on its way arrives
    clock.advance(timedelta(minutes=1))
    assert await erase_due(runtime) == 1
    assert not [table for table, words in (await told_of(runtime, "C1")).items() if NEEDLE in words]
    passes = 2
    for _ in range(5 * 24):
        clock.advance(timedelta(hours=1))
        passes += await erase_due(runtime)
    assert runtime.state["passes"][:2] == [[("C1", True)], [("C1", False)]]
    assert passes == len(runtime.state["passes"])
    assert 8 <= passes <= 20
    async with runtime.db.read() as session:
        (row,) = (await session.execute(text("SELECT * FROM erasure"))).mappings()
    assert row["next_at"] is None
    assert row["done_at"] - row["heard_at"] >= timedelta(days=3)


async def test_a_pass_that_fails_is_made_again_and_claims_nothing(runtime: Runtime, clock: ManualClock) -> None:
    async def fails(*_: Any) -> None:
        raise ValueError

    await tell(runtime)
    object.__setattr__(runtime.service, "erases", fails)
    with pytest.raises(ValueError):
        await erase_due(runtime)
    async with runtime.db.read() as session:
        assert (await session.execute(text("SELECT erased_at FROM erasure"))).scalar_one() is None
    object.__setattr__(runtime.service, "erases", noted)
    clock.advance(timedelta(minutes=16))
    assert await erase_due(runtime) == 1
    assert runtime.state["passes"] == [[("C1", True)]]


async def test_told_twice_it_is_one_and_asked_anew_it_begins_anew(runtime: Runtime, clock: ManualClock) -> None:
    await tell(runtime)
    await erase_due(runtime)
    await tell(runtime)
    assert await erase_due(runtime) == 0
    await tell(runtime, days=30)
    assert await erase_due(runtime) == 1
    assert runtime.state["passes"] == [[("C1", True)], [("C1", True)]]
