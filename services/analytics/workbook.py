"""KPIs as an Excel file: the figures, and a sheet that says how each is computed."""

from collections.abc import Sequence
from io import BytesIO
from typing import Any

import xlsxwriter

from services.analytics.domain.formatting import cell_text
from services.analytics.domain.kpis import Kpi
from services.analytics.domain.labels import DIMENSION_NAMES, Labels
from services.analytics.domain.periods import label
from services.analytics.domain.selection import Selection
from services.analytics.queries import KpiRow

FIGURES = "指标"
NOTES = "口径说明"
HEADINGS = ["指标", "数值", "分子", "分母", "样本量", "样本不足", "区间下限", "区间上限", "公式版本"]
NOTE_HEADINGS = ["指标", "代码", "公式", "归属日期", "公式版本"]
NUMBER_FORMATS = {"ratio": "0.0%", "count": "#,##0", "index": "+0;-0;0"}


def kpi_workbook(rows: Sequence[KpiRow], wanted: Selection, kpis: Sequence[Kpi], labels: Labels) -> bytes:
    """The .xlsx file; memory stays flat because rows go to disk one by one."""
    target = BytesIO()
    book = xlsxwriter.Workbook(
        target, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    _write_figures(book, rows, wanted, labels)
    _write_notes(book, wanted, kpis, labels)
    book.close()
    return target.getvalue()


def _write_figures(book: Any, rows: Sequence[KpiRow], wanted: Selection, labels: Labels) -> None:
    sheet = book.add_worksheet(FIGURES)
    head = book.add_format({"bold": True, "bg_color": "#E8EEF4", "bottom": 1})
    formats = {unit: book.add_format({"num_format": text}) for unit, text in NUMBER_FORMATS.items()}
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, len(wanted.by) + 1, 22)
    headings = ["期间", *(DIMENSION_NAMES[dimension] for dimension in wanted.by), *HEADINGS]
    for column, heading in enumerate(headings):
        sheet.write_string(0, column, heading, head)
    for number, row in enumerate(rows, start=1):
        texts = [label(wanted.period, row.start), *map(labels.text, wanted.by, row.group), row.kpi.name]
        for column, value in enumerate(texts):
            sheet.write_string(number, column, cell_text(value))
        _write_figure(sheet, number, len(texts), row, formats)


def _write_figure(sheet: Any, number: int, column: int, row: KpiRow, formats: dict[str, Any]) -> None:
    figure, style = row.figure, formats[row.kpi.unit]
    scale = 100 if row.kpi.unit == "index" else 1
    low, high = figure.interval or (None, None)
    numbers = [
        (None if figure.value is None else figure.value * scale, style),
        (figure.numerator, None),
        (figure.denominator, None),
        (figure.sample_size, None),
    ]
    for offset, (value, form) in enumerate(numbers):
        if value is not None:
            sheet.write_number(number, column + offset, value, form)
    sheet.write_string(number, column + 4, "样本不足" if figure.small_sample else "")
    for offset, value in ((5, low), (6, high)):
        if value is not None:
            sheet.write_number(number, column + offset, value, style)
    sheet.write_string(number, column + 7, cell_text(f"{row.kpi.id}@{row.kpi.version}"))


def _write_notes(book: Any, wanted: Selection, kpis: Sequence[Kpi], labels: Labels) -> None:
    sheet = book.add_worksheet(NOTES)
    head = book.add_format({"bold": True, "bg_color": "#E8EEF4", "bottom": 1})
    sheet.set_column(0, 1, 22)
    sheet.set_column(2, 2, 70)
    for column, heading in enumerate(NOTE_HEADINGS):
        sheet.write_string(0, column, heading, head)
    for number, kpi in enumerate(kpis, start=1):
        notes = (kpi.name, kpi.id, kpi.formula, kpi.belongs_to, f"{kpi.id}@{kpi.version}")
        for column, value in enumerate(notes):
            sheet.write_string(number, column, cell_text(value))
    asked = [("期间", f"{wanted.first} 至 {wanted.last}（东八区自然日，含首末日）")]
    asked += [(name, labels.filters(wanted).get(name, "全部")) for name in DIMENSION_NAMES.values()]
    asked.append(("样本不足", "分母小于 30 时标注；区间为 95% Wilson 置信区间"))
    for number, (name, text) in enumerate(asked, start=len(kpis) + 2):
        sheet.write_string(number, 0, name)
        sheet.write_string(number, 2, cell_text(text))
