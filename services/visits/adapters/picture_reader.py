"""The process that draws one picture anew, because a picture can ask for more memory or time than a service has.

It gets, on its standard input, a line of JSON (the limits) and then the sender's file. It writes a line of JSON,
`{"unusable": reason}` or `{"width": …, "height": …}`, and behind the latter the new picture. What is kept is drawn point by
point from the old one: no byte of the sender's file, neither its position nor what hides behind its end, gets into it.
A process that ends without its line has died of the file.
"""

import io
import json
import sys
from typing import Any

from PIL import Image, ImageOps, UnidentifiedImageError

from shared.process_limits import limit_process

FORMATS = ("JPEG", "PNG", "WEBP")  # told by the content; no format that holds programs or refers to other files
MOST_PIXELS = 64_000_000
MOST_FRAMES = 1
QUALITY = 85
NOT_A_PICTURE = "不是可用的照片：请用 JPEG、PNG 或 WebP 格式"
TOO_MUCH_MEMORY = "照片占用的内存超过上限，请缩小后再传"
DAMAGED = "照片不完整或已损坏，请重拍"
BLANK = "签名是空白的，请客户签名后再提交"


class UnusablePicture(Exception):
    """Why the file can't be kept, in Chinese."""


def main() -> None:
    request = json.loads(sys.stdin.buffer.readline())
    limit_process(request["memory"], request["cpu"])
    try:
        size, content = redraw(sys.stdin.buffer.read(), request["most_side"], request["is_drawing"])
    except UnusablePicture as error:
        _answer({"unusable": str(error)})
    except MemoryError:
        _answer({"unusable": TOO_MUCH_MEMORY})
    else:
        _answer({"width": size[0], "height": size[1]}, content)


def _answer(head: dict[str, Any], content: bytes = b"") -> None:
    sys.stdout.buffer.write(json.dumps(head).encode() + b"\n" + content)


def redraw(content: bytes, most_side: int, is_drawing: bool) -> tuple[tuple[int, int], bytes]:
    """(width, height) and the file of the picture drawn anew, at most `most_side` points wide and high.

    A photograph becomes a JPEG, a drawing a PNG in shades of grey. Raises UnusablePicture or MemoryError.
    """
    Image.MAX_IMAGE_PIXELS = None  # asked below, before anything is unpacked
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as sent:
            if sent.width * sent.height > MOST_PIXELS:
                raise UnusablePicture(f"照片超过 {MOST_PIXELS // 1_000_000} 百万像素，请缩小后再传")
            if getattr(sent, "n_frames", 1) > MOST_FRAMES and sent.format in ("PNG", "WEBP"):
                raise UnusablePicture("不收动画，请用照片")
            sent.draft("RGB", (most_side, most_side))  # a JPEG is unpacked at about the size that is kept
            drawn = _on_paper(ImageOps.exif_transpose(sent), most_side)
    except UnidentifiedImageError as error:
        raise UnusablePicture(NOT_A_PICTURE) from error
    except (UnusablePicture, MemoryError):
        raise
    except Exception as error:  # for broken files the library raises almost anything
        raise UnusablePicture(DAMAGED) from error
    if is_drawing:
        drawn = drawn.convert("L")
        darkest, lightest = drawn.getextrema()
        if darkest == lightest:
            raise UnusablePicture(BLANK)
    kept = io.BytesIO()
    if is_drawing:
        drawn.save(kept, "PNG", optimize=True)
    else:
        drawn.save(kept, "JPEG", quality=QUALITY)
    return drawn.size, kept.getvalue()


def _on_paper(picture: Image.Image, most_side: int) -> Image.Image:
    """A new picture with the points of this one on white."""
    picture.thumbnail((most_side, most_side))
    shown = picture.convert("RGBA")
    paper = Image.new("RGB", shown.size, "white")
    paper.paste(shown, mask=shown)
    return paper


if __name__ == "__main__":
    main()
