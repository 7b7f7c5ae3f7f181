"""How long the event loop is held, by the processor's clock: whatever else the machine does meanwhile."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

LONGEST = 0.25  # seconds
BEAT = 0.005


class LoopTime:
    """`most` is the longest single step begun since `forget`, in seconds, and `what` that step."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Begin anew; the step that we are in does not count."""
        self.most, self.what = 0.0, ""
        self._since = time.thread_time()

    def note(self, started: float, handle: Any) -> None:
        seconds = time.thread_time() - started
        if started >= self._since and seconds > self.most:
            self.most, self.what = seconds, repr(handle)[:300]


@contextmanager
def watched_loop() -> Iterator[LoopTime]:
    """Times every step of the event loops of this process, as asyncio's debug mode does, but by the processor's clock."""
    found, run = LoopTime(), asyncio.Handle._run

    def timed(handle: asyncio.Handle) -> None:
        started = time.thread_time()
        run(handle)
        found.note(started, handle)

    asyncio.Handle._run = timed  # type: ignore[method-assign]
    try:
        yield found
    finally:
        asyncio.Handle._run = run  # type: ignore[method-assign]


class Beats(LoopTime):
    """The same of a loop whose steps can't be seen, such as uvloop: the processor's time for all steps between two beats."""

    def begin(self) -> None:
        """Beat in the running loop until it ends."""
        self.forget()
        self._beat()

    def _beat(self) -> None:
        now = time.thread_time()
        if now - self._since > self.most:
            self.most, self.what = now - self._since, "a turn of the loop"
        self._since = now
        asyncio.get_running_loop().call_later(BEAT, self._beat)


@pytest.fixture
async def loop_time() -> AsyncIterator[LoopTime]:
    with watched_loop() as found:
        yield found
