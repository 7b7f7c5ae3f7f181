"""Where files lie: a folder or, by a setting, a bucket."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from fastapi import FastAPI, Request, Response

from services.visits.adapters.files import Files
from services.visits.domain.errors import AttachmentNotFound, FilesUnavailable
from shared.privacy import Sealer
from shared.testing.served import DATA_KEY
from tests.hostile.wire import listening

SEALER = Sealer.from_text(DATA_KEY)
NAME = "visits/v/a"


@asynccontextmanager
async def bucket(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[dict[str, bytes]]:
    """A server that speaks as much of S3 as it takes; gives what lies in it, by path."""
    app, kept = FastAPI(), dict[str, bytes]()

    @app.api_route("/{path:path}", methods=["PUT", "GET", "POST"])
    async def serve(path: str, request: Request) -> Response:
        if not request.headers.get("authorization", "").startswith("AWS4-HMAC-SHA256 Credential=KEY/"):
            return Response(status_code=403)
        if request.method == "POST":  # several at once, named in XML
            names = re.findall("<Key>(.*?)</Key>", (await request.body()).decode())
            for name in names:
                kept.pop(f"pictures/{name}", None)
            gone = "".join(f"<Deleted><Key>{name}</Key></Deleted>" for name in names)
            return Response(f"<DeleteResult>{gone}</DeleteResult>", media_type="text/xml")
        if request.method == "PUT":
            kept[path] = await request.body()
        elif path not in kept:
            return Response(status_code=404)
        headers = {"ETag": '"1"', "Last-Modified": "Mon, 02 Mar 2026 02:00:00 GMT"}
        return Response(kept[path], headers=headers)

    async with listening(app) as port:
        for name, value in {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}", "AWS_REGION": "cn-north-1",
            "AWS_ACCESS_KEY_ID": "KEY", "AWS_SECRET_ACCESS_KEY": "SECRET",
        }.items():  # fmt: skip
            monkeypatch.setenv(name, value)
        yield kept


async def test_a_bucket_keeps_them_sealed_below_its_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    async with bucket(monkeypatch) as kept:
        files = Files("s3://pictures/huifang", SEALER)
        await files.keep(NAME, b"a picture")
        [(path, content)] = kept.items()
        assert path.endswith(f"huifang/{NAME}")
        assert b"picture" not in content
        assert await files.read(NAME) == b"a picture"
        await files.forget(NAME)
        await files.forget(NAME)
        assert kept == {}
        with pytest.raises(AttachmentNotFound):
            await files.read(NAME)


async def test_a_bucket_that_refuses_is_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    async with bucket(monkeypatch):
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "ANOTHER")
        with pytest.raises(FilesUnavailable):
            await Files("s3://pictures", SEALER).keep(NAME, b"a picture")


async def test_a_folder_that_cannot_be_written_is_told_as_such(tmp_path: Path) -> None:
    (tmp_path / "files").write_text("no folder")
    with pytest.raises(FilesUnavailable):
        await Files(str(tmp_path / "files"), SEALER).keep(NAME, b"a picture")


async def test_a_file_that_this_deployment_did_not_seal_is_not_shown(tmp_path: Path) -> None:
    files = Files(str(tmp_path), SEALER)
    await files.keep(NAME, b"a picture")
    (tmp_path / NAME).write_bytes(b"x" * 100)
    with pytest.raises(FilesUnavailable):
        await files.read(NAME)


async def test_many_at_once_are_all_there(tmp_path: Path) -> None:
    files = Files(str(tmp_path / "new"), SEALER)
    await asyncio.gather(*(files.keep(f"visits/{nth}/a", str(nth).encode()) for nth in range(30)))
    assert [await files.read(f"visits/{nth}/a") for nth in range(30)] == [str(nth).encode() for nth in range(30)]
