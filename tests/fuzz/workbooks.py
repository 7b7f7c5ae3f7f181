"""Workbooks of 12345 cases: laid out in all the ways offices do it, and damaged. All comes from the numbers handed in."""

import io
import random
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import xlsxwriter

from services.gateway.domain.hotline_fields import NAMES

COLUMNS = (
    "case_no", "content", "appeal_kind", "area.name", "appellant.phone", "accepted_at", "closed_at", "host_dept.name",
    "handle_status", "handle_result",
)  # fmt: skip
WORDS = {
    "content": ("路灯不亮", "井盖,松动\n已一周", "“夜间”施工扰民", "<b>漏水</b>", "=1+1", "100%"),
    "appeal_kind": ("求助", "投诉"),
    "area.name": ("西湖区", "滨江区"),
    "host_dept.name": ("城管局", "区市政所"),
    "handle_status": ("已办结", "办结"),
    "handle_result": ("已更换", "已加固，电话回复", "-1"),
}
DAY_0 = datetime.fromisoformat("2024-01-01 00:00:00")
TITLES = ("12345 工单导出表", "导出时间：2026-11-20", "", "单位（盖章）", "共 3 件")
PARTS = ("xl/workbook.xml", "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/styles.xml", "_rels/.rels",
         "xl/_rels/workbook.xml.rels", "[Content_Types].xml")  # fmt: skip


@dataclass
class Book:
    """A workbook, and the cases that stand in it: their fields by path, as they are to be read."""

    cases: list[dict[str, Any]] = field(default_factory=list)
    content: bytes = b""


def sound(dice: random.Random) -> Book:
    """Cases below titles, in any order of columns, with dates as texts, as dates and as bare days, of either system of days."""
    book, buffer = Book(), io.BytesIO()
    options = {"date_1904": dice.random() < 0.3, "constant_memory": dice.random() < 0.3, "strings_to_formulas": False}
    with xlsxwriter.Workbook(buffer, options) as writer:
        before, after = dice.randrange(3), dice.randrange(2)
        for _ in range(before):
            _note(writer, dice)
        _cases(writer, dice, book)
        for _ in range(after):
            _note(writer, dice)
        if dice.random() < 0.2 and before + after:
            writer.worksheets()[before - 1 if before else -1].hide()
        writer.worksheets()[before].activate()
        writer.worksheets()[before].set_first_sheet()
    book.content = repacked(_parts(buffer.getvalue()), dice, _ways(dice))
    return book


def _note(writer: Any, dice: random.Random) -> None:
    """A sheet without cases."""
    sheet = writer.add_worksheet()
    for line in range(dice.randrange(4)):
        sheet.write_row(line, dice.randrange(3), dice.sample(("说明", "填表人", 3, "工单编号", "2026-11-20"), 2))


def _cases(writer: Any, dice: random.Random, book: Book) -> None:
    sheet = writer.add_worksheet(dice.choice(("工单", "办结", "12345 办结（11月）", "s")))
    line = 0
    for _ in range(dice.randrange(4)):
        sheet.write(line, 0, dice.choice(TITLES))
        line += 1
    columns = _columns(dice)
    for place, path in columns.items():
        mark = dice.choice(("", "", "（必填）", "*", "：", " "))
        sheet.write(line, place, dice.choice(NAMES[path][:2]) + mark)
    dated = writer.add_format(
        {"num_format": dice.choice(("yyyy-mm-dd hh:mm:ss", "yyyy/m/d h:mm", "[$-804]yyyy年m月d日"))}
    )
    department = dice.choice(WORDS["host_dept.name"])
    for number in range(dice.randrange(1, 5)):
        line += dice.choice((1, 1, 1, 2))  # a blank row is none
        case = {path: dice.choice(words) for path, words in WORDS.items()} | {"host_dept.name": department}
        case |= {"case_no": _number(dice, number), "appellant.phone": f"1370000{dice.randrange(10**4):04}"}
        case |= {
            path: DAY_0 + timedelta(seconds=dice.randrange(3 * 365 * 86_400)) for path in ("accepted_at", "closed_at")
        }
        for place, path in columns.items():
            _write(sheet, line, place, case[path], dice, dated)
        book.cases.append(case)


def _columns(dice: random.Random) -> dict[int, str]:
    """Path by position, with columns left blank between."""
    places = sorted(dice.sample(range(14), len(COLUMNS)))
    return dict(zip(places, dice.sample(COLUMNS, len(COLUMNS)), strict=True))


def _number(dice: random.Random, number: int) -> Any:
    text = f"33012026{dice.randrange(10**9):09}{number}"
    return dice.choice((text, f"HZ-{text[-6:]}", int(text[-9:]) + 10**9))


def _write(sheet: Any, line: int, place: int, value: Any, dice: random.Random, dated: Any) -> None:
    if isinstance(value, datetime):
        form = dice.randrange(3)
        if form == 0:
            sheet.write_string(line, place, value.strftime(dice.choice(("%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M:%S"))))
        else:
            sheet.write_datetime(line, place, value, dated if form == 1 else None)
    elif isinstance(value, int):
        sheet.write_number(line, place, value)
    else:
        sheet.write_string(line, place, value)


def _parts(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _ways(dice: random.Random) -> Sequence[tuple[bytes, bytes]]:
    """How other programs write the same: without a dimension, or with absolute paths."""
    return dice.choice(
        (
            (),
            ((b"<dimension", b"<notes"),),
            ((b'Target="worksheets/', b'Target="/xl/worksheets/'),),
            ((b"<si><t", b"<si><r><t"), (b"</t></si>", b"</t></r></si>")),
        )
    )


def repacked(parts: dict[str, bytes], dice: random.Random, changes: Sequence[tuple[bytes, bytes]] = ()) -> bytes:
    """The parts in any order, packed or as they are."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", dice.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as archive:
        for name in dice.sample(sorted(parts), len(parts)):
            content = parts[name]
            for old, new in changes:
                content = content.replace(old, new)
            archive.writestr(name, content)
    return out.getvalue()


def damaged(dice: random.Random) -> bytes:
    """A sound one with one to three things wrong: in its parts, its packing or its bytes."""
    parts = _parts(sound(dice).content)
    for _ in range(dice.randrange(1, 4)):
        name = dice.choice((dice.choice(PARTS), dice.choice(sorted(parts))))
        dice.choice(DAMAGES)(parts, name, dice)
    content = bytearray(repacked(parts, dice))
    if dice.random() < 0.3:  # of what holds it all together
        at = dice.randrange(len(content))
        content[at : at + dice.randrange(1, 40)] = bytes(dice.randrange(256) for _ in range(dice.randrange(8)))
    return bytes(content[: dice.randrange(len(content))] if dice.random() < 0.1 else content)


Parts = dict[str, bytes]
REPLACED = (
    (b'r="A', b'r="XFD'), (b'r="', b'q="'), (b"<c ", b'<c y=">" '), (b't="s"', b't="str"'), (b't="s"', b't="d"'),
    (b"<v>", b"<v>9"), (b"<v>", b"<v>-"), (b"<v>", b"<v>1e308"), (b"<v>", b"<v>99999999999999999999"),
    (b"</row>", b""), (b"<row ", b"<raw "), (b"ref=", b'ref="A1:XFD1048576" x='),
    (b"<sheetData>", b'<mergeCells><mergeCell ref="A1:XFD9"/></mergeCells><sheetData>'),
    (b"count=", b'count="4294967295" c='), (b"rId1", b"rId2"), (b"sheet1.xml", b"sheet1.xml/../../x"),
    (b"sheet1.xml", b"styles.xml"), (b"<t>", b'<t xml:space="x">&#0;'), (b"<t>", b"<t>&unknown;"),
    (b"<t>", b"<t><![CDATA[<t>"), (b"UTF-8", b"UTF-16"), (b"date1904", b"date19"),
    (b"<workbookPr", b'<workbookPr date1904="x"'), (b"numFmtId", b"numFmtI"), (b's="', b's="999'),
    (b"?>", b'?><!DOCTYPE a [<!ENTITY b "c">]>'), (b' xmlns="', b' xmlns="x'), (b"<sheet ", b'<sheet name="a" '),
    (b"sheetId", b'state="veryHidden" sheetId'), (b'row r="2', b'row r="1'), (b'row r="', b'row r="1048577'),
)  # fmt: skip


def _replace(parts: Parts, name: str, dice: random.Random) -> None:
    parts[name] = parts.get(name, b"").replace(*dice.choice(REPLACED), dice.choice((1, 3, -1)))


def _cut(parts: Parts, name: str, dice: random.Random) -> None:
    content = parts.get(name, b"")
    at = dice.randrange(len(content) + 1)
    parts[name] = content[:at] + content[at + dice.randrange(200) :]


def _insert(parts: Parts, name: str, dice: random.Random) -> None:
    content = parts.get(name, b"")
    at = dice.randrange(len(content) + 1)
    foreign = (
        b"\0",
        b"<",
        b"&",
        b"\xff\xfe",
        b"<c/>",
        b"<row>",
        b"<v>1</v>",
        b"<si/>",
        b"]]>",
        b"x" * 70_000,
        content[:500],
    )
    parts[name] = content[:at] + dice.choice(foreign) + content[at:]


def _swap(parts: Parts, name: str, dice: random.Random) -> None:
    """A part that is another one, empty, or gone."""
    other = dice.choice((parts[dice.choice(sorted(parts))], b"", None))
    if other is None and len(parts) > 1:
        parts.pop(name, None)
    else:
        parts[name] = other or b""


Damage = Callable[[Parts, str, random.Random], None]
DAMAGES: tuple[Damage, ...] = (_replace, _replace, _replace, _cut, _insert, _swap)
