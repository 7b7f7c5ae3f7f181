"""Work on what others sent, done where it holds up nobody else: in the event loop up to `QUICK` bytes, in a thread beyond."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
QUICK = 32 << 10  # bytes that are read, judged and masked within 50 ms, whatever they are


async def aside(size: int, work: Callable[[], T]) -> T:
    """What `work` makes of so many bytes. With many it goes on in a thread: a MiB of brackets takes half a second of Python,
    and a batch of 500 events as long, in which the event loop goes on.
    """
    return work() if size <= QUICK else await asyncio.to_thread(work)
