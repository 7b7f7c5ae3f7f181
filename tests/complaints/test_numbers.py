"""What was learned of a customer's numbers reaches their cases, also those that complaints hears of later."""

import asyncio
from datetime import timedelta
from typing import Any

from sqlalchemy import text

from services.complaints import commands
from services.complaints.domain.rules import Rules
from shared.clock import ManualClock
from shared.erasure.job import erase_due
from shared.messaging import Event
from shared.testing import Served, event, example
from tests.complaints.builders import dissatisfied
from tests.complaints.test_handlers import hotline, the_case, told

WRONG, RIGHT, THIRD = "sealed:v1:d3Jvbmc", "sealed:v1:cmlnaHQ", "sealed:v1:dGhpcmQ"
MASKED = "139****4242"
LEARNED_AT = "2026-03-06T10:00:00+08:00"
BEFORE, AFTER = "2026-03-05T09:00:00+08:00", "2026-03-07T09:00:00+08:00"


def learned(wrong: str | None = WRONG, phone: str | None = RIGHT, at: str = LEARNED_AT, key: str = "C7") -> Event:
    card = example("customer.number_corrected")["customer"] | {"id": key}
    masked = MASKED if phone else ""
    data = example(
        "customer.number_corrected", customer=card, wrong=wrong, phone=phone, phone_masked=masked, learned_at=at
    )
    return event("customer.number_corrected", data, key=key)


def complaint(at: str = BEFORE, phones: tuple[str, ...] = (), **card: Any) -> Event:
    """A 12345 case that came back unsolved at `at`, of somebody with these numbers."""
    told_of = {"id": "C7", "name": "周女士", "phone": phones[0] if phones else None, "phones": list(phones[1:]), **card}
    return hotline(customer=told_of, handle_status="returned", closed_at=at)


async def numbers(served: Served) -> tuple[str | None, list[str]]:
    card = (await the_case(served)).customer
    return card.phone, card.phones


async def test_a_case_heard_of_later_has_the_number_that_reaches_its_customer(served: Served) -> None:
    await served.deliver(learned())
    await served.deliver(complaint(phones=(WRONG,)))
    card = (await the_case(served)).customer
    assert (card.phone, card.phones, card.phone_masked) == (RIGHT, [], MASKED)


async def test_what_a_source_tells_after_it_is_newer_but_a_wrong_number_stays_wrong(served: Served) -> None:
    await served.deliver(learned())
    await served.deliver(complaint(at=AFTER, phones=(THIRD,)))
    assert await numbers(served) == (THIRD, [])


async def test_a_source_that_goes_on_telling_the_wrong_number_is_not_believed(served: Served) -> None:
    await served.deliver(learned())
    await served.deliver(complaint(at=AFTER, phones=(WRONG, THIRD)))
    assert await numbers(served) == (RIGHT, [THIRD])


async def test_a_number_known_only_to_be_wrong_is_not_dialled(served: Served) -> None:
    await served.deliver(learned(phone=None))
    await served.deliver(complaint(phones=(WRONG, THIRD)))
    assert await numbers(served) == (THIRD, [])


async def test_a_number_that_turns_out_to_be_right_is_not_wrong_any_more(served: Served) -> None:
    await served.deliver(learned(), learned(wrong=None, phone=WRONG, at=AFTER))
    await served.deliver(complaint(phones=(WRONG,)))
    assert await numbers(served) == (WRONG, [])


async def test_a_number_that_was_learned_and_turns_out_to_be_wrong_is_not_dialled(served: Served) -> None:
    await served.deliver(learned(), learned(wrong=RIGHT, phone=None, at=AFTER))
    await served.deliver(complaint(phones=(RIGHT, THIRD)))
    assert await numbers(served) == (THIRD, [])


async def test_told_late_an_older_correction_does_not_take_the_place_of_a_newer(served: Served) -> None:
    await served.deliver(learned(at=AFTER))
    await served.deliver(learned(wrong=THIRD, phone="sealed:v1:b2xk", at=LEARNED_AT))
    await served.deliver(complaint(phones=(THIRD, WRONG)))
    assert await numbers(served) == (RIGHT, [])


async def test_others_keep_theirs(served: Served) -> None:
    await served.deliver(learned(key="C8"))
    await served.deliver(complaint(phones=(WRONG,)))
    assert await numbers(served) == (WRONG, [])


async def test_a_case_that_a_visit_opens_has_it_whichever_is_told_first(served: Served) -> None:
    card = {"id": "C7", "name": "周女士", "phone": WRONG}
    opens = told(dissatisfied("V1", customer=card), key="C7")
    await served.deliver(learned(), opens)
    assert await numbers(served) == (RIGHT, [])


async def test_a_case_that_somebody_files_by_hand_has_it(served: Served) -> None:
    await served.deliver(learned())
    async with served.client("supervisor") as client:
        filed = {"customer": {"id": "C7", "name": "周女士"}, "description": "没人来"}
        answer = await client.post("/api/v1/cases", json=filed, headers={"Idempotency-Key": "k1"})
    assert answer.status_code == 201, answer.text
    assert await numbers(served) == (RIGHT, [])


async def test_learned_while_a_case_is_being_opened_it_reaches_that_case(served: Served) -> None:
    """Whoever comes second waits, so that each of both cannot miss the other."""
    db = served.runtime.db
    async with db.work() as opening:
        await commands.take_hotline_cases(opening, Rules(), [complaint(phones=(WRONG,))])
        correcting = asyncio.create_task(served.deliver(learned()))
        async with asyncio.timeout(60):
            while not await waits(served):
                assert not correcting.done(), "it did not wait for the case"
                await asyncio.sleep(0)  # noqa: TID251 - until the database says that it waits
    await correcting
    assert await numbers(served) == (RIGHT, [])


async def waits(served: Served) -> bool:
    async with served.runtime.db.read() as session:
        query = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        return bool((await session.execute(text(query))).scalar())


async def test_of_an_erased_customer_no_number_is_kept(served: Served, clock: ManualClock) -> None:
    await served.deliver(learned())
    asked = {"customer_id": "C7", "asked_at": clock.now().isoformat(), "asked_by": "zhao.min"}
    await served.deliver(event("customer.erased", asked, key="C7"))
    assert await erase_due(served.runtime) == 1
    await served.deliver(learned(phone=THIRD))  # it was on its way
    clock.advance(timedelta(minutes=2))
    assert await erase_due(served.runtime) == 1
    async with served.runtime.db.read() as session:
        assert (await session.execute(text("SELECT count(*) FROM customer_number"))).scalar() == 0
