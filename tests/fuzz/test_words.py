"""Ten thousand words with all that people put around them: no word is ever taken for another one."""

import random
from typing import Any

from services.gateway.domain import hotline
from services.gateway.domain.documents import Options, Reading, Refused
from services.gateway.domain.words import TABLES, meaning, plain_word
from shared.zone import ORG_ZONE

EXAMPLES = 10_000
CITY = Options("city", "hotline", ORG_ZONE)
CASE: dict[str, Any] = {
    "工单编号": "F1", "诉求内容": "井盖松动", "诉求性质": "求助", "事发区域": "滨江区", "诉求人": "丁",
    "联系电话": "13700007411", "办结时间": "2026-11-20 09:10:00", "主办单位": "区市政所", "工单状态": "已办结",
    "处置结果": "已加固",
}  # fmt: skip
COLUMNS = {
    "工单状态": "state",
    "紧急程度": "urgency",
    "诉求渠道": "channel",
    "是否解决": "resolved",
    "满意度": "satisfaction",
}
BEFORE = ("", "", "非", "未", "不", "拟", "待", "申请", "已", "尚未", "部分", "12345", " ", "　", "<b>")
AFTER = ("", "", "审核中", "中", "APP", "件", "类", "待回访", "。", " ", "\t", "?", "（补）", "😀", "</b>")


def words(draw: random.Random) -> tuple[str, str, str]:
    column = draw.choice(sorted(COLUMNS))
    table = TABLES[COLUMNS[column]]
    word = draw.choice(sorted(table))
    return column, word, draw.choice(BEFORE) + word + draw.choice(AFTER)


def test_a_word_means_what_the_table_says_of_the_whole_of_it_or_nothing() -> None:
    draw = random.Random(12345)
    for _ in range(EXAMPLES):
        column, word, written = words(draw)
        table = TABLES[COLUMNS[column]]
        told = meaning(table, {}, written)
        assert told == table.get(plain_word(written))
        if any(sign in written for sign in ("审核中", "拟", "待")) and column == "工单状态":
            assert told not in ("closed", "closed_unresolved"), written
        if plain_word(written) == word:
            assert told == table[word]


def test_whatever_is_written_in_an_optional_column_the_case_is_read() -> None:
    draw = random.Random(54321)
    for _ in range(EXAMPLES):
        column, _, written = words(draw)
        read = hotline.read(CASE | {column: written}, CITY)
        if column == "工单状态" or not written.strip():
            assert isinstance(read, Reading | Refused)
            continue
        assert isinstance(read, Reading), (column, written, read)
        assert read.candidate is not None
        known = meaning(TABLES[COLUMNS[column]], {}, written) is not None
        assert known == (not read.notes), (column, written)
        assert known != ("as_written" in read.candidate.data)
