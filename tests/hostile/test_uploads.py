"""Uploaded files made to kill, freeze or fill their reader: the gateway lives on, and each import says what is wrong."""

import asyncio
import io
import re
import zipfile
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
import xlsxwriter

from shared.clock import SystemClock
from tests.hostile.own_process import OwnProcess, with_own_database
from tests.hostile.unharmed import unharmed_process

CLOCK = SystemClock()

HEADER = ["工单编号", "诉求内容", "诉求性质", "事发区域", "求助号码", "办结时间", "主办单位", "工单状态", "处置结果"]
CASE = ["1", "灯不亮", "求助", "西湖区", "13700001111", "2026-03-01", "城管局", "办结", "已换"]
SHEET = "xl/worksheets/sheet1.xml"
MOST_SECONDS = 120
MOST_MIB = (
    160  # a file of 30 MiB as it comes, sealed, as it is kept and on its way to its reader: 120 MiB were measured
)


def workbook() -> dict[str, bytes]:
    """A plain workbook's parts."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEADER)
        sheet.write_row(1, 0, CASE)
    with zipfile.ZipFile(buffer) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(parts: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def with_cells(cells: str) -> bytes:
    """The plain workbook with more in its sheet."""
    parts = workbook()
    return packed(parts | {SHEET: parts[SHEET].replace(b"</sheetData>", cells.encode() + b"</sheetData>")})


def corner(name: str = SHEET) -> bytes:
    """A number in the far corner: 17 billion cells for whoever lays them out."""
    parts = workbook()
    cell = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    sheet = parts.pop(SHEET).replace(b"</sheetData>", cell)
    short = name.removeprefix("xl/").encode()
    parts = {
        part: content.replace(b"worksheets/sheet1.xml", short).replace(
            b"/xl/worksheets/sheet1.xml", b"/" + name.encode()
        )
        for part, content in parts.items()
    }
    return packed(parts | {name: sheet})


def without_references() -> bytes:
    """Cells that do not say where they are stand one after the other: three million columns."""
    return with_cells('<row r="3">' + "<c><v>1</v></c>" * 3_000_000 + "</row>")


def bracket_in_attribute() -> bytes:
    return with_cells('<row r="3" spans=">"><c x=">" r="XFD1048576"><v>1</v></c></row>')


def inflated() -> bytes:
    """Hundreds of MiB of cells in some hundred KiB: below the limit of unpacked bytes."""
    return with_cells(("<row>" + '<c t="str"><v>x</v></c>' * 200 + "</row>") * 55_000)


def bomb() -> bytes:
    return packed(workbook() | {"xl/media/a": b"0" * (513 << 20)})


def many_strings() -> bytes:
    strings = b"<si><t>" + b"x" * 100 + b"</t></si>"
    return packed(workbook() | {"xl/sharedStrings.xml": b"<sst>" + strings * 1_000_000 + b"</sst>"})


def open_tags() -> bytes:
    """What made a search for cells quadratic: cells that are begun and never ended."""
    return with_cells("<c " * 400_000)


def long_csv() -> bytes:
    return (",".join(HEADER) + "\n").encode() + b"x,y\n" * 7_000_000


def wide_csv() -> bytes:
    return (",".join(HEADER)).encode() + b"," * 30_000_000


def open_quote() -> bytes:
    return (",".join(HEADER) + '\n"').encode() + b"x" * (30 << 20)


ATTACKS = {
    "corner": (corner, "有效区域过大|内存"),
    "corner at an unusual path": (lambda: corner("xl/elsewhere/a.xml"), "有效区域过大|内存"),
    "no references": (without_references, "有效区域过大|内存|列|秒"),
    "bracket in attribute": (bracket_in_attribute, "有效区域过大|内存|损坏"),
    "inflated": (inflated, "有效区域过大|内存|秒"),
    "bomb": (bomb, "解压后过大"),
    "many strings": (many_strings, "损坏|内存|表头|缺少"),
    "open tags": (open_tags, "损坏|表头"),
    "long csv": (long_csv, "超过 100000 行"),
    "wide csv": (wide_csv, "多出列|列|没有数据"),
    "open quote": (open_quote, "引号"),
}


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return {name: build() for name, (build, _) in ATTACKS.items()}


async def upload(client: httpx.AsyncClient, content: bytes) -> str:
    answer = await client.post("/api/v1/imports", files={"file": ("a.xlsx", content)})
    assert answer.status_code == 202, answer.text
    return str(answer.headers["location"])


async def ended(client: httpx.AsyncClient, path: str) -> dict[str, Any]:
    """What became of an import; the job takes it up by itself."""
    async with asyncio.timeout(MOST_SECONDS):
        while True:
            told: dict[str, Any] = (await client.get(path)).json()
            if told["state"] in ("done", "failed"):
                return told
            await CLOCK.sleep(0.2)


@pytest_asyncio.fixture(scope="module")
async def gateway(postgres_server: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[OwnProcess]:
    """One for all attacks: it has lived through those before. A first sound file loads what a first file loads."""
    async with with_own_database("gateway", postgres_server, tmp_path_factory.mktemp("gateway")) as own:
        async with own.client("integrator") as client:
            assert (await ended(client, await upload(client, packed(workbook()))))["state"] == "done"
        yield own


@pytest.mark.parametrize("name", ATTACKS)
async def test_no_file_ends_or_fills_the_gateway(gateway: OwnProcess, files: dict[str, bytes], name: str) -> None:
    async with gateway.client("integrator") as client:
        async with unharmed_process(gateway, most_mib=MOST_MIB):
            found = await ended(client, await upload(client, files[name]))
        assert (found["state"], found["position"]) == ("failed", 0)
        assert re.search(ATTACKS[name][1], found["reason"]), found["reason"]
        fine = await ended(client, await upload(client, packed(workbook()) + name.encode()))
        assert fine["accepted"] + fine["duplicate"] == 1


async def test_large_files_leave_nothing_behind(gateway: OwnProcess) -> None:
    async with gateway.client("integrator") as client, unharmed_process(gateway, most_mib=MOST_MIB):
        for number in range(3):  # each is sealed in another thread
            found = await ended(client, await upload(client, open_quote() + str(number).encode()))
            assert found["state"] == "failed"
