"""How late the event loop wakes: what keeps it busy keeps every request and consumer of the process waiting."""

import asyncio

from shared.observability.metrics import LOOP_DELAY

EVERY = 0.5  # seconds


class LoopWatch:
    """Asks the running loop to be woken, again and again, and notes how late it was."""

    def __init__(self, service: str) -> None:
        self._observe = LOOP_DELAY.labels(service).observe
        self._next: asyncio.TimerHandle | None = None
        self._due = 0.0

    def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._due = loop.time() + EVERY
        self._next = loop.call_at(self._due, self._wake)

    def stop(self) -> None:
        if self._next is not None:
            self._next.cancel()

    def _wake(self) -> None:
        self._observe(max(0.0, asyncio.get_running_loop().time() - self._due))
        self.start()
