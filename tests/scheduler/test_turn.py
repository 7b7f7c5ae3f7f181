"""The customers of a batch are locked once, whatever it makes of them; what it learns of them counts within it."""

from collections.abc import Iterable

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from services.scheduler.domain.customer import Customer
from services.scheduler.store import customers as store
from shared.clock import ManualClock
from shared.testing import Served, event
from shared.testing.events import example
from tests.scheduler.builders import contents
from tests.scheduler.conftest import apply
from tests.scheduler.test_handlers import rows, sent
from tests.scheduler.test_recall import later, opted_out, released
from tests.scheduler.test_withdrawals import taken_back

TRIGGERED = {"events": ["visit.completed", "complaint.opened", "notification.opted_out", "customer.number_corrected"]}
AGAIN = {"id": "again", "if": {"field": "result", "op": "eq", "value": "refused"}}
ASKED_TWICE = {"id": "p2", "steps": [{"id": "first"}, AGAIN]}


@pytest.fixture
def locked(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Whom each locking statement asked for."""
    asked: list[list[str]] = []
    lock = store.lock_customers

    async def noted(session: AsyncSession, ids: Iterable[str], skip: bool = False) -> dict[str, Customer]:
        asked.append(sorted(ids))
        return await lock(session, ids, skip)

    monkeypatch.setattr(store, "lock_customers", noted)
    return asked


async def test_settling_contacts_locks_once(empty: Served, clock: ManualClock, locked: list[list[str]]) -> None:
    await apply(empty, contents(TRIGGERED, ASKED_TWICE))
    await empty.deliver(sent("repair.closed"), sent("repair.closed", "C2", id="e2"))
    (task,) = await rows(empty, "SELECT id::text FROM task WHERE customer_id = 'C1' AND state = 'planned'")
    locked.clear()
    number = {"id": "C2", "phone_masked": "", "phone": None}
    await empty.deliver(
        later("visit.completed", clock, id="v1", task_id=task[0]),
        later("visit.failed", clock, id="v2", task_id=task[0], reason="refused"),
        event(
            "customer.number_corrected", example("customer.number_corrected", customer=number), key="C2", id="n1",
            time=clock.now(),
        ),
    )  # fmt: skip
    assert locked == [["C1", "C2"]]


async def test_cases_and_opt_outs_lock_once(empty: Served, clock: ManualClock, locked: list[list[str]]) -> None:
    await released(empty, clock, {"delay": {"days": 1}}, TRIGGERED | {"id": "p2"})
    for one in (later("complaint.opened", clock, id="c1"), opted_out(clock)):
        locked.clear()
        await empty.deliver(one)
        assert locked == [["C1"]], one.name


async def test_a_withdrawal_beside_facts_locks_once(empty: Served, locked: list[list[str]]) -> None:
    await apply(empty, contents({}))
    fact = sent("repair.closed")
    await empty.deliver(fact)
    locked.clear()
    await empty.deliver(taken_back(fact), sent("repair.closed", "C2", id="e2"))
    assert locked == [["C1", "C2"]]


async def test_a_new_customer_refuses_within_the_batch_that_decides_on_them(empty: Served, clock: ManualClock) -> None:
    """The refusal makes the customer known; the decision beside it heeds it."""
    await apply(empty, contents({"events": ["notification.opted_out"], "channel": "sms"}))
    await empty.deliver(opted_out(clock))
    assert await rows(empty, "SELECT count(*) FROM task") == [(0,)]
    assert await rows(empty, "SELECT opted_out ? 'sms:all' FROM customer WHERE id = 'C1'") == [(True,)]
