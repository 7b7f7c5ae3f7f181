"""Where the header of a sheet is: one line or two, below title lines, under the names the source's settings know."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import re2

HEADER_WITHIN = 10
_RECOGNISED_AT_LEAST = 3
_LONGEST_NAME = 200
_MOST_COLUMNS = 500
_WIDEST = 16_384  # what a spreadsheet can show
_NOISE = re2.compile(r"[\s\p{Z}*＊：:_\-]|[（(][^）)]*[）)]")
# a column below one of these belongs to the office that handles a case, never to the person who reported it
_OFFICE = ("单位", "部门", "承办", "主办", "协办", "经办")
_PERSON = "appellant."


class UnusableSheet(ValueError):
    """The file as a whole can't be read as cases; says why, in Chinese."""


def plain(name: str) -> str:
    """A column or field name without what differs from sheet to sheet: spaces, marks, remarks in brackets, case.

    What is too long for a name is "".
    """
    return "" if len(name) > _LONGEST_NAME else _NOISE.sub("", name).lower()


@dataclass(frozen=True, slots=True)
class Layout:
    """How a source names its columns: `paths` canonical by plain name, `names` the sender's own by plain name,
    `required`: a title for people, and the paths of which one must be there; and the paths that hold `times`.
    """

    paths: Mapping[str, str]
    names: Mapping[str, str]
    required: Sequence[tuple[str, Sequence[str]]]
    times: Sequence[str] = ()

    def path(self, name: str) -> str | None:
        return self.paths.get(plain(name))

    def missing(self, paths: set[str]) -> list[str]:
        """Titles of the required columns that are not there."""
        return [title for title, alternatives in self.required if paths.isdisjoint(alternatives)]


@dataclass(frozen=True, slots=True)
class Header:
    """Names by position ("" for none), the canonical paths they stand for, and how many lines of the sheet end with it."""

    columns: Sequence[str]
    paths: frozenset[str]
    lines: int


def find_header(head: Sequence[Sequence[Any]], layout: Layout) -> Header | None:
    """The line, or the two lines, among the first ones that name most columns; one line rather than two, early rather
    than late. Raises UnusableSheet when lines are too long to be read.
    """
    lines = [[_text(cell) for cell in row[:_WIDEST]] for row in head[: HEADER_WITHIN + 1]]
    if any(sum(map(bool, line)) > _MOST_COLUMNS for line in lines):
        raise UnusableSheet(f"超过 {_MOST_COLUMNS} 列，请只保留工单的列")
    found = [header for header in _candidates(lines, layout) if len(header.paths) >= _RECOGNISED_AT_LEAST]
    return max(found, key=lambda header: len(header.paths), default=None)


def _candidates(lines: Sequence[Sequence[str]], layout: Layout) -> Iterator[Header]:
    for index, line in enumerate(lines[:HEADER_WITHIN]):
        yield _header(line, index + 1, layout)
    for index, (upper, lower) in enumerate(pairwise(lines)):
        if (header := _two_lines(upper, lower, index + 2, layout)) is not None:
            yield header


def _text(cell: Any) -> str:
    return "" if cell is None else str(cell).strip()


def _header(names: Sequence[str], lines: int, layout: Layout) -> Header:
    columns = [layout.names.get(plain(name), name[:_LONGEST_NAME]) if name else "" for name in names]
    return Header(columns, frozenset(path for name in names if (path := layout.path(name))), lines)


def _two_lines(upper: Sequence[str], lower: Sequence[str], lines: int, layout: Layout) -> Header | None:
    """Both lines as one header; None when the lower one is no header line but a first row."""
    if any(len(cell) > 20 or cell.isdecimal() for cell in lower):
        return None
    if any(layout.path(above) == "case_no" != layout.path(below) for above, below in _columns(upper, lower) if below):
        return None
    header = _header(list(_joined(upper, lower, layout)), lines, layout)
    single = _header(upper, lines, layout).paths
    return header if header.paths > single else None


def _columns(upper: Sequence[str], lower: Sequence[str]) -> Iterator[tuple[str, str]]:
    width = max(len(upper), len(lower))
    yield from zip([*upper, *[""] * (width - len(upper))], [*lower, *[""] * (width - len(lower))], strict=True)


def _joined(upper: Sequence[str], lower: Sequence[str], layout: Layout) -> Iterator[str]:
    """One name per column: what both lines say together, else the lower, else the upper one. A merged cell of the upper
    line stands over the columns to its right as long as those have a lower name and no upper one.
    """
    group = ""
    for above, below in _columns(upper, lower):
        group = above or (group if below else "")
        whole = group + below
        if not below or layout.path(whole):
            yield whole
        elif (path := layout.path(below)) and not (path.startswith(_PERSON) and _is_office(group)):
            yield below
        else:
            yield above if layout.path(above) else whole


def _is_office(group: str) -> bool:
    return any(word in group for word in _OFFICE)


def unread_phone_column(columns: Sequence[str], layout: Layout) -> str:
    """A column that must hold people's numbers and is not understood, where no other one is; "" if there is none.

    Cases read without it would have lost their numbers.
    """
    if f"{_PERSON}phone" in {layout.path(name) for name in columns}:
        return ""
    words = ("电话", "手机", "号码", "联系方式", "phone", "mobile")
    return next(
        (
            name
            for name in columns
            if name and not layout.path(name) and not _is_office(name) and any(word in plain(name) for word in words)
        ),
        "",
    )
