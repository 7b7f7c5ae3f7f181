"""Photographs and signatures of visits on site: taken in, drawn anew, kept sealed beside the database, shown to few."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from PIL import Image
from sqlalchemy import text

from services.visits.adapters.files import Files
from services.visits.domain.errors import FilesUnavailable
from shared.clock import ManualClock
from shared.ids import new_id
from tests.visits.conftest import Desk, open_desk
from tests.visits.pictures import photo, read, saved, signature


@pytest.fixture
async def site(service_dsn: Callable[[str], Awaitable[str]], clock: ManualClock, tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_desk(await service_dsn("visits"), clock, files=str(tmp_path / "files")) as desk:
        yield desk


async def upload(desk: Desk, visit: UUID, content: bytes, kind: str = "photo", agent: str = "1001") -> httpx.Response:
    async with desk.agent(agent) as client:
        path = f"/api/v1/visits/{visit}/attachments"
        return await client.post(path, files={"file": ("a.bin", content)}, data={"kind": kind})


async def added(desk: Desk, visit: UUID, content: bytes, kind: str = "photo", agent: str = "1001") -> dict[str, Any]:
    answer = await upload(desk, visit, content, kind, agent)
    assert answer.status_code == 201, answer.text
    return answer.json()  # type: ignore[no-any-return]


async def listed(desk: Desk, visit: UUID) -> list[dict[str, Any]]:
    async with desk.served.client("supervisor") as client:
        answer = await client.get(f"/api/v1/visits/{visit}/attachments")
    return answer.json()["items"]  # type: ignore[no-any-return]


def kept_files(desk: Desk) -> list[Path]:
    return [path for path in Path(desk.served.runtime.settings.files).rglob("*") if path.is_file()]  # type: ignore[attr-defined]


async def look(desk: Desk, visit: UUID, attachment: str, **person: Any) -> httpx.Response:
    async with desk.agent(**person) as client:
        return await client.get(f"/api/v1/visits/{visit}/attachments/{attachment}")


async def test_a_photograph_is_drawn_anew_upright_smaller_and_without_its_place(site: Desk) -> None:
    visit = await site.claimed(channel="on_site")
    exif = Image.Exif()
    exif[0x0112] = 6  # held upright: turned by 90 degrees
    exif[0x010F] = "MAKER-OF-CAMERA"
    exif.get_ifd(0x8825).update({1: "N", 2: (30.0, 15.0, 0.0), 3: "E", 4: (120.0, 9.0, 0.0)})
    sent = photo(3000, 1500, exif=exif, comment=b"COMMENT-OF-SENDER")
    told = await added(site, visit, sent)
    assert (told["width"], told["height"], told["media_type"]) == (1024, 2048, "image/jpeg")
    answer = await look(site, visit, told["id"])
    shown = read(answer.content)
    assert (shown.format, shown.size, dict(shown.getexif())) == ("JPEG", (1024, 2048), {})
    assert shown.getpixel((1000, 20)) < (40, 40, 40) < shown.getpixel((20, 2000))  # the dark corner went right
    assert b"MAKER-OF-CAMERA" in sent
    assert b"COMMENT-OF-SENDER" in sent
    assert b"OF-" not in answer.content
    assert len(answer.content) == told["size"]


async def test_a_signature_is_a_drawing_on_white(site: Desk) -> None:
    visit = await site.claimed(channel="on_site")
    told = await added(site, visit, signature(), "signature")
    shown = read((await look(site, visit, told["id"])).content)
    assert (shown.format, shown.mode, shown.size) == ("PNG", "L", (600, 200))
    assert (shown.getpixel((0, 0)), shown.getextrema()[0] < 80) == (255, True)  # type: ignore[index, operator]


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
async def test_the_formats_of_phones_are_taken(site: Desk, form: str) -> None:
    visit = await site.claimed(channel="on_site")
    assert (await added(site, visit, photo(form=form)))["media_type"] == "image/jpeg"


async def test_the_same_file_again_is_the_one_there_was(site: Desk) -> None:
    visit = await site.claimed(channel="on_site")
    content = photo()
    first = await added(site, visit, content)
    at_once = await asyncio.gather(*(added(site, visit, content) for _ in range(3)))
    assert [one["id"] for one in at_once] == [first["id"]] * 3
    assert (len(await listed(site, visit)), len(kept_files(site))) == (1, 1)


async def test_what_lies_on_the_disk_is_sealed(site: Desk) -> None:
    visit = await site.claimed(channel="on_site")
    told = await added(site, visit, photo())
    [kept] = kept_files(site)
    shown = (await look(site, visit, told["id"])).content
    assert shown[:3] == b"\xff\xd8\xff"
    assert b"JFIF" not in kept.read_bytes()
    assert kept.parent.parent.parent.stat().st_mode & 0o077 == 0


async def test_a_picture_is_never_run_framed_guessed_at_or_kept_by_a_browser(site: Desk) -> None:
    visit = await site.claimed(channel="on_site")
    told = await added(site, visit, photo())
    headers = (await look(site, visit, told["id"])).headers
    assert headers["Content-Disposition"].startswith("attachment; filename*=UTF-8''%E7%85%A7%E7%89%87-")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert headers["Cache-Control"] == "no-store"


async def test_only_who_took_it_and_who_oversees_look_at_it_and_every_look_is_audited(site: Desk) -> None:
    visit = await site.claimed(channel="on_site")
    told = await added(site, visit, photo())
    answers = {
        "own": await look(site, visit, told["id"]),
        "another": await look(site, visit, told["id"], name="1002"),
        "supervisor": await look(site, visit, told["id"], name="2001", role="supervisor"),
        "elsewhere": await look(site, visit, told["id"], name="2002", role="supervisor", units=("B9",)),
        "unknown": await look(site, visit, str(new_id())),
    }
    assert {name: answer.status_code for name, answer in answers.items()} == {
        "own": 200, "another": 403, "supervisor": 200, "elsewhere": 404, "unknown": 404,
    }  # fmt: skip
    async with site.served.runtime.db.read() as session:
        query = text("SELECT principal, detail ->> 'attachment' FROM audit_log WHERE action = 'attachment.opened'")
        looks = [tuple(row) for row in await session.execute(query)]
    assert sorted(looks) == [("1001", told["id"]), ("2001", told["id"])]


async def test_pictures_belong_to_the_attempt_they_were_handed_in_with(site: Desk) -> None:
    visit = await site.claimed(channel="on_site")
    told = [await added(site, visit, photo()), await added(site, visit, signature(), "signature")]
    attempt = (await site.attempt(visit, result="no_answer")).json()
    assert [(one["id"], one["attempt_id"]) for one in await listed(site, visit)] == [
        (one["id"], attempt["attempt_id"]) for one in told
    ]
    site.clock.advance(timedelta(days=400))
    assert await site.served.run_job("forget-left-over") == 0


async def test_who_does_not_hold_the_visit_brings_nothing_and_is_told_before_sending(site: Desk) -> None:
    visit = await site.claimed(channel="on_site")
    refused = await upload(site, visit, b"x" * (1 << 20), agent="1002")
    assert (refused.status_code, refused.json()["title"]) == (409, "该单已被他人领取")
    by_phone = await site.claimed("T2", customer="C2")
    told = (await upload(site, by_phone, photo())).json()
    assert told["type"].endswith(":not-on-site")


async def test_a_picture_not_handed_in_can_be_dropped_and_goes_with_its_file(site: Desk) -> None:
    visit = await site.claimed(channel="on_site")
    told, stays = await added(site, visit, photo()), await added(site, visit, photo(form="PNG"))
    path = f"/api/v1/visits/{visit}/attachments/{told['id']}"
    async with site.agent("1001") as client:
        assert (await client.delete(path)).status_code == 204
        assert (await client.delete(path)).status_code == 404
    assert [one["id"] for one in await listed(site, visit)] == [stays["id"]]
    assert await site.served.run_job("forget-left-over") == 1
    assert [path.name for path in kept_files(site)] == [stays["id"]]
    await site.attempt(visit, result="no_answer")
    visit = await site.claimed("T2", customer="C2", channel="on_site")
    kept = await added(site, visit, photo())
    await site.attempt(visit, result="callback_agreed", callback_at="2026-03-03T10:00:00+08:00")
    async with site.agent("1001") as client:
        assert (await client.delete(f"/api/v1/visits/{visit}/attachments/{kept['id']}")).status_code == 409


async def test_a_dropped_picture_sent_again_is_there_again(site: Desk) -> None:
    visit = await site.claimed(channel="on_site")
    told = await added(site, visit, photo())
    async with site.agent("1001") as client:
        await client.delete(f"/api/v1/visits/{visit}/attachments/{told['id']}")
    again = await added(site, visit, photo())
    assert again["id"] == told["id"]
    assert await site.served.run_job("forget-left-over") == 0
    assert (await look(site, visit, again["id"])).status_code == 200


async def test_what_nobody_handed_in_is_forgotten_in_the_end(site: Desk) -> None:
    visit = await site.claimed(channel="on_site")
    await added(site, visit, photo())
    site.clock.advance(timedelta(days=13))
    assert await site.served.run_job("forget-left-over") == 0
    site.clock.advance(timedelta(days=2))
    assert await site.served.run_job("forget-left-over") == 1
    assert kept_files(site) == []


async def test_a_disk_that_fails_is_told_and_sending_again_succeeds(
    site: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit = await site.claimed(channel="on_site")

    async def fail(*_: Any) -> None:
        raise FilesUnavailable

    with monkeypatch.context() as broken:
        broken.setattr(Files, "keep", fail)
        refused = await upload(site, visit, photo())
    assert (refused.status_code, refused.json()["title"]) == (503, "照片暂时无法保存或读取，请稍后重试")
    assert await listed(site, visit) == []
    await added(site, visit, photo())
    assert len(await listed(site, visit)) == 1


async def test_there_is_an_end_to_photographs(site: Desk) -> None:
    visit = await site.claimed(channel="on_site")
    for nth in range(20):
        await added(site, visit, photo(64, 48, "PNG", (nth, 9, 9)))
    refused = await upload(site, visit, photo(64, 48, "PNG", (99, 9, 9)))
    assert (refused.status_code, refused.json()["title"]) == (409, "照片已达上限")
    await added(site, visit, signature(), "signature")


async def test_a_blank_signature_is_none(site: Desk) -> None:
    visit = await site.claimed(channel="on_site")
    refused = await upload(site, visit, saved(Image.new("RGBA", (300, 100)), "PNG"), "signature")
    assert (refused.status_code, refused.json()["detail"]) == (422, "签名是空白的，请客户签名后再提交")
