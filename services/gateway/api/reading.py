"""Bodies are read where they hold up nobody else."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from services.gateway.domain.envelope import QUICK

T = TypeVar("T")


async def read_aside(size: int, read: Callable[[], T]) -> T:
    """What `read` makes of a body of so many bytes. A large one is read in a thread: a MiB of brackets takes half a second
    of Python, in which the event loop goes on.
    """
    return read() if size <= QUICK else await asyncio.to_thread(read)
