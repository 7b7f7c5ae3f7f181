"""Whether a workbook counts its days from 1904, as those made on old Macs do, instead of from 1900.

The workbook reader heeds it for cells formatted as dates. A cell formatted as a number shows its bare day, which means another
date then, four years later. Unreadable workbooks count from 1900: the reader refuses them itself.
"""

import io
import struct
import zipfile
import zlib
from typing import IO
from xml.etree import ElementTree

DAYS_1904 = 1462  # from the first day of the one system to that of the other
_OLE = b"\xd0\xcf\x11\xe0"
_GLOBALS = b"\x09\x08\x10\x00\x00\x06\x05\x00"  # of an .xls: how its records begin (MS-XLS 2.4.21)
_DATE_MODE, _END = 0x22, 0x0A  # MS-XLS 2.4.77, 2.4.103
_BOOK_PROPERTIES = 153  # of an .xlsb: BrtWbProp (MS-XLSB 2.4.822)
_UNREADABLE = (
    *(zipfile.BadZipFile, zlib.error, ElementTree.ParseError, struct.error),
    *(LookupError, ValueError, RuntimeError, OSError, EOFError, StopIteration),
)


def counts_from_1904(content: bytes) -> bool:
    """Of the bytes of an .xlsx, .xlsb or .xls."""
    try:
        return _old(content) if content.startswith(_OLE) else _packed(content)
    except _UNREADABLE:
        return False


def _packed(content: bytes) -> bool:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        relations = ElementTree.fromstring(archive.read("_rels/.rels"))  # noqa: S314 - in the limited process
        target = next(one.get("Target", "") for one in relations if one.get("Type", "").endswith("/officeDocument"))
        with archive.open(target.lstrip("/")) as book:
            return _binary(book.read(1 << 20)) if target.endswith(".bin") else _marked_up(book)


def _marked_up(book: IO[bytes]) -> bool:
    for _, element in ElementTree.iterparse(book, ("start",)):  # noqa: S314 - in the limited process
        if element.tag.rpartition("}")[2] == "workbookPr":
            return element.get("date1904", "0") in ("1", "true", "on")
    return False


def _binary(records: bytes) -> bool:
    at = 0
    while at < len(records):
        kind, at = _variable(records, at)
        length, at = _variable(records, at)
        if kind == _BOOK_PROPERTIES:
            return bool(records[at] & 1)
        at += length
    return False


def _variable(records: bytes, at: int) -> tuple[int, int]:
    """A number of seven bits a byte, and where the next one stands."""
    value = shift = 0
    while True:
        value |= (records[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if not records[at - 1] & 0x80:
            return value, at


def _old(content: bytes) -> bool:
    at = content.find(_GLOBALS)
    while at >= 0:
        kind, length = struct.unpack_from("<HH", content, at)
        if kind == _DATE_MODE:
            return content[at + 4] == 1
        if kind == _END:
            return False
        at += 4 + length
    return False
