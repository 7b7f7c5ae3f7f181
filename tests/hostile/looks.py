"""What a process says of itself: the memory it has in use, and how long its event loop was held."""

import ctypes
import gc
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.hostile.loop_time import LoopTime


@dataclass(frozen=True)
class Look:
    """Bytes at the height since the look before, and now at rest; the longest step of the loop in seconds, and which."""

    height: int
    rest: int
    longest: float
    step: str


def look(loop_time: LoopTime) -> Look:
    """What this process did since the look before; height and steps are counted from now on (proc_pid_clear_refs(5))."""
    height, longest, step = _in_use("VmHWM"), loop_time.most, loop_time.what
    gc.collect()
    with suppress(AttributeError):  # glibc has it: what is no longer needed is given back
        ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")
    loop_time.forget()
    return Look(height, _in_use("VmRSS"), longest, step)


def _in_use(which: str) -> int:
    """Bytes of this process's memory: VmRSS now, VmHWM at the height (proc_pid_status(5))."""
    found = re.search(rf"^{which}:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    assert found, which
    return int(found[1]) << 10
