"""Small pictures for lists, drawn of the pictures that are kept.

Those are ours (`picture_reader` drew them, the seal says that they are still the same), so they are read in this process.
"""

import asyncio
import io

from PIL import Image

SIDE = 160
QUALITY = 70


async def thumbnail_of(content: bytes) -> bytes:
    """A JPEG, at most SIDE points wide and high."""
    return await asyncio.to_thread(_drawn, content)


def _drawn(content: bytes) -> bytes:
    with Image.open(io.BytesIO(content), formats=("JPEG", "PNG")) as kept:
        kept.draft("RGB", (SIDE * 2, SIDE * 2))
        small = kept.convert("RGB")
    small.thumbnail((SIDE, SIDE))
    drawn = io.BytesIO()
    small.save(drawn, "JPEG", quality=QUALITY)
    return drawn.getvalue()
