"""Rows to a file and back: PostgreSQL's COPY text, compressed, with a checksum of what lies on disk."""

import asyncio
import hashlib
import os
import zlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import asyncpg

from deploy.backup.manifest import BackupUnusable, TableCopy

GZIP = 31  # zlib's window bits of a gzip stream
QUICK = 1
PORTION = 1 << 20

Moved = Callable[[int], None]
"""Hears of bytes of rows, uncompressed, as they are moved."""


class _File:
    """Compresses in a thread, so that the databases' connections are served meanwhile."""

    def __init__(self, path: Path, moved: Moved) -> None:
        self._file = os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb")
        self._zip = zlib.compressobj(QUICK, wbits=GZIP)
        self._waiting = bytearray()
        self._moved = moved
        self.digest = hashlib.sha256()
        self.bytes = 0

    async def take(self, data: bytes) -> None:
        self._waiting += data
        if len(self._waiting) >= PORTION:
            portion, self._waiting = bytes(self._waiting), bytearray()
            await asyncio.to_thread(self._write, self._zip.compress, portion)
            self._moved(len(portion))

    async def close(self) -> None:
        portion = bytes(self._waiting)
        await asyncio.to_thread(self._write, lambda last: self._zip.compress(last) + self._zip.flush(), portion)
        self._moved(len(portion))
        self._file.flush()
        await asyncio.to_thread(os.fsync, self._file.fileno())
        self._file.close()

    def _write(self, pack: Callable[[bytes], bytes], data: bytes) -> None:
        packed = pack(data)
        self.digest.update(packed)
        self.bytes += self._file.write(packed)


async def copy_out(
    reader: asyncpg.Connection, table: str, columns: tuple[str, ...], folder: Path, moved: Moved
) -> TableCopy:
    """All rows the reader sees, to `<table>.copy.gz` in `folder`."""
    path = folder / f"{table}.copy.gz"
    file = _File(path, moved)
    names = ", ".join(f'"{column}"' for column in columns)
    status = await reader.copy_from_query(f'SELECT {names} FROM "{table}"', output=file.take)  # noqa: S608 - its catalogue
    await file.close()
    rows = int(status.split()[-1])
    return TableCopy(
        file=f"{folder.name}/{path.name}",
        columns=columns,
        rows=rows,
        bytes=file.bytes,
        sha256=file.digest.hexdigest(),
    )


async def copy_in(connection: asyncpg.Connection, table: str, copy: TableCopy, folder: Path, moved: Moved) -> None:
    """Put the rows back. Raises BackupUnusable when their number is another one."""
    source = _rows(folder / copy.file, moved)
    status = await connection.copy_to_table(table, source=source, columns=list(copy.columns))
    if (rows := int(status.split()[-1])) != copy.rows:
        raise BackupUnusable(f"{copy.file} 有 {rows} 行，应为 {copy.rows} 行")


async def _rows(path: Path, moved: Moved) -> AsyncIterator[bytes]:
    unzip = zlib.decompressobj(wbits=GZIP)
    with path.open("rb") as file:
        while packed := await asyncio.to_thread(file.read, PORTION):
            data = await asyncio.to_thread(unzip.decompress, packed)
            moved(len(data))
            if data:
                yield data


def require_whole(path: Path, copy: TableCopy) -> None:
    """Raises BackupUnusable for a file that is missing or not as it was written."""
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise BackupUnusable(f"备份不完整：{copy.file} 无法读取（{error.strerror}）") from error
    if found != copy.sha256:
        raise BackupUnusable(f"备份已损坏：{copy.file} 的校验和不符")
