"""Photographs and drawings as they are kept: drawn anew in a process of its own that may die of them (`picture_reader`)."""

import asyncio
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from services.visits.adapters.picture_reader import DAMAGED
from services.visits.domain.attachments import Kind
from services.visits.domain.errors import UnusableAttachment

MEMORY = 768 << 20
CPU_SECONDS = 6
SECONDS = 15.0  # of the clock, on a busy machine
AT_ONCE = 2  # processes of one service: more photographs wait for their turn
PHOTO_SIDE, DRAWING_SIDE = 2048, 1024
MEDIA_TYPES = {"photo": "image/jpeg", "signature": "image/png"}
TOO_SLOW = "照片处理时间过长，请换一张或缩小后再传"
_ROOT = str(Path(__file__).parents[3])


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of ours: nothing of the sender's bytes is in `content`."""

    content: bytes
    media_type: str
    width: int
    height: int


class Pictures:
    """Draws pictures anew, a few at a time."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def redraw(self, content: bytes, kind: Kind) -> Picture:
        """The picture as it is kept. Raises UnusableAttachment with the reason."""
        limits = {
            "memory": MEMORY,
            "cpu": CPU_SECONDS,
            "most_side": DRAWING_SIDE if kind == "signature" else PHOTO_SIDE,
            "is_drawing": kind == "signature",
        }
        async with self._turns:
            answer, kept = await _ask_process(orjson.dumps(limits) + b"\n" + content)
        if "unusable" in answer:
            raise UnusableAttachment(answer["unusable"])
        return Picture(kept, MEDIA_TYPES[kind], answer["width"], answer["height"])


async def _ask_process(request: bytes) -> tuple[dict[str, Any], bytes]:
    """The line that the process answers with, and what follows it. Raises UnusableAttachment when it died of the file."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.visits.adapters.picture_reader",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        env={"PYTHONPATH": _ROOT, "PYTHONSAFEPATH": "1"},
    )  # fmt: skip
    try:
        answer, _ = await asyncio.wait_for(process.communicate(request), SECONDS)
    except TimeoutError as error:
        raise UnusableAttachment(TOO_SLOW) from error
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    line, ended, kept = answer.partition(b"\n")
    if not ended:
        raise UnusableAttachment(TOO_SLOW if process.returncode == -24 else DAMAGED)
    return orjson.loads(line), kept
