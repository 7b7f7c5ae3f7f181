"""12345 cases, pushed and as rows."""

from datetime import UTC, datetime
from typing import Any

import pytest

from services.gateway.domain import generic, hotline
from services.gateway.domain.documents import Document, Known, News, Options, Reading, Refused, news
from services.gateway.domain.facts import judge, with_read_numbers
from services.gateway.domain.hotline_fields import NAMES, path_of
from shared.messaging.event import Event
from shared.privacy import Sealer
from shared.testing.events import example
from shared.testing.served import DATA_KEY
from shared.zone import ORG_ZONE

NOW = datetime(2026, 11, 21, tzinfo=UTC)
SEALER = Sealer.from_text(DATA_KEY)
CITY = Options("city", "hotline", ORG_ZONE)
ROW: dict[str, Any] = {
    "工单编号（必填）": "3301202611200000011",
    "诉求内容": "小区门口积水，请尽快处理",
    "诉求渠道": "12345热线电话",
    "诉求性质": "求助类",
    "紧急程度": "特急",
    "事发区域": "西湖区",
    "求助人员": "林女士",
    "性别": "女",
    "求助号码": "13700138001，0571-88886666",
    "办结时间": "2026/11/20 15:40",
    "主办单位": "区住建局",
    "协办单位": "街道办、物业",
    "工单状态": "已办结",
    "处置结果": "已疏通管道",
    "是否解决": "是",
    "延期次数": 1.0,
    "备注": "无",
}


def fact(fields: dict[str, Any], options: Options = CITY) -> Event:
    reading = hotline.read(fields, options)
    assert isinstance(reading, Reading), reading
    assert reading.candidate is not None, reading.ignored
    event = judge(with_read_numbers(reading.candidate), NOW, SEALER)
    assert isinstance(event, Event), event
    return event


def refused(fields: dict[str, Any]) -> dict[str, str]:
    reading = hotline.read(fields, CITY)
    if isinstance(reading, Refused):
        return {error.field: error.reason for error in reading.errors}
    assert reading.candidate is not None, reading.ignored
    errors = judge(with_read_numbers(reading.candidate), NOW, SEALER)
    assert isinstance(errors, list), "was accepted"
    return {error.field: error.reason for error in hotline.in_senders_words(errors, fields, CITY)}


def without(*names: str) -> dict[str, Any]:
    return {name: value for name, value in ROW.items() if name not in names}


def test_a_row_with_chinese_headers_is_a_fact() -> None:
    event = fact(ROW)
    data = event.data
    assert event.source == "/hotline/city"
    assert event.time == datetime(2026, 11, 20, 7, 40, tzinfo=UTC)
    assert data["case_no"] == event.subject == "3301202611200000011"
    assert (data["channel"], data["appeal_kind"], data["urgency"]) == ("phone", "求助", "critical")
    assert data["area"] == {"code": "西湖区", "name": "西湖区"}
    assert data["host_dept"] == {"code": "区住建局", "name": "区住建局"}
    assert [dept["name"] for dept in data["assist_depts"]] == ["街道办", "物业"]
    assert data["closed_at"] == "2026-11-20T15:40:00+08:00"
    assert (data["handle_status"], data["resolved_claim"], data["extension_count"]) == ("closed", True, 1)
    assert data["appellant"]["phone"] == SEALER.seal("+8613700138001")
    assert data["customer"]["phones"] == [SEALER.seal("+8657188886666")]
    assert "备注" not in data


def test_a_push_in_our_own_shape_is_taken_over() -> None:
    pushed = example("hotline.case_closed", customer=None)
    event = fact(pushed)
    for field in (
        "case_no",
        "content",
        "appeal_kind",
        "category",
        "area",
        "host_dept",
        "handle_status",
        "handle_result",
    ):
        assert event.data[field] == pushed[field]


def test_a_push_in_camel_case_inside_of_data_is_understood() -> None:
    pushed = {"hotlineNo": "33012026112099", "platformNo": 118842, "content": "问题", "appealKind": "投诉",
              "areaName": "西湖区", "appellantName": "王", "appellantPhone": 13700138001, "closeTime": 1795170727000,
              "hostDeptName": "城管局",
              "handleStatus": "closed_unresolved", "handleResult": "正在协调", "hotlineSource": "微信公众号"}  # fmt: skip
    data = fact({"code": 0, "data": pushed}).data
    assert (data["platform_no"], data["channel"], data["handle_status"]) == ("118842", "wechat", "closed_unresolved")


def test_push_and_row_of_one_closing_are_one_fact() -> None:
    pushed = {**without("办结时间"), "closed_at": "2026-11-20T15:40:00+08:00", "updateTime": "2026-11-20 16:00:00"}
    assert fact(pushed).id == fact(ROW).id == "3301202611200000011/closed/2026-11-20T07:40:00+00:00"


@pytest.mark.parametrize(
    ("changes", "column", "words"),
    [
        ({"工单编号（必填）": "3.30E+18"}, "工单编号（必填）", "科学计数法"),
        ({"工单编号（必填）": 3.3012026112e18}, "工单编号（必填）", "末几位已丢失"),
        ({"求助号码": "1.38E+10"}, "求助号码", "科学计数法"),
        ({"办结时间": "上周"}, "办结时间", "无法识别的时间"),
        ({"办结时间": ""}, "办结时间", "缺少"),
        ({"办结时间": "2026-12-20"}, "办结时间", "晚于当前时间"),
        ({"工单状态": "—"}, "工单状态", "缺少"),
        ({"诉求性质": "其他"}, "诉求性质", "含义不明"),
        ({"诉求内容": "字" * 8001}, "诉求内容", "8000"),
        ({"主办单位": None}, "主办单位", "缺少"),
        ({"事发区域": None}, "事发区域", "缺少"),
        ({"处置结果": {"a": 1}}, "处置结果", "应为文本"),
        ({"工单编号（必填）": ["1"]}, "工单编号（必填）", "应为文本"),
        ({"诉求渠道": {"a": 1}}, "诉求渠道", "应为文本"),
    ],
)
def test_a_broken_cell_is_refused_by_its_column(changes: dict[str, Any], column: str, words: str) -> None:
    errors = refused(ROW | changes)
    assert list(errors) == [column]
    assert words in errors[column]


def test_all_broken_cells_of_a_row_are_named() -> None:
    assert set(refused(ROW | {"诉求性质": "?", "办结时间": "?", "工单编号（必填）": ""})) == {
        "诉求性质",
        "办结时间",
        "工单编号（必填）",
    }


@pytest.mark.parametrize("text", ['="3301202611200000011"', "'3301202611200000011", "3301202611200000011\t"])
def test_tricks_that_keep_numbers_text_are_undone(text: str) -> None:
    assert fact(ROW | {"工单编号（必填）": text}).data["case_no"] == "3301202611200000011"


def test_an_open_case_is_acknowledged_and_ignored() -> None:
    reading = hotline.read(ROW | {"工单状态": "办理中", "办结时间": ""}, CITY)
    assert isinstance(reading, Reading)
    assert reading.ignored == "状态 办理中 不是办结状态"


def test_no_two_fields_share_a_name() -> None:
    for path, names in NAMES.items():
        assert {path_of(name) for name in (*names, path)} == {path}


OLD, NEW = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("known", "reported", "expected"),
    [
        (None, Document("1", "closed", OLD, "f"), News.NEW),
        (Known(OLD, ""), Document("1", "closed", NEW, "f"), News.NEW),
        (Known(OLD, "f"), Document("1", "closed", NEW, "f"), News.SAME),
        (Known(NEW, "f"), Document("1", "closed", OLD, "f"), News.SAME),
        (Known(NEW, ""), Document("1", "closed", OLD, "f"), News.OLDER),
        (Known(NEW, "f"), Document("1", "open", OLD), News.OLDER),
        (Known(OLD, "f"), Document("1", "closed", NEW, "g"), News.NEW),
    ],
)
def test_only_the_newest_state_counts_and_each_fact_once(
    known: Known | None, reported: Document, expected: News
) -> None:
    assert news(known, reported) is expected


def test_a_generic_sender_is_mapped_and_its_times_get_a_zone() -> None:
    options = Options("meters", "generic", ORG_ZONE, type="meter.read", fields={"work_order_no": "no", "customer.id": "who.id"},
                      constants={"org.code": "CD"})  # fmt: skip
    reading = generic.read({"no": "M1", "who": {"id": "C1"}, "done_at": "2026-11-20 18:32:07"}, options)
    assert isinstance(reading, Reading)
    assert reading.candidate is not None
    event = judge(with_read_numbers(reading.candidate), NOW, SEALER)
    assert isinstance(event, Event), event
    assert (event.name, event.key, event.subject) == ("meter.read", "C1", "M1")
    assert event.data["done_at"] == "2026-11-20T18:32:07+08:00"


def test_a_generic_message_without_a_type_is_refused() -> None:
    assert isinstance(generic.read({"no": 1}, Options("x", "generic", ORG_ZONE)), Refused)
