"""The audit log as a file for people: CSV or Excel."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any, Literal

import orjson
import xlsxwriter

from shared.audit import Entry
from shared.audit_words import word_for
from shared.privacy import Sealer
from shared.zone import ORG_ZONE

Format = Literal["csv", "xlsx"]
MEDIA_TYPES: dict[Format, str] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
HEADER = ("时间（东八区）", "操作者", "操作", "操作代码", "对象", "细节", "编号")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}


def shown(entry: Entry, sealer: Sealer) -> tuple[str, ...]:
    """An entry as people read it: business time, words, numbers masked."""
    detail = orjson.dumps(sealer.masked_tree(entry.detail)).decode() if entry.detail else ""
    at = f"{entry.at.astimezone(ORG_ZONE):%Y-%m-%d %H:%M:%S}"
    masked = str(sealer.masked_tree(entry.object))
    return at, entry.principal, word_for(entry.action), entry.action, masked, detail, str(entry.id)


def export(format_: Format, entries: Iterable[Entry], sealer: Sealer) -> bytes:
    """Takes CPU time: run it in a thread."""
    rows = (shown(entry, sealer) for entry in entries)
    return _csv(rows) if format_ == "csv" else _workbook(rows)


def _csv(rows: Iterable[Sequence[str]]) -> bytes:
    """With a byte order mark, which Excel needs to read UTF-8; no cell begins as a formula does."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(HEADER)
    writer.writerows([f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def _workbook(rows: Iterable[Sequence[str]]) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, _OPTIONS) as book:
        sheet: Any = book.add_worksheet("审计记录")
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, len(HEADER) - 1, 22)
        for column, title in enumerate(HEADER):
            sheet.write_string(0, column, title, book.add_format({"bold": True}))
        for number, row in enumerate(rows, start=1):
            for column, cell in enumerate(row):
                sheet.write_string(number, column, cell[:32_767])
    return buffer.getvalue()
