"""Uploaded sheets: their rows and their headers, read as the reading process does; and that process itself."""

import io
import zipfile
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest
import xlsxwriter
from python_calamine import load_workbook

from services.gateway.adapters import sheet_reader, tables
from services.gateway.adapters.date_systems import counts_from_1904
from services.gateway.adapters.workbooks import result_workbook, template_workbook
from services.gateway.domain import hotline
from services.gateway.domain.documents import Options, Reading
from services.gateway.domain.headers import UnusableSheet, find_header, unread_phone_column
from services.gateway.domain.hotline_fields import layout_of
from services.gateway.domain.sheets import RowResult, RowStatus, SheetRow, column_letters
from shared.zone import ORG_ZONE

HEADER = ["工单编号", "诉求内容", "诉求性质", "事发区域", "办结时间", "主办单位", "工单状态", "处置结果"]
CELLS = ["3301202611200000011", "路灯,不亮\n已一周", "求助", "西湖区", "2026-11-20", "城管局", "办结", "已更换"]
CSV = ",".join(HEADER) + "\r\n" + ",".join(f'"{cell}"' for cell in CELLS) + "\r\n"
PLAIN = Options("c", "hotline", ORG_ZONE)


def read(content: bytes, options: Options = PLAIN) -> list[SheetRow]:
    """A file's rows, read in this process."""
    about, *lines, end = sheet_reader.read(content, layout_of(options))
    assert (end, about["total"]) == ({"end": True}, len(lines))
    return [SheetRow(*line) for line in lines]


def xlsx(*sheets: Sequence[Sequence[Any]], hidden: Sequence[int] = (), merged: Sequence[tuple[int, ...]] = ()) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        day = book.add_format({"num_format": "yyyy/m/d hh:mm"})
        for place, rows in enumerate(sheets):
            sheet = book.add_worksheet()
            for top, left, bottom, right in merged:
                sheet.merge_range(top, left, bottom, right, "")
            for index, row in enumerate(rows):
                for column, value in enumerate(row):
                    if value != "":
                        sheet.write(index, column, value, *([day] if isinstance(value, datetime) else []))
            if place in hidden:
                sheet.hide()
        if hidden:
            book.worksheets()[-1].activate()
            book.worksheets()[-1].set_first_sheet()
    return buffer.getvalue()


@pytest.mark.parametrize("encoding", ["gbk", "gb18030", "utf-8", "utf-8-sig", "utf-16"])
def test_csv_is_read_in_any_of_its_encodings(encoding: str) -> None:
    assert read(CSV.encode(encoding)) == [SheetRow(2, dict(zip(HEADER, CELLS, strict=True)))]


@pytest.mark.parametrize("mark", ["\t", ";", "|", ","])
def test_tabs_and_semicolons_separate_too_below_title_lines_as_well(mark: str) -> None:
    text = mark.join(HEADER) + "\n" + mark.join(f'"{cell}"' for cell in CELLS)
    assert read(text.encode())[0].fields["主办单位"] == "城管局"
    title = "导出时间：2026-11-30,导出人：甲；共1条\n\n"
    assert [(row.number, row.fields["主办单位"]) for row in read((title + text).encode())] == [(4, "城管局")]
    assert read(f"sep={mark}\r\n{text}".encode())[0].number == 2  # spreadsheets do not show that line


def test_a_workbook_is_read_with_its_date_cells_and_true_row_numbers() -> None:
    row = [*CELLS[:4], datetime(2026, 11, 20, 15, 40), *CELLS[5:]]  # noqa: DTZ001 - sheets have no zone
    rows = read(xlsx([["十一月办结工单"], [], HEADER, row, [], ["  "], row, [""]]))
    assert [item.number for item in rows] == [4, 7]
    reading = hotline.read_case(rows[0].fields, PLAIN)
    assert isinstance(reading, Reading)
    assert reading.candidate is not None
    assert reading.candidate.data["closed_at"] == "2026-11-20T15:40:00+08:00"


@pytest.mark.parametrize("since_1904", [False, True])
def test_a_day_is_that_day_in_either_system_of_days_formatted_as_a_date_or_not(since_1904: bool) -> None:
    buffer, closed = io.BytesIO(), datetime.fromisoformat("2026-11-20 09:10")
    with xlsxwriter.Workbook(buffer, {"date_1904": since_1904}) as book:
        sheet, form = book.add_worksheet(), book.add_format({"num_format": "yyyy/m/d hh:mm"})
        sheet.write_row(0, 0, HEADER)
        for line, style in enumerate((None, form), start=1):
            sheet.write_row(line, 0, CELLS)
            sheet.write_datetime(line, 4, closed, style)
        sheet.write_row(3, 0, [*CELLS[:4], 1_795_137_000_000, *CELLS[5:]])  # milliseconds, from a sender's database
        sheet.write_row(4, 0, [200, *CELLS[1:]])  # no day, however small
    rows = read(buffer.getvalue())
    for row in rows:
        outcome = hotline.read_case(row.fields, PLAIN)
        assert isinstance(outcome, Reading)
        assert outcome.candidate is not None
        assert outcome.candidate.data["closed_at"][:16] == (
            "2026-11-20T09:10" if row.number < 5 else "2026-11-20T00:00"
        )
    assert rows[-1].fields["工单编号"] == 200


def _record(kind: bytes, content: bytes) -> bytes:
    return kind + len(content).to_bytes(2, "little") + content


@pytest.mark.parametrize("since_1904", [False, True])
def test_the_days_of_old_and_binary_workbooks_are_counted_as_they_say(since_1904: bool) -> None:
    begin, end = b"\x09\x08\x10\0\0\x06\x05\0" + b"\0" * 12, b"\x0a\0\0\0"
    mode = _record(b"\x22\0", bytes([since_1904, 0]))
    for parts in ((_record(b"\x5c\0", b"x" * 112), mode), (mode,)):
        assert counts_from_1904(b"\xd0\xcf\x11\xe0" + b"\0" * 508 + begin + b"".join(parts) + end) == since_1904
    assert not counts_from_1904(b"\xd0\xcf\x11\xe0" + begin + end + mode)
    part = "application/vnd.openxmlformats-officedocument/officeDocument"
    relations = f'<Relationships><Relationship Type="{part}" Target="xl/workbook.bin"/></Relationships>'.encode()
    binary = b"\x83\x01\0" + b"\x80\x01\x02xx" + b"\x99\x01\x08" + bytes([since_1904]) + b"\0" * 7
    packed = _packed(**{"_rels/.rels": relations, "xl/workbook.bin": binary})
    assert counts_from_1904(packed) == since_1904
    assert not counts_from_1904(packed[:40])


def test_the_template_can_be_uploaded_as_it_is() -> None:
    (row,) = read(template_workbook())
    reading = hotline.read_case(row.fields, PLAIN)
    assert isinstance(reading, Reading), reading
    assert reading.candidate is not None
    assert reading.candidate.data["case_no"] == "3301202611180023745"


def test_a_column_that_is_missing_is_named() -> None:
    with pytest.raises(UnusableSheet, match="缺少列：办结时间、处置结果"):
        read(xlsx([[name for name in HEADER if name not in ("办结时间", "处置结果")], ["x"]]))


# ---- headers of two lines, merged cells ----

UPPER = [
    "工单编号",
    "诉求内容",
    "诉求性质",
    "事发区域",
    "诉求人",
    "",
    "办结时间",
    "主办单位",
    "",
    "工单状态",
    "处置结果",
]
LOWER = ["", "", "", "", "姓名", "联系电话", "", "名称", "联系电话", "", ""]
TWO = ["1", "灯不亮", "求助", "西湖区", "甲", "13700001111", "2026-11-20", "城管局", "057188886666", "办结", "已更换"]


@pytest.mark.parametrize("title", [[], [["十一月"], []]])
def test_a_header_of_two_lines_keeps_the_phone_of_the_person_and_not_that_of_the_office(title: list[list[str]]) -> None:
    (row,) = read(xlsx([*title, UPPER, LOWER, TWO]))
    assert row.number == len(title) + 3
    reading = hotline.read_case(row.fields, PLAIN)
    assert isinstance(reading, Reading)
    assert reading.candidate is not None
    data = reading.candidate.data
    assert (data["appellant"]["name"], data["appellant"]["phone"]) == ("甲", "13700001111")
    assert data["host_dept"]["name"] == "城管局"
    assert "88886666" not in str(data)


def test_groups_above_names_are_read_as_one_header() -> None:
    groups = ["工单信息", "", "", "地点", "办结", "承办", "", "结果"]
    lines = ["工单编号", "诉求内容", "诉求性质", "事发区域", "时间", "主办单位", "工单状态", "处置结果"]
    assert read(xlsx([groups, lines, CELLS]))[0].fields["办结时间"] == "2026-11-20"


def test_a_first_row_is_no_second_line_of_the_header() -> None:
    header = [*HEADER, "诉求渠道", "备注"]
    rows = read(
        xlsx([header, [*CELLS, "电话", "手机"], ["", *CELLS[1:], "电话", ""], ["", "", "", "", "", "", "", "", "电话"]])
    )
    assert [row.number for row in rows] == [2, 3, 4]
    assert {row.fields["诉求渠道"] for row in rows} == {"电话"}


def test_a_number_below_no_name_is_told_and_never_lost() -> None:
    header, row = [*HEADER, "诉求人", ""], [*CELLS, "甲", "13700001111"]
    assert read(xlsx([header, row]))[0].fault == "J 列有号码但没有列名，请补上列名"
    assert read(xlsx([["", *HEADER], ["17", *CELLS]]))[0].fault == ""  # a running number does no harm
    longer = ",".join(HEADER) + "\n" + ",".join(["1", "灯,不亮", "求助", *CELLS[3:]])
    assert "多出列" in read(longer.encode())[0].fault


def test_a_column_of_phones_that_nobody_understands_is_named() -> None:
    layout = layout_of(PLAIN)
    assert unread_phone_column([*HEADER, "反映人的手机号"], layout) == "反映人的手机号"
    assert unread_phone_column([*HEADER, "反映人的手机号", "联系电话"], layout) == ""
    assert unread_phone_column([*HEADER, "承办单位电话"], layout) == ""


def test_cells_merged_over_several_rows_count_for_each_of_them() -> None:
    header = [*HEADER, "联系电话"]
    rows = [header, [*CELLS, "13700001111"], ["2", *CELLS[1:]], ["3", *CELLS[1:]]]
    fields = [row.fields.get("联系电话") for row in read(xlsx(rows, merged=[(1, 8, 2, 8)]))]
    assert fields == ["13700001111", "13700001111", None]


# ---- a source's own names ----

CITY = Options(
    "hz", "hotline", ORG_ZONE,
    fields={"case_no": "流水", "content": "市民 说了什么", "closed_at": "处理完毕.时间", "handle_status": "阶段",
            "handle_result": "答复市民", "appellant.phone": "反映人号码"},
    constants={"appeal_kind": "求助", "area.code": "330106", "host_dept.name": "城管局"},
)  # fmt: skip


def test_a_sheet_under_a_citys_own_names_is_read_like_its_pushes() -> None:
    header = ["流水", "市民说了什么（必填）", "处理完毕.时间", "阶段", "答复市民", "反映人号码"]
    (row,) = read(xlsx([header, ["77", "灯不亮", "2026-11-20 10:00:00", "办结", "已更换", "13700001111"]]), CITY)
    reading = hotline.read_case(row.fields, CITY)
    assert isinstance(reading, Reading), reading
    assert reading.candidate is not None
    data = reading.candidate.data
    assert (data["case_no"], data["content"], data["area"]["code"]) == ("77", "灯不亮", "330106")
    assert data["appellant"]["phone"] == "13700001111"
    assert unread_phone_column(header, layout_of(CITY)) == ""
    with pytest.raises(UnusableSheet, match=r"缺少列：处理完毕\.时间、答复市民"):
        read(xlsx([[*header[:2], "阶段", "反映人号码"], ["1"]]), CITY)


# ---- which sheet ----


def test_cases_are_found_on_whatever_sheet_is_visible_and_holds_them() -> None:
    data, note = [HEADER, CELLS], [["填写说明"], ["请勿改动列名"]]
    assert len(read(xlsx(note, data))) == 1
    assert len(read(xlsx([HEADER], data))) == 1
    assert len(read(xlsx([HEADER, CELLS, CELLS], data, hidden=[0]))) == 1
    with pytest.raises(UnusableSheet, match="隐藏的工作表「Sheet1」"):
        read(xlsx(data, note, hidden=[0]))
    with pytest.raises(UnusableSheet, match="「Sheet1」、「Sheet3」 都是工单表"):
        read(xlsx(data, note, data))
    with pytest.raises(UnusableSheet, match="表头下面没有数据"):
        read(xlsx([HEADER], note))


# ---- what is no sheet ----


def _packed(**parts: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "content",
    [b"hello", b"\x00\x01\x02", b"\xff\xfe\x00", b"PK\x03\x04junk", b"\xd0\xcf\x11\xe0junk", b"a,b,c\n1,2,3", b"\x81\xff\x81",
     b'"' + b"x" * 200_000 + b'"', xlsx([["x"]]), _packed(a=b"b"), b"PK\x03\x04", b"\n\n\n", b"sep=,"],
)  # fmt: skip
def test_what_is_no_sheet_of_cases_is_refused_with_a_reason(content: bytes) -> None:
    with pytest.raises(UnusableSheet, match=r"[\u4e00-\u9fff]"):
        read(content)


@pytest.mark.parametrize(
    ("content", "reason"),
    [("<html><table><tr><td>工单编号</td></tr></table>", "网页"), ('\ufeff <!DOCTYPE html>\n<HTML lang="zh">', "网页"),
     ('<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">', "XML"),
     ("MIME-Version: 1.0\nContent-Type: multipart/related", "网页"), ("%PDF-1.7", "文档"), ("{\\rtf1", "文档")],
)  # fmt: skip
@pytest.mark.parametrize("encoding", ["utf-8", "gbk", "utf-16"])
def test_web_pages_and_xml_with_a_spreadsheets_name_are_told_apart(content: str, reason: str, encoding: str) -> None:
    with pytest.raises(UnusableSheet, match=reason):
        read(content.encode(encoding, "ignore"))


def test_a_packed_bomb_is_refused_before_it_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MOST_UNPACKED", 1_000_000)
    with pytest.raises(UnusableSheet, match="解压后过大"):
        read(_packed(**{"xl/worksheets/sheet1.xml": b"0" * 2_000_000}))


def test_cells_far_apart_and_too_many_rows_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MOST_CELLS", 100)
    with pytest.raises(UnusableSheet, match="有效区域过大"):
        read(xlsx([HEADER, CELLS, *([[]] * 20), ["x"]]))
    monkeypatch.setattr(sheet_reader, "MOST_ROWS", 2)
    with pytest.raises(UnusableSheet, match="超过 2 行"):
        read("\n".join([",".join(HEADER), "1", "2", "3"]).encode())


def test_a_header_of_thousands_of_names_is_refused() -> None:
    with pytest.raises(UnusableSheet, match="超过 500 列"):
        find_header([[*HEADER, *(f"列{index}" for index in range(600))]], layout_of(PLAIN))


def test_columns_are_named_as_spreadsheets_do() -> None:
    assert [column_letters(index) for index in (0, 25, 26, 701, 702)] == ["A", "Z", "AA", "ZZ", "AAA"]


def test_no_cell_of_a_result_is_a_formula() -> None:
    bad = ["=1+1", "+1", "-1", "@SUM(A1)", "\tx"]
    rows = [RowResult(index, RowStatus.REJECTED, text, text, text) for index, text in enumerate(bad)]
    content = result_workbook(rows)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")
    cells = load_workbook(io.BytesIO(content)).get_sheet_by_index(0).to_python()
    assert cells[0] == ["行号", "状态", "列", "原因", "工单编号", "事件编号"]
    assert [row[2] for row in cells[1:]] == ["'" + text for text in bad]
