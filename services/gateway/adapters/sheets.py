"""Reading uploaded sheets: .xlsx and .xls by their content, everything else as CSV in whatever encoding it has."""

import csv
import io
import re
import zipfile
from datetime import date, datetime
from typing import Any

import python_calamine

from services.gateway.domain.sheets import Sheet, UnusableSheet, recognise

MOST_UNPACKED = 512 << 20
MOST_CELLS = 10_000_000
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_CELL = re.compile(rb"<(?:\w+:)?c\b[^>]*?\br=[\"']([A-Z]{1,3})(\d{1,7})[\"'][^>/]*>")


def read_sheet(content: bytes) -> Sheet:
    """The first sheet with its header found. Takes CPU time: run it in a thread. Raises UnusableSheet."""
    if content.startswith(_ZIP):
        _check_size(content)
    cells = _workbook_cells(content) if content.startswith((_ZIP, _OLE)) else _csv_cells(content)
    return recognise(cells)


def _workbook_cells(content: bytes) -> list[list[Any]]:
    try:
        sheet = python_calamine.load_workbook(io.BytesIO(content)).get_sheet_by_index(0)
        return [[_cell(value) for value in row] for row in sheet.to_python(skip_empty_area=False)]
    except python_calamine.PasswordError as error:
        raise UnusableSheet("文件有密码保护，请去掉密码后上传") from error
    except (python_calamine.CalamineError, ValueError, OSError, IndexError) as error:
        raise UnusableSheet("无法读取表格文件，可能已损坏") from error


def _cell(value: Any) -> Any:
    return value if isinstance(value, str | int | float | datetime | date) else str(value)


def _check_size(content: bytes) -> None:
    """Refuse packed files that would fill the memory: too large unpacked, or with cells far apart."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(item.file_size for item in archive.infolist()) > MOST_UNPACKED:
                raise UnusableSheet("表格解压后过大")
            for name in archive.namelist():
                if name.startswith("xl/worksheets/") and name.endswith(".xml"):
                    _check_extent(archive.read(name))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise UnusableSheet("无法读取表格文件，可能已损坏") from error


def _check_extent(sheet: bytes) -> None:
    columns, rows = b"A", 1
    for column, row in _CELL.findall(sheet):
        columns = max(columns, column, key=lambda letters: (len(letters), letters))
        rows = max(rows, int(row))
    if rows * _column_number(columns) > MOST_CELLS:
        raise UnusableSheet("表格的有效区域过大，请删除数据区以外的内容")


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _csv_cells(content: bytes) -> list[list[Any]]:
    text = _decode(content)
    if "\0" in text:
        raise UnusableSheet("不是表格文件，或文件中含有空字符")
    head = text[:4096].partition("\n")[0]
    delimiter = max(",\t;", key=head.count)
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise UnusableSheet("CSV 格式有误，可能缺少引号") from error


def _decode(content: bytes) -> str:
    """UTF-8 with or without a mark, UTF-16 with one, else GB18030 (of which GBK and GB2312 are parts)."""
    marked = next((encoding for mark, encoding in _MARKS.items() if content.startswith(mark)), None)
    for encoding in (marked,) if marked else ("utf-8", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UnusableSheet("无法识别文件编码，请存为 UTF-8 或 GBK 的 CSV，或 .xlsx")
