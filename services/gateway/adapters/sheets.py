"""Reading an uploaded file row by row, in a process of its own that may die of it (see `sheet_reader`)."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson

from services.gateway.adapters.sheet_reader import TOO_MUCH_MEMORY
from services.gateway.domain.headers import Layout, UnusableSheet
from services.gateway.domain.sheets import SheetRow

MEMORY = 1 << 30
CPU_SECONDS = 40
SECONDS = 30.0  # longest wait for the process' next line: shorter than the lease
_ROOT = str(Path(__file__).parents[3])
_LONGEST_LINE = 4 << 20
_PIECE = 256 << 10
_TOO_SLOW = f"读取文件超过 {SECONDS:g} 秒，请删除数据区以外的内容，或拆分后上传"


class ReaderLost(Exception):
    """The reading process was ended from outside: the file is not to blame, as far as we know."""


class OpenSheet:
    """A file whose header was found: `total` rows, `columns` by position. Rows are read once, in order."""

    def __init__(self, process: asyncio.subprocess.Process, about: dict[str, Any]) -> None:
        self._process, self._ended = process, False
        self.total: int = about["total"]
        self.columns: Sequence[str] = about["columns"]

    async def rows(self, count: int) -> list[SheetRow]:
        """The next rows, fewer at the end. Raises UnusableSheet or ReaderLost."""
        rows: list[SheetRow] = []
        while len(rows) < count and not self._ended:
            line = await _line(self._process)
            self._ended = not isinstance(line, list)
            rows += [] if self._ended else [SheetRow(*line)]
        return rows

    async def skip(self, count: int) -> int:
        """Leave out the rows already done; returns how many that were."""
        left = count
        while left and (rows := await self.rows(min(left, 500))):
            left -= len(rows)
        return count - left


@asynccontextmanager
async def open_sheet(content: bytes, layout: Layout) -> AsyncIterator[OpenSheet]:
    """Read a file's rows. Raises UnusableSheet, here or while rows are read. The process is gone afterwards."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.gateway.adapters.sheet_reader",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        limit=_LONGEST_LINE, env={"PYTHONPATH": _ROOT, "PYTHONSAFEPATH": "1"},
    )  # fmt: skip
    feeding = asyncio.create_task(_feed(process, content, layout))
    try:
        yield OpenSheet(process, await _line(process))
    finally:
        feeding.cancel()
        with suppress(ProcessLookupError):
            process.kill()
        await asyncio.gather(feeding, process.wait(), return_exceptions=True)


async def _feed(process: asyncio.subprocess.Process, content: bytes, layout: Layout) -> None:
    request = {"layout": asdict(layout), "memory": MEMORY, "cpu": CPU_SECONDS}
    assert process.stdin is not None
    with suppress(ConnectionError):
        process.stdin.write(orjson.dumps(request) + b"\n")
        for start in range(0, len(content), _PIECE):  # what is written at once is copied while it waits
            process.stdin.write(content[start : start + _PIECE])
            await process.stdin.drain()
    process.stdin.close()


async def _line(process: asyncio.subprocess.Process) -> Any:
    """The next line of the answer. Raises UnusableSheet with what the process says, or what it died of."""
    assert process.stdout is not None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), SECONDS)
    except TimeoutError as error:
        raise UnusableSheet(_TOO_SLOW) from error
    if not line.endswith(b"\n"):
        raise _death(await process.wait())
    answer = orjson.loads(line)
    if isinstance(answer, dict) and "unusable" in answer:
        raise UnusableSheet(answer["unusable"])
    return answer


def _death(code: int) -> Exception:
    if code == -signal.SIGXCPU:
        return UnusableSheet(_TOO_SLOW)
    if code in (-signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT, -signal.SIGHUP):
        return ReaderLost(f"signal {-code}")
    return UnusableSheet(TOO_MUCH_MEMORY if code == -signal.SIGABRT else "读取文件时出错，文件可能已损坏")
