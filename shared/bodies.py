"""What requests that make or change something hold, and how work on what others sent holds up nobody else."""

import asyncio
from collections.abc import Callable
from typing import ClassVar, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict

T = TypeVar("T")
QUICK = 32 << 10  # bytes that are read, judged and masked within 50 ms, whatever they are


def _written(text: str) -> str:
    if stripped := text.strip():
        return stripped
    raise ValueError("不能为空")


# Texts that people type are kept without the blanks around them. Their lengths are counted before, on what was sent: so
# the API description tells them, and pydantic's own `strip_whitespace` would take more than it forbids.
STRIPPED = AfterValidator(str.strip)
WRITTEN = AfterValidator(_written)  # there must be something besides blanks


class Body(BaseModel):
    """The base of every request body: a member nobody knows would be dropped, so it is refused by its name.

    `most_bytes` is how large a body is read at all. It is parsed and checked in the event loop, so that few routes allow more.
    """

    most_bytes: ClassVar[int] = QUICK
    model_config = ConfigDict(extra="forbid")


async def aside(size: int, work: Callable[[], T]) -> T:
    """What `work` makes of so many bytes: in the event loop up to `QUICK`, in a thread beyond.

    A MiB of brackets takes half a second of Python, and a batch of 500 events as long, in which the event loop goes on.
    """
    return work() if size <= QUICK else await asyncio.to_thread(work)
