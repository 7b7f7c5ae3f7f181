"""Pictures made to kill, freeze, fill or fool their reader: each is refused with a reason, and nothing of it is kept."""

import io
import re
import struct
import time
import zipfile
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from PIL import Image

from shared.clock import ManualClock
from tests.hostile.unharmed import unharmed
from tests.visits.conftest import Desk, open_desk
from tests.visits.pictures import chunk, photo, png_of, read, saved
from tests.visits.test_attachments import added, kept_files, look, upload

MOST_SECONDS = 120
PAYLOAD = b"<script>alert(document.cookie)</script><?php system($_GET['c']); ?>"


@pytest.fixture
async def site(service_dsn: Callable[[str], Awaitable[str]], clock: ManualClock, tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_desk(await service_dsn("visits"), clock, files=str(tmp_path / "files")) as desk:
        yield desk


def bomb() -> bytes:
    """Nine hundred million points in less than a MiB."""
    return png_of(30_000, 30_000, zlib.compress(bytes(30_001 * 30_000 // 40), 9))


def long_line() -> bytes:
    return png_of(2**31 - 1, 1, zlib.compress(b"\0" * 1_000_000))


def packed_text() -> bytes:
    """A comment that unpacks to a GiB in front of a sound picture."""
    plain = photo(form="PNG")
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(bytes(1 << 20)) for _ in range(1 << 10)) + packer.flush()
    return plain[:33] + chunk(b"zTXt", b"Comment\0\0" + packed) + plain[33:]


def packed_profile() -> bytes:
    plain = photo(form="PNG")
    packed = zlib.compress(bytes(200 << 20), 9)
    return plain[:33] + chunk(b"iCCP", b"p\0\0" + packed) + plain[33:]


def many_scans() -> bytes:
    """A progressive JPEG of 60 million points whose last scan comes again and again: hours of unpacking."""
    picture = Image.new("L", (8000, 7500), 128)
    plain = saved(picture, "JPEG", progressive=True)
    last = plain.rindex(b"\xff\xda")
    scan = plain[last:-2]
    return plain[:-2] + scan * ((10 << 20) // len(scan)) + b"\xff\xd9"


def damaged() -> bytes:
    return photo(2000, 2000)[:-4_000]


def animated() -> bytes:
    frames = [Image.new("RGB", (800, 800), (nth, 0, 0)) for nth in range(60)]
    return saved(frames[0], "WEBP", save_all=True, append_images=frames[1:])


def svg() -> bytes:
    return b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(1)</script></svg>'


def pdf() -> bytes:
    return saved(Image.new("RGB", (64, 64)), "PDF")


def gif() -> bytes:
    return saved(Image.new("P", (64, 64)), "GIF")


def postscript() -> bytes:
    return b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\n(/etc/passwd) (r) file\n%%EOF\n"


def workbook() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("xl/workbook.xml", "x" * 1000)
    return buffer.getvalue()


ATTACKS: dict[str, tuple[Callable[[], bytes], str]] = {
    "bomb": (bomb, "百万像素"),
    "long line": (long_line, "百万像素"),
    "packed text": (packed_text, "损坏"),
    "packed profile": (packed_profile, "损坏"),
    "many scans": (many_scans, "时间过长|损坏"),
    "damaged": (damaged, "损坏"),
    "animated": (animated, "动画"),
    "svg": (svg, "JPEG、PNG 或 WebP"),
    "pdf": (pdf, "JPEG、PNG 或 WebP"),
    "gif": (gif, "JPEG、PNG 或 WebP"),
    "postscript": (postscript, "JPEG、PNG 或 WebP"),
    "workbook": (workbook, "JPEG、PNG 或 WebP"),
    "text": (lambda: PAYLOAD, "JPEG、PNG 或 WebP"),
    "png in name only": (lambda: b"\x89PNG\r\n\x1a\n" + PAYLOAD, "损坏|JPEG、PNG 或 WebP"),
}


@pytest.mark.parametrize("name", ATTACKS)
async def test_no_picture_ends_fills_or_holds_up_the_service(site: Desk, name: str) -> None:
    build, reason = ATTACKS[name]
    content, visit = build(), await site.claimed(channel="on_site")
    async with unharmed(site.served):
        started = time.monotonic()
        refused = await upload(site, visit, content)
        assert time.monotonic() - started < MOST_SECONDS
    assert (refused.status_code, refused.json()["type"]) == (422, "urn:huifang:problem:unusable-attachment")
    assert re.search(reason, refused.json()["detail"]), refused.json()
    assert kept_files(site) == []
    await added(site, visit, photo())


def with_payload(content: bytes) -> bytes:
    return content + PAYLOAD


def as_archive() -> bytes:
    """A sound photograph that is an archive of programs too (polyglot)."""
    buffer = io.BytesIO(photo())
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr("run.html", PAYLOAD)
    return buffer.getvalue()


def in_comment() -> bytes:
    return photo(comment=PAYLOAD)


def in_huge_exif() -> bytes:
    """The most that a JPEG's place for it holds, in several places."""
    plain, part = photo(), b"Exif\0\0" + PAYLOAD * 900
    return plain[:2] + b"".join(b"\xff\xe1" + struct.pack(">H", len(part) + 2) + part for _ in range(150)) + plain[2:]


def in_text_chunk() -> bytes:
    plain = photo(form="PNG")
    return plain[:33] + chunk(b"tEXt", b"Comment\0" + PAYLOAD) + plain[33:]


@pytest.mark.parametrize(
    "build",
    [lambda: with_payload(photo()), lambda: with_payload(photo(form="WEBP")), as_archive, in_comment, in_text_chunk],
    ids=["behind a JPEG", "behind a WebP", "archive", "comment", "text of a PNG"],
)
async def test_nothing_of_what_hides_in_a_sound_picture_is_kept(site: Desk, build: Callable[[], bytes]) -> None:
    content, visit = build(), await site.claimed(channel="on_site")
    assert PAYLOAD in content or zipfile.is_zipfile(io.BytesIO(content))
    told = await added(site, visit, content)
    shown = (await look(site, visit, told["id"])).content
    assert PAYLOAD[:8] not in shown
    assert not zipfile.is_zipfile(io.BytesIO(shown))
    assert read(shown).size == (640, 480)


async def test_a_huge_exif_is_refused_or_gone(site: Desk) -> None:
    visit = await site.claimed(channel="on_site")
    answer = await upload(site, visit, in_huge_exif())
    assert answer.status_code in (201, 422), answer.text
    if answer.status_code == 201:
        assert PAYLOAD[:8] not in (await look(site, visit, answer.json()["id"])).content


async def test_a_file_above_the_limit_is_refused_while_it_arrives(site: Desk) -> None:
    visit = await site.claimed(channel="on_site")
    for size in ((12 << 20) + 1, 40 << 20):
        refused = await upload(site, visit, b"\xff\xd8\xff" + b"x" * size)
        assert (refused.status_code, refused.json()["title"]) == (413, "请求内容过大")


async def test_a_form_without_a_file_or_of_an_unknown_kind_is_told(site: Desk) -> None:
    visit = await site.claimed(channel="on_site")
    path = f"/api/v1/visits/{visit}/attachments"
    async with site.agent() as client:
        answers = [
            await client.post(path, data={"kind": "photo"}),
            await client.post(path, json={"file": "x"}),
            await client.post(path, files={"file": ("a", photo())}, data={"kind": "video"}),
            await client.post(path, files={"file": ("a", b"")}),
            await client.post(path, content=b"--x\r\n", headers={"Content-Type": "multipart/form-data; boundary=x"}),
        ]
    assert [answer.status_code for answer in answers] == [422] * 5
