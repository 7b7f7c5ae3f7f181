"""Lanes: a poll takes effect in transactions side by side, and the next poll begins before all have ended.

A key belongs to one lane, and in a lane one batch follows the other, whatever polls they came with: so a key's order holds.
Lanes drift apart, and while the database works for some, rules run for another.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from shared.messaging.arrived import Arrived

LANES = 4
SPLIT_AT = 400  # fewer messages are one transaction

Process = Callable[[Sequence[Arrived]], Awaitable[None]]
Ended = asyncio.Task[None]


class Lanes:
    """The lanes of one group member; `process` takes effect of a batch."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._last: list[Ended | None] = [None] * LANES

    def begin(self, arrived: Sequence[Arrived]) -> list[Ended]:
        """Begin a poll's batches, each as soon as those before it in its lane have ended.

        A batch fails with the one before it. Wait for all with `ended`; never cancel them: that breaks a connection.
        """
        if len(arrived) < SPLIT_AT:
            whole = asyncio.create_task(self._follow([one for one in self._last if one], arrived))
            self._last = [whole] * LANES
            return [whole]
        batches: list[list[Arrived]] = [[] for _ in range(LANES)]
        for item in arrived:
            batches[hash(item.event.key) % LANES].append(item)
        for lane, batch in enumerate(batches):
            last = self._last[lane]
            self._last[lane] = asyncio.create_task(self._follow([last] if last else [], batch))
        return [one for one in self._last if one]

    async def _follow(self, before: Sequence[Ended], batch: Sequence[Arrived]) -> None:
        for one in before:
            await one
        await self._process(batch)


async def ended(batches: Sequence[Ended]) -> None:
    """Wait until all have ended, then raise the first failure."""
    for outcome in await asyncio.gather(*batches, return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome
