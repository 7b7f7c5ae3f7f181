"""Tables inside of files: the sheets of a workbook, or a text file under each separator it may have.

Runs in the reading process (`sheet_reader`): it may need more memory or time than there is, and is killed then.
"""

import csv
import io
import itertools
import math
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import python_calamine

from services.gateway.adapters.date_systems import DAYS_1904, counts_from_1904
from services.gateway.domain.headers import UnusableSheet

MOST_UNPACKED = 512 << 20
MOST_CELLS = 10_000_000
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_DELIMITERS = ",\t;|"
_INEXACT = 10**15  # spreadsheets keep 15 digits
_DAMAGED = "无法读取表格文件，可能已损坏"
TOO_LARGE = "表格的有效区域过大，请删除数据区以外的内容"
Row = Sequence[Any]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of str, int, float and bool; `rows` begins anew with every call. `first_day` is what the days of its bare
    numbers lack to be counted from 1900.
    """

    name: str
    hidden: bool
    rows: Callable[[], Iterator[Row]]
    first_day: int = 0


def tables_of(content: bytes) -> Iterator[Table]:
    """A workbook's sheets in their order, or a text file's readings. Raises UnusableSheet."""
    if content.startswith((_ZIP, _OLE)):
        return _sheets(content)
    return _texts(content)


def is_workbook(content: bytes) -> bool:
    return content.startswith((_ZIP, _OLE))


def _sheets(content: bytes) -> Iterator[Table]:
    if content.startswith(_ZIP):
        _check_unpacked(content)
    try:
        book = python_calamine.load_workbook(io.BytesIO(content))
        first_day = DAYS_1904 if counts_from_1904(content) else 0
        for index, about in enumerate(book.sheets_metadata):
            if about.typ is python_calamine.SheetTypeEnum.WorkSheet:
                sheet = book.get_sheet_by_index(index)
                hidden = about.visible is not python_calamine.SheetVisibleEnum.Visible
                yield Table(about.name, hidden, lambda sheet=sheet: _sheet_rows(sheet), first_day)  # type: ignore[misc]
    except python_calamine.PasswordError as error:
        raise UnusableSheet("文件有密码保护，请去掉密码后上传") from error
    except (python_calamine.CalamineError, ValueError, OSError, IndexError) as error:
        raise UnusableSheet(_DAMAGED) from error


def _check_unpacked(content: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            unpacked = sum(item.file_size for item in archive.infolist())
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as error:
        raise UnusableSheet(_DAMAGED) from error
    if unpacked > MOST_UNPACKED:
        raise UnusableSheet("表格解压后过大")


def _sheet_rows(sheet: Any) -> Iterator[Row]:
    """From the sheet's first line on; a cell merged over several lines holds its value in each of them."""
    if sheet.total_height * sheet.total_width > MOST_CELLS:
        raise UnusableSheet(TOO_LARGE)
    ends = {(top, left): bottom for (top, left), (bottom, _) in sheet.merged_cell_ranges or () if bottom > top}
    going: dict[int, tuple[int, Any]] = {}
    starts = {top for top, _ in ends}
    for index, row in enumerate(sheet.iter_rows()):
        cells = [_cell(value) for value in row]
        for column, (bottom, value) in list(going.items()):
            if index > bottom:
                del going[column]
            else:
                cells[column] = value
        if index in starts:
            going |= {left: (ends[index, left], cells[left]) for left in range(len(cells)) if (index, left) in ends}
        yield cells


def _cell(value: Any) -> Any:
    """Dates as text, to the second: sheets keep them as parts of a day. A number too long for a sheet is a float."""
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, int | float):
        return value if abs(value) < _INEXACT else float(value) if math.isfinite(value) else str(value)
    return value if isinstance(value, str) else str(value)


def _texts(content: bytes) -> Iterator[Table]:
    encoding = _encoding(content)
    with io.TextIOWrapper(io.BytesIO(content), encoding, newline="") as text:
        head = text.read(4096).lstrip()
    _refuse_markup(head)
    separator = head.split("\n", 1)[0].rstrip("\r").removeprefix("sep=") if head.startswith("sep=") else ""
    skipped = separator in _DELIMITERS and len(separator) == 1  # Excel takes this line for none
    for delimiter in separator if skipped else _DELIMITERS:
        yield Table("", False, lambda mark=delimiter: _text_rows(content, encoding, mark, skipped))  # type: ignore[misc]


def _refuse_markup(head: str) -> None:
    """Systems give web pages, their archives and XML the name .xls; spreadsheets open them, so people can't tell."""
    start = head[:1024].lower()
    if start.startswith("mime-version:") or "<html" in start or "<table" in start:
        raise UnusableSheet("文件内容是网页而不是表格，请在 Excel 或 WPS 中打开后另存为 .xlsx 再上传")
    if start.startswith("<"):
        raise UnusableSheet("文件内容是 XML 而不是表格，请在 Excel 或 WPS 中打开后另存为 .xlsx 再上传")
    if start.startswith(("%pdf", "{\\rtf")):
        raise UnusableSheet("文件内容是文档而不是表格，请上传 .xlsx、.xls 或 .csv")


def _text_rows(content: bytes, encoding: str, delimiter: str, skipped: bool) -> Iterator[Row]:
    text = io.TextIOWrapper(io.BytesIO(content), encoding, newline="")
    try:
        yield from itertools.islice(csv.reader(text, delimiter=delimiter), int(skipped), None)
    except csv.Error as error:
        raise UnusableSheet("CSV 格式有误，可能缺少引号") from error


def _encoding(content: bytes) -> str:
    """UTF-8 with or without a mark, UTF-16 with one, else GB18030 (of which GBK and GB2312 are parts)."""
    marked = next((encoding for mark, encoding in _MARKS.items() if content.startswith(mark)), None)
    for encoding in (marked,) if marked else ("utf-8", "gb18030"):
        if _is_in(content, encoding):
            return encoding
    raise UnusableSheet("无法识别文件编码，请存为 UTF-8 或 GBK 的 CSV，或 .xlsx")


def _is_in(content: bytes, encoding: str) -> bool:
    text = io.TextIOWrapper(io.BytesIO(content), encoding)
    try:
        while text.read(1 << 20):
            pass
    except UnicodeError:
        return False
    return True
