"""Which candidates are facts."""

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from services.gateway.commands import accept
from services.gateway.domain.envelope import read_envelope
from services.gateway.domain.facts import customer_id, judge, read_candidate, with_read_numbers
from services.gateway.domain.faults import MOST_BYTES
from services.gateway.domain.problems import FieldError
from shared.messaging.event import Event, event_key
from shared.privacy import Sealer, with_numbers
from shared.testing.events import example
from shared.testing.served import DATA_KEY

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
SEALER = Sealer.from_text(DATA_KEY)
LONG = "天" * 201


def envelope(**changes: Any) -> dict[str, Any]:
    base = {
        "specversion": "1.0",
        "id": "e1",
        "source": "/erp/hz",
        "type": "order.completed",
        "time": "2026-03-02T09:00:00+08:00",
        "data": example("order.completed"),
    }
    return {name: value for name, value in (base | changes).items() if value is not ...}


def outcome(**changes: Any) -> Event | list[FieldError]:
    read = read_envelope(orjson.dumps(envelope(**changes)))
    candidate = read if isinstance(read, list) else read_candidate(read)
    return candidate if isinstance(candidate, list) else judge(with_read_numbers(candidate), NOW, SEALER)


def accepted(**changes: Any) -> Event:
    result = outcome(**changes)
    assert isinstance(result, Event), result
    return result


def refused(**changes: Any) -> dict[str, str]:
    result = outcome(**changes)
    assert isinstance(result, list), "was accepted"
    return {error.field: error.reason for error in result}


def test_short_and_wire_names_mean_the_same_type() -> None:
    wire = "cn.huifang.erp.order.completed.v1"
    assert accepted(type="order.completed").type == accepted(type=wire).type == wire


def test_the_senders_id_source_time_and_data_stay_on_the_event() -> None:
    event = accepted()
    assert (event.id, event.source) == ("e1", "/erp/hz")
    assert event.time == datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
    assert event.data["lines"] == example("order.completed")["lines"]
    assert event.lineage == str(event_key(event.time, "/erp/hz", "e1"))
    assert event.subject == "SO20260302-00417"


def test_only_a_proper_trace_is_carried_on() -> None:
    trace = f"00-{'a' * 32}-{'b' * 16}-01"
    assert accepted(traceparent=trace).traceparent == trace
    assert accepted(traceparent="nonsense\n").traceparent == accepted(traceparent=5).traceparent == ""


def test_an_event_without_a_time_happened_when_it_was_received() -> None:
    assert accepted(time=...).time == NOW


@pytest.mark.parametrize(
    ("data", "changes", "key"),
    [
        ({"customer": {"id": "C7"}}, {"partitionkey": "P1"}, "P1"),
        ({"customer": {"id": "C7"}}, {}, "C7"),
        ({"customer": {"id": 7}}, {}, "7"),
        ({"customer": {"id": ""}}, {}, "/erp/hz"),
        ({"customer": []}, {}, "/erp/hz"),
        ({}, {}, "/erp/hz"),
    ],
)
def test_the_key_is_the_partition_key_else_the_customer_else_the_source(
    data: dict[str, Any], changes: dict[str, Any], key: str
) -> None:
    assert accepted(type="my.own", data=data, **changes).key == key


def test_a_12345_case_gets_the_customer_its_appellants_phone_stands_for() -> None:
    case = example("hotline.case_closed", customer=None, appellant={"name": "陈先生", "phone": "137 0013 7000"})
    event = accepted(type="hotline.case_closed", data=case)
    token = SEALER.seal("+8613700137000")
    assert event.key == event.data["customer"]["id"] == customer_id(token)
    assert event.data["customer"]["phone"] == token


def test_an_anonymous_case_is_ordered_by_its_source() -> None:
    case = example("hotline.case_closed", customer=None, appellant=None, is_anonymous=True)
    assert accepted(type="hotline.case_closed", data=case).key == "/erp/hz"


def test_no_phone_or_id_number_stays_in_clear_anywhere() -> None:
    data = {
        "customer": {"id": "13800138001", "phone": "13800138000", "phones": ["+86 138-0013-8002", "0571-87654321"]},
        "contact_mobile": 13800138003,
        "other": "13800138004",
        "id_number": "330106198603211234",
        "nested": [{"备注": "请打13800138005或0571-87654399，证件330106198603211235"}],
    }
    event = accepted(type="my.own", data=data, partitionkey="13800138006", subject="13800138007")
    text = str(event)
    for number in ("1380013800", "8765432", "87654399", "33010619860321"):
        assert number not in text.replace("-", "").replace(" ", "")
    assert event.data["customer"]["phone"] == SEALER.seal("+8613800138000")
    assert event.data["nested"][0]["备注"] == "请打138****8005或0571-****399，证件330106********5"


def test_a_number_sealed_by_somebody_else_is_refused() -> None:
    token = Sealer(b"x" * 64).seal("+8613800138000")
    assert "本系统" in refused(type="my.own", data={"phone": token})["data"]
    assert "本系统" in refused(type="my.own", data={"any": "sealed:v1:garbage"})["data"]


def test_codes_that_look_like_numbers_keep_their_value() -> None:
    data = {"case_no": "330106202603020023", "meter": "0571876543219", "n": 5, "flag": True, "amount": 12.5}
    assert accepted(type="my.own", data=data).data == data


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"specversion": "0.3"}, "specversion"),
        ({"id": ...}, "id"),
        ({"id": 5}, "id"),
        ({"id": " "}, "id"),
        ({"id": "a\nb"}, "id"),
        ({"id": "a\0b"}, "id"),
        ({"id": "x" * 257}, "id"),
        ({"source": "/huifang/visits"}, "source"),
        ({"type": None}, "type"),
        ({"type": ["a"]}, "type"),
        ({"type": "visit.completed"}, "type"),
        ({"type": "cn.huifang.followup.released.v1"}, "type"),
        ({"subject": {}}, "subject"),
        ({"partitionkey": ""}, "partitionkey"),
        ({"datacontenttype": "text/xml"}, "datacontenttype"),
        ({"data_base64": "AA=="}, "data_base64"),
        ({"time": 1772413200}, "time"),
        ({"time": "2026-03-02 09:00"}, "time"),
        ({"time": "yesterday"}, "time"),
        ({"time": "1999-12-31T23:59:59Z"}, "time"),
        ({"time": (NOW + timedelta(days=2, seconds=1)).isoformat()}, "time"),
        ({"data": ...}, "data"),
        ({"data": None}, "data"),
        ({"data": [1]}, "data"),
        ({"data": "text"}, "data"),
        ({"type": "my.own", "data": {"a": "x" * MOST_BYTES}}, "data"),
        ({"type": "my.own", "data": {"a": {"b": ["fine", "a\0b"]}}}, "data.a.b.1"),
        ({"type": "my.own", "data": {"a\0": 1}}, "data"),
    ],
)
def test_what_is_wrong_is_named(changes: dict[str, Any], field: str) -> None:
    errors = refused(**changes)
    assert list(errors) == [field]
    assert any("\u4e00" <= letter <= "\u9fff" for letter in errors[field])


def test_data_nested_too_deeply_is_refused() -> None:
    data: dict[str, Any] = {}
    for _ in range(40):
        data = {"a": data}
    assert "32 层" in refused(type="my.own", data=data)["data"]


@pytest.mark.parametrize("kind", ["stage.done", "customer.updated"])
@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"order_no": LONG}, "data.order_no"),
        ({"alarm_no": {"a": LONG}}, "data.alarm_no"),
        ({"visit_id": LONG}, "data.visit_id"),
        ({"host_dept": {"code": LONG}}, "data.host_dept.code"),
        ({"customer": {"id": LONG}}, "data.customer.id"),
    ],
)
def test_a_name_that_no_database_could_find_a_fact_by_is_refused(kind: str, data: dict[str, Any], field: str) -> None:
    assert list(refused(type=kind, data=example("customer.updated") | data)) == [field]


def test_every_error_of_a_contract_is_told_in_chinese() -> None:
    order = example("order.completed", order_type="gift", amount=12.5, completed_at="2026-03-02T10:00:00")
    order["customer"] |= {"id": "", "do_not_contact": "no"}
    del order["org"]
    assert refused(data=order) == {
        "data.order_type": "取值只能是 sale、service、install、rental",
        "data.amount": "应为文本（加引号的字符串）",
        "data.org": "缺少必填字段",
        "data.customer.id": "不能为空",
        "data.customer.do_not_contact": "应为 true 或 false",
    }


def test_times_inside_the_data_need_a_zone_and_a_sane_year() -> None:
    order = example("order.completed", completed_at="2026-03-02T10:00:00")
    order["delivery"] |= {"signed_at": "0001-01-01T00:00:00+08:00"}
    assert set(refused(data=order)) == {"data.completed_at", "data.delivery.signed_at"}
    case = example("hotline.case_closed", contact_log=[{"at": "2026-03-02T10:00:00"}])
    assert set(refused(type="hotline.case_closed", data=case)) == {"data.contact_log.0.at"}


def test_a_case_without_appellant_must_say_it_is_anonymous() -> None:
    assert "匿名" in refused(type="hotline.case_closed", data=example("hotline.case_closed", appellant=None))["data"]


def test_every_golden_example_of_an_incoming_fact_is_accepted() -> None:
    from shared.contracts.base import INTAKE
    from shared.contracts.registry import all_contracts

    for declared in all_contracts():
        if declared.topic == INTAKE:
            data = example(declared.name)
            source = data.get("event_source", "/erp/hz")  # a sender withdraws facts of its own only
            assert accepted(type=declared.name, data=data, source=source).type == declared.type


def test_the_numbers_of_a_fact_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Any] = []

    def reading(data: dict[str, Any]) -> Any:
        read.append(data)
        return with_numbers(data)

    monkeypatch.setattr("services.gateway.domain.facts.with_numbers", reading)
    body = orjson.dumps(
        envelope(data=example("order.completed") | {"customer": {"id": "C1", "phone": "136 0000 1234"}})
    )
    judged = accept._judge(accept.Submitted(body), NOW, SEALER)
    assert isinstance(judged, accept.Judged)
    assert SEALER.unseal(judged.event.data["customer"]["phone"]) == "+8613600001234"
    assert len(read) == 1
