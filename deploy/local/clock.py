"""The simulated clock's anchor, kept so that every process agrees and a stop does not make business time jump.

While the platform runs, the time it was last seen alive is noted; the next run moves the anchor by the time it lay
still.
"""

import time
from dataclasses import asdict, dataclass

from deploy.local.files import read_json, write_json
from deploy.local.settings import REAL_TIME, LocalSettings


@dataclass(frozen=True)
class KeptClock:
    """`spec` as in HUIFANG_CLOCK; `anchor` and `seen` in Unix seconds."""

    spec: str
    anchor: float
    seen: float


def resume_clock(settings: LocalSettings, now: float) -> KeptClock | None:
    """The clock to run on, None for real time.

    Without HUIFANG_CLOCK the data's own clock goes on; `real` leaves it. A clock other than the kept one starts at
    its START.
    """
    path = settings.var / "clock.json"
    stored = read_json(path)
    kept = KeptClock(**stored) if stored else None
    spec = settings.clock or (kept.spec if kept else None)
    if spec is None or spec == REAL_TIME:
        path.unlink(missing_ok=True)
        return None
    if kept is not None and kept.spec == spec:
        return KeptClock(spec, kept.anchor + (now - kept.seen), now)
    return KeptClock(spec, anchor=now, seen=now)


def note_alive(settings: LocalSettings, clock: KeptClock) -> None:
    """To be called every second or so, and last when the services have stopped."""
    write_json(settings.var / "clock.json", asdict(clock) | {"seen": time.time()})
