"""How long the event loop is held, by the processor's clock: whatever else the machine does meanwhile."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

LONGEST = 0.25  # seconds


class LoopTime:
    """`most` is the longest single step since `begin`, in seconds, and `what` that step."""

    def __init__(self) -> None:
        self.most, self.what = 0.0, ""

    async def begin(self) -> None:
        """Forget what was; the step that a test itself is in ends here."""
        await asyncio.sleep(0)  # noqa: TID251 - it is the loop itself that is measured
        self.most, self.what = 0.0, ""

    def note(self, seconds: float, handle: Any) -> None:
        if seconds > self.most:
            self.most, self.what = seconds, repr(handle)[:300]


@contextmanager
def watched_loop() -> Iterator[LoopTime]:
    """Times every step of the event loops of this process, as asyncio's debug mode does, but by the processor's clock."""
    found, run = LoopTime(), asyncio.Handle._run

    def timed(handle: asyncio.Handle) -> None:
        started = time.thread_time()
        run(handle)
        found.note(time.thread_time() - started, handle)

    asyncio.Handle._run = timed  # type: ignore[method-assign]
    try:
        yield found
    finally:
        asyncio.Handle._run = run  # type: ignore[method-assign]


@pytest.fixture
async def loop_time() -> AsyncIterator[LoopTime]:
    with watched_loop() as found:
        yield found
