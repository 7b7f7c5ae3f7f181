"""Lanes: order per key across polls, and what a failure stops."""

import asyncio
import random
from collections import defaultdict
from collections.abc import Sequence

import pytest

from shared.messaging.arrived import Arrived
from shared.messaging.broker import Record
from shared.messaging.lanes import LANES, SPLIT_AT, Lanes, ended
from tests.messaging.rig import thing

KEYS = 40


def poll(first: int, size: int) -> list[Arrived]:
    """So many events of many keys, numbered from `first` on."""
    events = [thing(number, f"C{number % KEYS}") for number in range(first, first + size)]
    return [Arrived(Record("things-v1", 0, event.data["number"], 0, event.key, [], b""), event) for event in events]


async def test_the_order_of_a_key_holds_over_polls_that_are_in_hand_together() -> None:
    chance, taken, side_by_side = random.Random(1), defaultdict[str, list[int]](list), 0
    running = 0

    async def process(batch: Sequence[Arrived]) -> None:
        nonlocal running, side_by_side
        running += 1
        side_by_side = max(side_by_side, running)
        for item in batch:
            if chance.random() < 0.05:
                await asyncio.sleep(0)  # noqa: TID251 - lets another lane go on, as a query would
            taken[item.event.key].append(item.event.data["number"])
        running -= 1

    lanes, first, begun = Lanes(process), 0, []
    for size in (SPLIT_AT, 3, SPLIT_AT + 100, SPLIT_AT + 1, 1, 7, SPLIT_AT * 2):
        begun += lanes.begin(poll(first, size))
        first += size
    await ended(begun)
    assert side_by_side == LANES
    assert sum(map(len, taken.values())) == first
    assert all(numbers == sorted(numbers) for numbers in taken.values())


async def test_nothing_follows_a_batch_that_failed_in_its_lane() -> None:
    taken: list[int] = []

    async def process(batch: Sequence[Arrived]) -> None:
        if any(item.event.data["number"] == 0 for item in batch):
            raise ConnectionError("gone")
        taken.extend(item.event.data["number"] for item in batch)

    lanes = Lanes(process)
    polls = [lanes.begin(poll(0, SPLIT_AT)), lanes.begin(poll(SPLIT_AT, SPLIT_AT)), lanes.begin(poll(2 * SPLIT_AT, 1))]
    for batches in polls:
        with pytest.raises(ConnectionError):
            await ended(batches)
    lane = {f"C{number % KEYS}" for number in taken}
    assert "C0" not in lane, "the failed lane's keys wait for the next delivery"
    assert 0 < len(taken) < 2 * SPLIT_AT
