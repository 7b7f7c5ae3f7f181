"""Wrong codes are limited for the deployment: two processes on one database together look at no more than one."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta

import pytest

from shared.clock import ManualClock
from tests.visits.asked_by_message import invited, post
from tests.visits.conftest import Desk, open_desk

WRONG = "00000-00000"


@pytest.fixture
async def two(service_dsn: Callable[[str], Awaitable[str]], clock: ManualClock) -> AsyncIterator[list[Desk]]:
    dsn = await service_dsn("visits")
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(open_desk(dsn, clock, wrong_codes=4, wrong_codes_in_all=6))
            for _ in range(2)
        ]


async def tried(desk: Desk, address: str, code: str = WRONG) -> int:
    return (await post(desk, {"code": code}, address)).status_code


async def test_an_address_has_so_many_whichever_process_answers(two: list[Desk]) -> None:
    assert [await tried(two[number % 2], "203.0.113.7") for number in range(6)] == [422] * 4 + [429] * 2
    assert await tried(two[0], "203.0.113.8") == 422
    two[0].clock.advance(timedelta(minutes=1))
    assert await tried(two[1], "203.0.113.7") == 422


async def test_all_addresses_together_have_so_many(two: list[Desk]) -> None:
    told = [await tried(two[number % 2], f"203.0.113.{number}") for number in range(8)]
    assert told == [422] * 6 + [429] * 2


async def test_a_right_code_costs_nothing_in_any_process(two: list[Desk]) -> None:
    await two[0].publish("gas-service")
    _, code = await invited(two[0])
    for number in range(12):
        assert await tried(two[number % 2], "203.0.113.7", code) == 200
    assert await tried(two[0], "203.0.113.7") == 422


async def test_minutes_that_have_passed_are_forgotten(two: list[Desk]) -> None:
    await tried(two[0], "203.0.113.7")
    two[0].clock.advance(timedelta(minutes=2))
    assert await two[0].served.run_job("forget-guesses") == 2
    assert await two[0].served.run_job("forget-guesses") == 0
