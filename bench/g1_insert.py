"""G1: writing what was decided, by the service's own statements, where 1e7 tasks stand against where 1e5 do."""

import itertools
import time
from collections.abc import Iterator, Sequence

from bench.decide_load import facts, scheduler
from bench.harness import Row, Servers, compare, copied
from bench.standing import LARGE, PER_CUSTOMER, SMALL, standing
from services.scheduler.domain.batch import Decided, decide_in_order, match_in_order
from services.scheduler.domain.book import PolicyBook
from services.scheduler.procedures.kept import Kept
from services.scheduler.procedures.plans import fact_of
from services.scheduler.procedures.policies import policies_of
from services.scheduler.store import customers
from shared.db import Database
from shared.messaging import Event, inbox

EVENTS, BATCH, WARM_UP = 22_000, 1000, 2
GOAL = 0.7
Portion = list[tuple[Event, Decided]]


async def measure(servers: Servers, rounds: int) -> Row:
    large, small = await standing(servers, LARGE), await standing(servers, SMALL)
    parts = itertools.count()

    async def ours() -> float:
        part = next(parts)  # the large one is too large to be copied: every time it gets other facts
        return await _insert_all(servers, large, facts(rounds * EVENTS, LARGE // PER_CUSTOMER)[part * EVENTS :])

    async def rival() -> float:
        async with copied(servers, small) as dsn:
            return await _insert_all(servers, dsn, facts(EVENTS, SMALL // PER_CUSTOMER))

    return await compare("G1", f"决策落库：已有 {LARGE:,} 个任务 / {SMALL:,} 个", GOAL, ours, rival, rounds)


async def _insert_all(servers: Servers, dsn: str, events: Sequence[Event]) -> float:
    """Events per second, from the first batch after warming up."""
    async with scheduler(servers, dsn, "", ()) as served:
        db = served.runtime.db
        async with db.read() as session:
            book = (await policies_of(served.runtime).open(session)).book
        portions = [list(_decided(book, events[at : at + BATCH])) for at in range(0, EVENTS, BATCH)]
        for table in ("inbox", "decision"):
            await db.partitions.ensure(table, {event.day for event in events})
        await servers.checkpoint()
        for number, portion in enumerate(portions):
            if number == WARM_UP:
                started = time.perf_counter()
            await _insert(db, portion)
        return BATCH * (len(portions) - WARM_UP) / (time.perf_counter() - started)


def _decided(book: PolicyBook, events: Sequence[Event]) -> Iterator[tuple[Event, Decided]]:
    """Each as if it were its customer's first, so that there is the same to write whoever the customers are."""
    for event in events:
        matched, _ = match_in_order(book, [fact_of(event)], {})
        plans = {one.customer.id: one.customer for one in matched}
        yield event, next(decide_in_order(matched, plans))


async def _insert(db: Database, portion: Portion) -> None:
    """What the consumer writes of a batch, in one transaction; what it reads of contacts and open tasks is left out."""
    async with db.work(background=True, notify=True) as work:
        await inbox.claim(work.session, "scheduler", [event for event, _ in portion])
        told = {one.before.id: one.before for _, one in portion}
        await customers.lock_customers(work.session, told)
        await customers.save_customers(work.session, [told[name] for name in sorted(told)])
        kept = Kept({})
        for event, one in portion:
            kept.add(work, one.records, one.before, event)
        await kept.save(work, {})
