"""What a decision costs, counted instead of timed: a loaded machine changes neither statements nor calls (P1 measures both)."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import FrameType
from typing import Any

from sqlalchemy import event as engine_events

from services.scheduler.domain.batch import decide_in_order, match_in_order
from services.scheduler.domain.facts import Fact
from shared.messaging.event import Event
from shared.testing import Served, event
from tests.scheduler.builders import MONDAY, book, contents, fact
from tests.scheduler.conftest import apply

KINDS = ("account.opened", "gas.ignited", "installation.finished", "meter.read", "order.completed", "repair.closed")
POLICIES = 60
MOST_CALLS = 90  # of a fact, a quarter of them planned; 82 when this was written


def policies() -> list[dict[str, Any]]:
    """Ten for each kind of fact, each for a category of its own, one in five of which draws."""
    return [
        {
            "id": f"p{number}",
            "events": [KINDS[number % len(KINDS)]],
            "condition": {
                "all": [
                    {"field": "org.code", "op": "ne", "value": "CLOSED"},
                    {"field": "product.category", "op": "eq", "value": f"灶具{number // len(KINDS)}"},
                ]
            },
            "rate": 20 if number % 5 == 0 else "all",
            "delay": {"days": 1},
            "deadline": {"working_days": 3},
            "questionnaire": "q",
            "team": "t",
        }
        for number in range(POLICIES)
    ]


CAPS = [{"limit": 2, "per": "quarter"}]


def data_of(number: int) -> dict[str, Any]:
    return {"product": {"category": f"灶具{number // len(KINDS) % 30}"}}


@contextmanager
def counting_calls() -> Iterator[Callable[[], int]]:
    """How many functions of ours, of Python and of C have been called within."""
    calls, before = 0, sys.getprofile()

    def count(_frame: FrameType, what: str, _argument: object) -> None:
        nonlocal calls
        calls += what in ("call", "c_call")

    sys.setprofile(count)
    try:
        yield lambda: calls
    finally:
        sys.setprofile(before)


def facts_of(amount: int) -> list[Fact]:
    """About half as many customers, in the order of time."""
    return [
        fact(
            KINDS[number % len(KINDS)],
            data_of(number),
            id=f"e{number}",
            customer=f"C{number * 7919 % (amount // 2)}",
            time=MONDAY + timedelta(seconds=number),
        )
        for number in range(amount)
    ]


def test_a_fact_is_decided_on_with_few_calls() -> None:
    rules, facts = book(*policies(), caps=CAPS), facts_of(3000)
    for _ in ("what is computed once is kept", "counted"):
        with counting_calls() as called:
            matched, seen = match_in_order(rules, facts, {})
            plans = {one.fact.customer_id: seen[one.fact.customer_id] for one in matched if one.wanted}
            decided = list(decide_in_order(matched, plans, rules.chained))
    assert sum(one.decision.outcome == "planned" for one in decided) > len(facts) / 4
    assert called() / len(facts) <= MOST_CALLS


async def test_a_batch_takes_the_same_statements_however_many_facts_it_has(empty: Served) -> None:
    await apply(empty, contents(*policies(), caps=CAPS))
    of_few = [await statements_of(empty, f"few{number}", 40) for number in range(2)]
    assert len(of_few[1]) > 5
    assert len(await statements_of(empty, "many", 400)) == len(of_few[1])


async def statements_of(served: Served, batch: str, size: int) -> list[str]:
    """What the database is asked while a batch of so many facts is decided on, about half as many new customers."""
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    engine = served.runtime.db.background.sync_engine
    engine_events.listen(engine, "before_cursor_execute", note)
    await served.deliver(*(_sent(batch, number, size) for number in range(size)))
    engine_events.remove(engine, "before_cursor_execute", note)
    return statements


def _sent(batch: str, number: int, size: int) -> Event:
    customer = f"{batch}-{number * 7919 % (size // 2)}"
    data = {"org": {"code": "CD"}, **data_of(number), "customer": {"id": customer}}
    name = KINDS[number % len(KINDS)]
    return event(name, data, customer, id=f"{batch}-{number}", time=MONDAY + timedelta(seconds=number))
