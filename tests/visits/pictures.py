"""Pictures that tests send, good and bad."""

import io
import struct
import zlib
from typing import Any

from PIL import Image, ImageDraw


def photo(
    width: int = 640, height: int = 480, form: str = "JPEG", colour: Any = (200, 30, 40), **options: Any
) -> bytes:
    """A picture of one colour with a dark corner, in this format."""
    picture = Image.new("RGB", (width, height), colour)
    ImageDraw.Draw(picture).rectangle((0, 0, width // 4, height // 4), fill=(0, 0, 0))
    return saved(picture, form, **options)


def signature() -> bytes:
    """A stroke on a transparent ground, as a canvas gives it."""
    picture = Image.new("RGBA", (600, 200), (0, 0, 0, 0))
    ImageDraw.Draw(picture).line((20, 150, 300, 40, 580, 160), fill=(20, 20, 60, 255), width=5)
    return saved(picture, "PNG")


def saved(picture: Image.Image, form: str, **options: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, form, **options)
    return file.getvalue()


def read(content: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(content))
    picture.load()
    return picture


def chunk(name: bytes, data: bytes) -> bytes:
    """One chunk of a PNG file."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png_of(width: int, height: int, packed: bytes) -> bytes:
    """A PNG in shades of grey that says it is so large."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", packed) + chunk(b"IEND", b"")
