"""Sheets of 12345 cases: where the header is, what a row says, and what its result row shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from services.gateway.domain.hotline_fields import NAMES, REQUIRED_COLUMNS, path_of

MOST_ROWS = 100_000
_HEADER_WITHIN = 10
_RECOGNISED_AT_LEAST = 3


class UnusableSheet(ValueError):
    """The file as a whole can't be read as cases; says why, in Chinese."""


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
class Sheet:
    """Header names by position, and the rows below; `first` is the sheet row number of the first of them."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    first: int

    def fields(self, index: int) -> dict[str, Any]:
        """One row as header → cell; a header seen twice keeps its first non-empty cell."""
        found: dict[str, Any] = {}
        for name, cell in zip(self.columns, self.rows[index], strict=False):
            if name and cell not in (None, "") and name not in found:
                found[name] = cell
        return found


def recognise(cells: Sequence[Sequence[Any]]) -> Sheet:
    """Find the header row. Raises UnusableSheet when there is none, when columns are missing, or when there is too much."""
    for index, row in enumerate(cells[:_HEADER_WITHIN]):
        columns = [str(cell).strip() if cell is not None else "" for cell in row]
        paths = {path for name in columns if name and (path := path_of(name))}
        if len(paths) >= _RECOGNISED_AT_LEAST:
            _require_columns(paths)
            rows = _without_trailing_blanks(cells[index + 1 :])
            if len(rows) > MOST_ROWS:
                raise UnusableSheet(f"超过 {MOST_ROWS} 行，请拆分后上传")
            return Sheet(columns, rows, index + 2)
    raise UnusableSheet(f"前 {_HEADER_WITHIN} 行中没有找到表头，请使用模板中的列名")


def _require_columns(paths: set[str]) -> None:
    missing = [
        NAMES[path][0] for path in REQUIRED_COLUMNS if path not in paths and path.replace("name", "code") not in paths
    ]
    if missing:
        raise UnusableSheet(f"缺少列：{'、'.join(missing)}")


def _without_trailing_blanks(rows: Sequence[Sequence[Any]]) -> Sequence[Sequence[Any]]:
    last = len(rows)
    while last and all(cell in (None, "") for cell in rows[last - 1]):
        last -= 1
    return rows[:last]


def safe_cell(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return "'" + text if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
