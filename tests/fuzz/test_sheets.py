"""Files nobody meant: mutated workbooks and texts are read, or refused with a Chinese reason, and never anything else."""

import os
import random
import string
from typing import Any

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from services.gateway.adapters.sheet_reader import read
from services.gateway.adapters.sheets import open_sheet
from services.gateway.domain import hotline
from services.gateway.domain.documents import Options, Reading, Refused
from services.gateway.domain.headers import UnusableSheet, find_header, plain
from services.gateway.domain.hotline_fields import NAMES, layout_of
from services.gateway.domain.sheets import column_letters, read_row
from shared.zone import ORG_ZONE
from tests.fuzz.workbooks import damaged

EXAMPLES = int(os.environ.get("HUIFANG_FUZZ_EXAMPLES", "2000"))
PROCESSES = 24
PLAIN = Options("c", "hotline", ORG_ZONE)
LAYOUT = layout_of(PLAIN)
HEADER = ["工单编号", "诉求内容", "诉求性质", "事发区域", "求助号码", "办结时间", "主办单位", "工单状态", "处置结果"]
CASE = ["1", "灯不亮", "求助", "西湖区", "13700001111", "2026-03-01", "城管局", "办结", "已换"]
NAME = st.sampled_from([name for names in NAMES.values() for name in names] + ["", "备注", "（", "电话（", "名称", " "])
CELL = st.one_of(
    st.sampled_from(CASE), NAME, st.text(max_size=12), st.floats(), st.integers(), st.booleans(), st.none(),
    st.sampled_from(["", "\0", "=1+1", "-", "1e400", "\u3000", "13700001111", 1e15, 46353.65291666667]),
)  # fmt: skip
quick = settings(max_examples=EXAMPLES // 5, deadline=None, suppress_health_check=list(HealthCheck), database=None)


def is_told(reason: str) -> bool:
    return any("\u4e00" <= letter <= "\u9fff" for letter in reason)


@seed(1)
@quick
@given(st.lists(st.lists(st.one_of(NAME, CELL), max_size=12), max_size=12))
def test_whatever_stands_above_the_rows(rows: list[list[Any]]) -> None:
    header = find_header(rows, LAYOUT)
    if header is not None:
        assert 1 <= header.lines <= len(rows)
        assert header.paths == {path for name in header.columns if (path := LAYOUT.path(name))}


@seed(2)
@quick
@given(st.lists(CELL, max_size=12))
def test_whatever_a_row_holds(cells: list[Any]) -> None:
    row = read_row(7, HEADER, cells)
    assert row.number == 7
    assert bool(row.fault) <= (not row.fields)
    assert is_told(row.fault) or not row.fault
    outcome = hotline.read_case(row.fields, PLAIN)
    if isinstance(outcome, Refused):
        assert outcome.errors
        assert all(is_told(error.reason) for error in outcome.errors)
    phones = [cell for name, cell in zip(HEADER, cells, strict=False) if name == "求助号码"]
    if isinstance(outcome, Reading) and outcome.candidate and phones == ["13700001111"]:
        assert outcome.candidate.data["appellant"]["phone"]  # never a case without its phone


@seed(3)
@quick
@given(st.text(max_size=300), st.integers(0, 20_000))
def test_names_of_columns(name: str, index: int) -> None:
    assert plain(plain(name)) == plain(name) or len(name) > 1
    letters = column_letters(index)
    number = 0
    for letter in letters:
        number = number * 26 + string.ascii_uppercase.index(letter) + 1
    assert number == index + 1


def mutated_text(dice: random.Random) -> bytes:
    """Title lines, a header and rows under some separator and encoding; then bytes cut, doubled or replaced."""
    mark = dice.choice(",\t;|，")
    lines = [HEADER, *([CASE] * dice.randrange(4))]
    text = "\r\n".join(mark.join(f'"{cell}"' if dice.random() < 0.2 else cell for cell in line) for line in lines)
    content = bytearray(text.encode(dice.choice(["utf-8", "gbk", "utf-16", "utf-8-sig"])))
    return bytes(_damaged(content, dice))


def _damaged(content: bytearray, dice: random.Random) -> bytearray:
    for _ in range(dice.randrange(6)):
        place = dice.randrange(len(content) + 1)
        match dice.randrange(4):
            case 0:
                del content[place : place + dice.randrange(40)]
            case 1:
                content[place:place] = bytes(dice.randrange(256) for _ in range(dice.randrange(8)))
            case 2:
                content[place:place] = content[: dice.randrange(200)]
            case _:
                content[place:place] = dice.choice([b'"', b"\0", b"\n", b"\r", b"<", b">", b"&", b"\xff\xfe"])
    return content


def read_here(content: bytes) -> str:
    """Read in this process: fit for texts, whose reader is Python alone."""
    try:
        lines = list(read(content, LAYOUT))
    except UnusableSheet as error:
        return "refused" if is_told(str(error)) else f"refused without a reason: {error}"
    assert lines[0]["total"] == len(lines) - 2
    numbers = [line[0] for line in lines[1:-1]]
    assert numbers == sorted(set(numbers))
    return "read"


def test_texts_that_nobody_meant() -> None:
    came_to = {read_here(mutated_text(random.Random(number))) for number in range(5 * EXAMPLES)}
    assert came_to == {"read", "refused"}


@pytest.mark.parametrize("part", range(4))
async def test_workbooks_that_nobody_meant_go_through_the_process(part: int) -> None:
    for number in range(part * PROCESSES // 4, (part + 1) * PROCESSES // 4):
        content, reason = damaged(random.Random(number)), "读"
        try:
            async with open_sheet(content, LAYOUT) as sheet:
                assert len(await sheet.rows(sheet.total + 1)) == sheet.total
        except UnusableSheet as error:
            reason = str(error)
        assert is_told(reason), number
