"""Sheets of 12345 cases: what a row says, and what its result row shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

MOST_ROWS = 100_000
LONGEST_ROW = 65_536
MOST_DAYS = 100_000  # of a date in a sheet: beyond are other numbers
_MAY_BE_A_NUMBER = 7


class RowStatus(StrEnum):
    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    REJECTED = "rejected"
    IGNORED = "ignored"


ROW_TITLES = {
    RowStatus.ACCEPTED: "已接收",
    RowStatus.DUPLICATE: "重复",
    RowStatus.REJECTED: "拒绝",
    RowStatus.IGNORED: "忽略",
}


@dataclass(frozen=True, slots=True)
class RowResult:
    """What became of one row; `number` is the row's number in the sheet, counted from 1 with the header."""

    number: int
    status: RowStatus
    column: str = ""
    reason: str = ""
    case_no: str = ""
    event_id: str = ""


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One row that is not blank: its number in the sheet, its cells by header, and why it can't be taken ("" if it can)."""

    number: int
    fields: Mapping[str, Any]
    fault: str = ""


def is_blank(cells: Sequence[Any]) -> bool:
    return not any(_is_filled(cell) for cell in cells)


def _is_filled(cell: Any) -> bool:
    return bool(cell.strip()) if isinstance(cell, str) else cell is not None


def read_row(number: int, columns: Sequence[str], cells: Sequence[Any]) -> SheetRow:
    """One row as header → cell; a header seen twice keeps its first filled cell. Nothing a row holds is lost unseen: a
    number in a column without a name, or cells beyond the header, make it a row that can't be taken.
    """
    if sum(len(cell) for cell in cells if isinstance(cell, str)) > LONGEST_ROW:
        return SheetRow(number, {}, f"该行超过 {LONGEST_ROW} 字，无法导入")
    if not is_blank(cells[len(columns) :]):
        return SheetRow(number, {}, "该行比表头多出列，可能是内容中的分隔符没有加引号")
    found: dict[str, Any] = {}
    for index, (name, cell) in enumerate(zip(columns, cells, strict=False)):
        if not _is_filled(cell):
            continue
        if not name and _may_be_a_number(cell):
            return SheetRow(number, {}, f"{column_letters(index)} 列有号码但没有列名，请补上列名")
        if name and name not in found:
            found[name] = cell
    return SheetRow(number, found)


def later(cells: Sequence[Any], columns: Sequence[int], days: int) -> list[Any]:
    """The bare days in these columns so many days later; what is no day of a sheet stays, such as milliseconds."""
    moved = list(cells)
    for column in columns:
        if column < len(moved) and _is_day(moved[column]):
            moved[column] += days
    return moved


def _is_day(cell: Any) -> bool:
    return isinstance(cell, int | float) and not isinstance(cell, bool) and 0 <= cell < MOST_DAYS


def _may_be_a_number(cell: Any) -> bool:
    return sum(letter.isdecimal() for letter in str(cell)) >= _MAY_BE_A_NUMBER


def column_letters(index: int) -> str:
    """A column's name as spreadsheets show it: 0 is A, 26 is AA."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def safe_cell(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return "'" + text if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
