"""Uploaded sheets, read."""

import io
import zipfile
from datetime import datetime
from typing import Any

import pytest
import xlsxwriter

from services.gateway.adapters import sheets
from services.gateway.adapters.sheets import read_sheet
from services.gateway.adapters.workbooks import result_workbook, template_workbook
from services.gateway.domain import hotline
from services.gateway.domain.documents import Options, Reading
from services.gateway.domain.sheets import RowResult, RowStatus, UnusableSheet, recognise
from shared.zone import ORG_ZONE

HEADER = ["工单编号", "诉求内容", "诉求性质", "事发区域", "办结时间", "主办单位", "工单状态", "处置结果"]
CELLS = ["3301202611200000011", "路灯,不亮\n已一周", "求助", "西湖区", "2026-11-20", "城管局", "办结", "已更换"]
CSV = ",".join(HEADER) + "\r\n" + ",".join(f'"{cell}"' for cell in CELLS) + "\r\n"


def xlsx(rows: list[list[Any]]) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        sheet, day = book.add_worksheet(), book.add_format({"num_format": "yyyy/m/d hh:mm"})
        for index, row in enumerate(rows):
            for column, value in enumerate(row):
                sheet.write(index, column, value, *([day] if isinstance(value, datetime) else []))
    return buffer.getvalue()


@pytest.mark.parametrize("encoding", ["gbk", "gb18030", "utf-8", "utf-8-sig", "utf-16"])
def test_csv_is_read_in_any_of_its_encodings(encoding: str) -> None:
    sheet = read_sheet(CSV.encode(encoding))
    assert (list(sheet.columns), [list(row) for row in sheet.rows]) == (HEADER, [CELLS])


def test_tabs_and_semicolons_separate_too() -> None:
    for mark in "\t;":
        text = mark.join(HEADER) + "\n" + mark.join(cell.replace("\n", "") for cell in CELLS)
        assert read_sheet(text.encode()).fields(0)["主办单位"] == "城管局"


def test_a_workbook_is_read_with_its_date_cells_and_true_row_numbers() -> None:
    row = [*CELLS[:4], datetime(2026, 11, 20, 15, 40), *CELLS[5:]]  # noqa: DTZ001 - sheets have no zone
    sheet = read_sheet(xlsx([["十一月办结工单"], [], HEADER, row, [], row, [""]]))
    assert sheet.first == 4
    assert len(sheet.rows) == 3
    assert sheet.fields(1) == {}
    reading = hotline.read_case(sheet.fields(0), Options("c", "hotline", ORG_ZONE))
    assert isinstance(reading, Reading)
    assert reading.candidate is not None
    assert reading.candidate.data["closed_at"] == "2026-11-20T15:40:00+08:00"


def test_the_template_can_be_uploaded_as_it_is() -> None:
    sheet = read_sheet(template_workbook())
    reading = hotline.read_case(sheet.fields(0), Options("c", "hotline", ORG_ZONE))
    assert isinstance(reading, Reading), reading
    assert reading.candidate is not None
    assert reading.candidate.data["case_no"] == "3301202611180023745"


def test_a_column_that_is_missing_is_named() -> None:
    with pytest.raises(UnusableSheet, match="缺少列：办结时间、处置结果"):
        recognise([[name for name in HEADER if name not in ("办结时间", "处置结果")]])


def _bomb() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 2_000_000)
    return buffer.getvalue()


def _far_apart() -> bytes:
    source = zipfile.ZipFile(io.BytesIO(xlsx([HEADER])))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in source.namelist():
            content = source.read(name)
            archive.writestr(name, content.replace(b'r="A1"', b'r="XFD1048576"'))
    return buffer.getvalue()


@pytest.mark.parametrize(
    "content",
    [b"hello", b"\x00\x01\x02", b"\xff\xfe\x00", b"PK\x03\x04junk", b"\xd0\xcf\x11\xe0junk", b"a,b,c\n1,2,3", b"\x81\xff\x81",
     b'"' + b"x" * 200_000 + b'"', _far_apart(), xlsx([["x"]])],
)  # fmt: skip
def test_what_is_no_sheet_of_cases_is_refused_with_a_reason(content: bytes) -> None:
    with pytest.raises(UnusableSheet, match=r"[\u4e00-\u9fff]"):
        read_sheet(content)


def test_a_packed_bomb_is_refused_before_it_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "MOST_UNPACKED", 1_000_000)
    with pytest.raises(UnusableSheet, match="解压后过大"):
        read_sheet(_bomb())


def test_no_cell_of_a_result_is_a_formula() -> None:
    bad = ["=1+1", "+1", "-1", "@SUM(A1)", "\tx"]
    rows = [RowResult(index, RowStatus.REJECTED, text, text, text) for index, text in enumerate(bad)]
    content = result_workbook(rows)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")
    import python_calamine

    cells = python_calamine.load_workbook(io.BytesIO(content)).get_sheet_by_index(0).to_python()
    assert cells[0] == ["行号", "状态", "列", "原因", "工单编号", "事件编号"]
    assert [row[2] for row in cells[1:]] == ["'" + text for text in bad]
