"""Work on what others sent, done where it holds up nobody else."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
QUICK = 64 << 10  # bytes that are read within some milliseconds, whatever they are


async def aside(size: int, work: Callable[[], T]) -> T:
    """What `work` makes of so many bytes. With many it goes on in a thread: a MiB of brackets takes half a second of Python,
    and a batch of 500 events as long, in which the event loop goes on.
    """
    return work() if size <= QUICK else await asyncio.to_thread(work)
