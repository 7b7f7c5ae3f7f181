"""Workbooks for people: the template to fill in, and the result of an upload."""

import io
from collections.abc import Iterable
from typing import Any

import xlsxwriter

from services.gateway.domain.hotline_fields import NAMES, REQUIRED_COLUMNS
from services.gateway.domain.people_sheet import REQUIRED as REQUIRED_OF_PEOPLE
from services.gateway.domain.people_sheet import TITLES
from services.gateway.domain.sheets import ROW_TITLES, RowResult, safe_cell

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
_RESULT_HEADER = ("行号", "状态", "列", "原因", "工单编号", "事件编号")
_EXAMPLE = {
    "case_no": "3301202611180023745",
    "title": "小区路灯不亮",
    "content": "诉求人反映小区三幢旁路灯不亮约一周",
    "channel": "电话",
    "category.code": "0302",
    "category.name": "市政设施/照明",
    "appeal_kind": "求助",
    "urgency": "一般",
    "is_confidential": "否",
    "is_anonymous": "否",
    "area.code": "330106",
    "area.name": "西湖区",
    "appellant.name": "陈先生",
    "appellant.gender": "男",
    "appellant.phone": "13700137000",
    "accepted_at": "2026-11-18 09:12:31",
    "deadline_at": "2026-11-25 17:30:00",
    "closed_at": "2026-11-20 15:40:12",
    "host_dept.name": "区城管局",
    "handle_status": "已办结",
    "handle_result": "已更换灯具并恢复照明",
    "resolved_claim": "是",
}
_PEOPLE = [
    ("zhao.min", "赵敏", "坐席", "CD", "hotline", "粤语、上门", "W1027", "08:30-12:00,14:00-18:00"),
    ("qian.wei", "钱伟", "主管、审计员", "CD、GX", "", "", "", ""),
]


def result_workbook(results: Iterable[RowResult]) -> bytes:
    """One line per row of the uploaded file. Takes CPU time: run it in a thread."""
    rows = (
        (item.number, ROW_TITLES[item.status], item.column, item.reason, item.case_no, item.event_id)
        for item in results
    )
    return _workbook("导入结果", _RESULT_HEADER, rows)


def template_workbook() -> bytes:
    """The columns we understand, one example row, every cell formatted as text so that long numbers stay whole."""
    header = [names[0] + ("（必填）" if path in REQUIRED_COLUMNS else "") for path, names in NAMES.items()]
    return _workbook("12345工单", header, [tuple(_EXAMPLE.get(path, "") for path in NAMES)])


def people_template() -> bytes:
    """The columns of a sheet of people, with an example for an agent and one for a supervisor."""
    header = [title + ("（必填）" if field in REQUIRED_OF_PEOPLE else "") for field, title in TITLES.items()]
    return _workbook("人员", header, _PEOPLE)


def _workbook(title: str, header: Iterable[str], rows: Iterable[tuple[Any, ...]]) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, _OPTIONS) as book:
        sheet = book.add_worksheet(title)
        as_text, bold = book.add_format({"num_format": "@"}), book.add_format({"bold": True, "num_format": "@"})
        sheet.set_column(0, 50, 18, as_text)
        sheet.freeze_panes(1, 0)
        for column, name in enumerate(header):
            sheet.write_string(0, column, name, bold)
        for index, row in enumerate(rows, start=1):
            for column, value in enumerate(row):
                if isinstance(value, int):
                    sheet.write_number(index, column, value)
                else:
                    sheet.write_string(index, column, safe_cell(value)[:32767], as_text)
    return buffer.getvalue()
