"""The process that reads one uploaded file, because a file can ask for more memory or time than a service has.

It gets, on its standard input, a line of JSON (the layout and the limits) and then the file. It writes lines of JSON:
`{"unusable": reason}`, or `{"total": rows, "sheet": name}`, one `[number, fields, fault]` per row that is not blank,
and `{"end": true}`. A process that ends without its last line has died of the file.
Nothing but the standard library, RE2 and the workbook reader is loaded, so that it starts within a few hundredths of a second.
"""

import json
import sys
from collections.abc import Iterator
from typing import Any

from services.gateway.adapters.tables import Row, Table, is_workbook, tables_of
from services.gateway.domain.headers import HEADER_WITHIN, Header, Layout, UnusableSheet, find_header
from services.gateway.domain.sheets import MOST_ROWS, is_blank, later, read_row
from shared.process_limits import limit_process

TOO_MUCH_MEMORY = "文件占用的内存超过上限，请删除数据区以外的内容，或拆分后上传"


def main() -> None:
    sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]
    request = json.loads(sys.stdin.buffer.readline())
    limit_process(request["memory"], request["cpu"])
    try:
        for line in read(sys.stdin.buffer.read(), Layout(**request["layout"])):
            sys.stdout.write(json.dumps(line, ensure_ascii=True) + "\n")
    except UnusableSheet as error:
        print(json.dumps({"unusable": str(error)}))  # noqa: T201 - this is how it answers
    except MemoryError:
        print(json.dumps({"unusable": TOO_MUCH_MEMORY}))  # noqa: T201


def read(content: bytes, layout: Layout) -> Iterator[Any]:
    """The lines of the answer. Raises UnusableSheet."""
    table, header = choose(content, layout)
    times = [index for index, name in enumerate(header.columns) if layout.path(name) in layout.times]
    total = 0
    for total, _ in enumerate(_data(table, header), start=1):
        if total > MOST_ROWS:
            raise UnusableSheet(f"超过 {MOST_ROWS} 行，请拆分后上传")
    if not total:
        raise UnusableSheet("表头下面没有数据")
    yield {"total": total, "sheet": table.name, "columns": header.columns}
    for number, cells in _data(table, header):
        row = read_row(number, header.columns, later(cells, times, table.first_day) if table.first_day else cells)
        yield [row.number, row.fields, row.fault]
    yield {"end": True}


def _data(table: Table, header: Header) -> Iterator[tuple[int, Row]]:
    """Rows below the header that are not blank, by their numbers in the sheet."""
    for number, cells in enumerate(table.rows(), start=1):
        if number > header.lines and not is_blank(cells):
            yield number, cells


def choose(content: bytes, layout: Layout) -> tuple[Table, Header]:
    """The one table of the file that holds cases. Raises UnusableSheet, with what is missing."""
    found, reasons = [], [f"前 {HEADER_WITHIN} 行中没有找到表头，请使用模板中的列名"]
    for table in tables_of(content):
        try:
            header = find_header(
                [cells for _, cells in zip(range(HEADER_WITHIN + 1), table.rows(), strict=False)], layout
            )
            found += [(table, header)] if header else []
        except UnusableSheet as error:
            reasons.append(str(error))
    if not found:
        raise UnusableSheet(reasons[-1])
    if not is_workbook(content):
        best = max(found, key=lambda pair: len(pair[1].paths))
        return _complete([best], layout)[0]
    filled = [pair for pair in _complete(found, layout) if next(_data(*pair), None) is not None] or found
    visible = [pair for pair in filled if not pair[0].hidden]
    if len(visible) > 1:
        names = "、".join(f"「{table.name}」" for table, _ in visible)
        raise UnusableSheet(f"{names} 都是工单表，请每个文件只放一张")
    if not visible:
        raise UnusableSheet(f"工单在隐藏的工作表「{filled[0][0].name}」中，请取消隐藏后上传")
    return visible[0]


def _complete(found: list[tuple[Table, Header]], layout: Layout) -> list[tuple[Table, Header]]:
    """Those with every required column. Raises UnusableSheet when there are none."""
    complete = [(table, header) for table, header in found if not layout.missing(set(header.paths))]
    if complete:
        return complete
    table, header = max(found, key=lambda pair: len(pair[1].paths))
    place = f"工作表「{table.name}」" if len(found) > 1 else ""
    raise UnusableSheet(f"{place}缺少列：{'、'.join(layout.missing(set(header.paths)))}")


if __name__ == "__main__":
    main()
