"""Named points at which a test may let the process die, as a power cut would.

`HUIFANG_CRASH_AT=consumer.committed:3` ends the process, without any clean-up, at the third passing of that point. Points:
`consumer.handled` (effects written, not committed), `consumer.committed` (committed, offsets not), `relay.published`
(acknowledged by the broker, not yet archived).
"""

import os

EXIT_CODE = 137
_point, _, _times = os.environ.get("HUIFANG_CRASH_AT", "").partition(":")
_left = int(_times or 1)


def crash_point(name: str) -> None:
    """Die here if this is the chosen point and passing."""
    global _left
    if name != _point:
        return
    _left -= 1
    if _left <= 0:
        os._exit(EXIT_CODE)
