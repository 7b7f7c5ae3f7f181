"""What senders' words mean: matched whole, the source's own before those of the field."""

from dataclasses import replace
from typing import Any

import pytest

from services.gateway.domain import erpnext, hotline, odoo
from services.gateway.domain.documents import Options, Reading
from services.gateway.domain.words import (
    CHANNELS,
    FLAGS,
    KINDS,
    RESOLVED,
    SATISFACTIONS,
    STATES,
    TABLES,
    URGENCIES,
    check_words,
    meaning,
    own_words,
)
from shared.zone import ORG_ZONE

CITY = Options("city", "hotline", ORG_ZONE)
CASE: dict[str, Any] = {
    "工单编号": "W7", "标题": "井盖松动", "诉求内容": "井盖松动", "诉求性质": "求助", "事发区域": "滨江区", "诉求人": "丁",
    "联系电话": "13700007411", "办结时间": "2026-11-20 09:10:00", "主办单位": "区市政所",
    "工单状态": "已办结", "处置结果": "已加固",
}  # fmt: skip


def reading(changes: dict[str, Any], options: Options = CITY) -> Reading:
    read = hotline.read(CASE | changes, options)
    assert isinstance(read, Reading), read
    return read


def data(changes: dict[str, Any], options: Options = CITY) -> dict[str, Any]:
    candidate = reading(changes, options).candidate
    assert candidate is not None
    return candidate.data


@pytest.mark.parametrize(
    ("table", "word", "told"),
    [
        (STATES, "已办结", "closed"), (STATES, "归档", "closed"), (STATES, "办结（未解决）", "closed_unresolved"),
        (STATES, "未解决", "closed_unresolved"), (STATES, "退回", "returned"), (STATES, "重办中", "reopened"),
        (STATES, "已撤单", "cancelled"), (STATES, "办结审核中", None), (STATES, "待审核", None), (STATES, "拟办结", None),
        (STATES, "待办结", None), (STATES, "申请办结", None), (STATES, "办结时限内", None), (STATES, "不予办结", None),
        (STATES, "办结待回访", None), (STATES, "未归档", None),
        (URGENCIES, "非紧急", "normal"), (URGENCIES, "不紧急", "normal"), (URGENCIES, "一般", "normal"),
        (URGENCIES, "紧急", "urgent"), (URGENCIES, "特急", "critical"), (URGENCIES, "未加急", None),
        (URGENCIES, "特殊人群", None),
        (CHANNELS, "12345APP", "app"), (CHANNELS, "１２３４５ａｐｐ", "app"), (CHANNELS, "12345 热线", "phone"),
        (CHANNELS, "短信", "other"), (CHANNELS, "网络电话", None), (CHANNELS, "微信公众号", "wechat"),
        (CHANNELS, "来信", "letter"),
        (RESOLVED, "解决", "yes"), (RESOLVED, "部分解决", "partly"), (RESOLVED, "未解决", "no"), (RESOLVED, "没解决", "no"),
        (RESOLVED, "正在解决", None),
        (SATISFACTIONS, "不满意", "dissatisfied"), (SATISFACTIONS, "满意", "satisfied"),
        (SATISFACTIONS, "基本满意", "basically"),
        (SATISFACTIONS, "非常不满意", "very_dissatisfied"), (SATISFACTIONS, "未评价", "no_comment"),
        (FLAGS, "不是", "no"), (FLAGS, "实名", "no"), (FLAGS, "√", "yes"), (KINDS, "意见", "建议"), (KINDS, "非投诉", None),
    ],
)  # fmt: skip
def test_words_are_matched_whole(table: dict[str, str], word: str, told: str | None) -> None:
    assert meaning(table, {}, word) == told


def test_a_case_that_is_not_urgent_is_not() -> None:
    assert data({"紧急程度": "非紧急"})["urgency"] == "normal"


@pytest.mark.parametrize("state", ["办结审核中", "待办结", "拟结案", "办结申请中", "待归档"])
def test_what_comes_before_a_closing_is_none(state: str) -> None:
    read = reading({"工单状态": state})
    assert read.candidate is None
    assert read.ignored == f"状态 {state} 不是办结状态"


@pytest.mark.parametrize(
    ("word", "resolution", "resolved"), [("解决", "yes", True), ("部分解决", "partly", None), ("未解决", "no", False)]
)
def test_partly_resolved_is_a_value_of_its_own(word: str, resolution: str, resolved: bool | None) -> None:
    told = data({"是否解决": word})
    assert (told["resolution_claim"], told.get("resolved_claim")) == (resolution, resolved)


def test_a_push_in_our_own_shape_says_the_same() -> None:
    assert data({"resolved_claim": False})["resolution_claim"] == "no"
    assert data({"resolution_claim": "partly"})["resolution_claim"] == "partly"


@pytest.mark.parametrize(
    ("column", "word", "path"),
    [("紧急程度", "督办件", "urgency"), ("诉求渠道", "鸽子", "channel"), ("是否解决", "差不多", "resolution_claim"),
     ("满意度", "还行吧", "satisfaction"), ("延期次数", "两次", "extension_count"), ("是否疑难", "不好说", "is_difficult"),
     ("受理时间", "上周", "accepted_at")],
)  # fmt: skip
def test_an_unknown_word_in_an_optional_column_is_kept_and_noted(column: str, word: str, path: str) -> None:
    read = reading({column: word})
    assert read.candidate is not None
    assert read.candidate.data["as_written"] == {path: word}
    assert path not in read.candidate.data
    assert [note.field for note in read.notes] == [column]


def test_whoever_may_have_wanted_no_call_gets_none() -> None:
    read = reading({"是否保密": "内部掌握"})
    assert read.candidate is not None
    assert read.candidate.data["is_confidential"] is True
    assert [note.field for note in read.notes] == ["是否保密"]


def test_a_sources_own_words_come_first() -> None:
    stored = {"state": {"待回访": "closed"}, "urgency": {"紧急": "critical", "督办件": "critical"},
              "resolved": {"差不多": "partly"}, "channel": {"短信": "phone"}, "satisfaction": {"还行吧": "basically"},
              "kind": {"其他": "咨询"}}  # fmt: skip
    own = replace(CITY, words=own_words(stored))
    told = data(
        {
            "工单状态": "待回访",
            "紧急程度": "紧 急",
            "是否解决": "差不多",
            "诉求渠道": "短信",
            "满意度": "还行吧",
            "诉求性质": "其他",
        },
        own,
    )
    assert (told["handle_status"], told["urgency"], told["resolution_claim"]) == ("closed", "critical", "partly")
    assert (told["channel"], told["satisfaction"], told["appeal_kind"]) == ("phone", "basically", "咨询")
    assert "as_written" not in told


@pytest.mark.parametrize(
    ("kind", "words", "field", "told"),
    [
        ("hotline", {"state": {"待回访": "zu"}}, "options.words.state", "没有 zu 这个含义"),
        ("hotline", {"state": {" ": "closed"}}, "options.words.state", "1–100 字"),
        ("odoo", {"urgency": {"急": "urgent"}}, "options.words.urgency", "可设置的有：state"),
        ("cloudevents", {"state": {"x": "completed"}}, "options.words.state", "没有可设置的词"),
    ],
)
def test_words_are_checked_when_they_are_saved(kind: str, words: dict[str, Any], field: str, told: str) -> None:
    (error,) = check_words(kind, words)
    assert error.field == field
    assert told in error.reason


def test_every_meaning_may_be_set() -> None:
    for name, table in TABLES.items():
        assert check_words("hotline", {name: {f"某词{one}": one for one in table.values()}}) == []


def test_own_words_say_what_other_systems_states_mean() -> None:
    flow = own_words({"state": {"已交付": "completed", "已作废": "cancelled"}})
    order = {
        "doctype": "Sales Order",
        "name": "SO-9",
        "status": "已交付",
        "customer": "C1",
        "modified": "2026-11-20 09:00:00",
    }
    sold = {"_model": "sale.order", "_id": 9, "state": "已交付", "partner_id": 1, "write_date": "2026-11-20 09:00:00"}
    for read in (
        erpnext.read(order, Options("f", "erpnext", ORG_ZONE, words=flow)),
        odoo.read(sold, Options("o", "odoo", ORG_ZONE, words=flow)),
    ):
        assert isinstance(read, Reading)
        assert read.candidate is not None
