"""What a process may take of the machine while it works on what others wrote. The system holds it to that.

Memory is address space: who asks for more gets MemoryError, or is aborted by a library that can't do without.
"""

import resource
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from mmap import mmap
from types import FrameType

_LAST_SECONDS = 5  # of the processor, between the signal and the end


class OutOfTime(Exception):
    """The processor time of a `limited` block is used up."""


def limit_process(memory: int, cpu: int) -> None:
    """At most so many bytes and seconds of the processor, for ever; out of time comes SIGXCPU, and SIGKILL a little later."""
    _limit(resource.RLIMIT_AS, memory, memory)
    _limit(resource.RLIMIT_CPU, cpu, cpu + _LAST_SECONDS)
    _limit(resource.RLIMIT_CORE, 0, 0)


def _limit(what: int, soft: int, hard: int) -> None:
    """A lower limit that holds already stays."""
    _, most = resource.getrlimit(what)
    if most != resource.RLIM_INFINITY:
        soft, hard = min(soft, most), min(hard, most)
    resource.setrlimit(what, (soft, hard))


@contextmanager
def limited(memory: int, cpu: int) -> Iterator[None]:
    """The same for a block of a process that goes on afterwards. Raises MemoryError or OutOfTime.

    Only in the main thread, where the signal arrives: elsewhere the block shares the process with others and is not limited.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def overdue(number: int, frame: FrameType | None) -> None:
        raise OutOfTime

    before = {what: resource.getrlimit(what) for what in (resource.RLIMIT_AS, resource.RLIMIT_CPU)}
    handler = signal.signal(signal.SIGXCPU, overdue)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    try:
        _limit(resource.RLIMIT_AS, memory, before[resource.RLIMIT_AS][1])
        _limit(resource.RLIMIT_CPU, int(usage.ru_utime + usage.ru_stime) + cpu, before[resource.RLIMIT_CPU][1])
        yield
    finally:
        for what, limits in before.items():
            resource.setrlimit(what, limits)
        signal.signal(signal.SIGXCPU, handler)


def ask_for_room(size: int) -> None:
    """Raises MemoryError when there is no room for so many bytes: to be asked before orjson, which would end the process."""
    try:
        mmap(-1, size).close()
    except OSError as error:
        raise MemoryError from error
