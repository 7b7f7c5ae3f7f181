"""The memory of a service process: its garbage collector, and the C library's allocator below it."""

import ctypes
import gc
from collections.abc import Iterator
from contextlib import contextmanager, suppress

OBJECTS_OF_A_BATCH = 100_000
LARGE_BLOCK = 4 << 20  # bytes
_M_MMAP_THRESHOLD = -3


def give_large_blocks_back() -> None:
    """Have what was asked for in one large block go back to the system as soon as it is freed (mallopt(3)).

    Left to itself, glibc raises its threshold to the largest block ever freed, up to 32 MiB, and from then on keeps such
    blocks: one for each thread that has ever held an uploaded file.
    """
    with suppress(AttributeError):  # another C library has no such threshold
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, LARGE_BLOCK)


@contextmanager
def rare_collections() -> Iterator[None]:
    """Let the hot path alone: what is loaded by now lives as long as the process, and a batch's values die by count.

    Without it, a third of a batch's time goes into collections that find nothing.
    """
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(OBJECTS_OF_A_BATCH, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
