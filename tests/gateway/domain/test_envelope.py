"""Reading CloudEvents."""

import contextlib

import orjson
import pytest
from cloudevents.core.bindings.http import HTTPMessage, to_binary_event, to_structured_event
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.domain.envelope import Envelope, Unparseable, from_headers, read_envelope, split_batch

ATTRIBUTES = {"id": "订单-1", "source": "/erp/hz", "type": "order.completed", "specversion": "1.0"}


def read(raw: bytes) -> Envelope:
    envelope = read_envelope(raw)
    assert isinstance(envelope, Envelope)
    return envelope


@pytest.mark.parametrize("mode", ["structured", "binary"])
def test_what_the_reference_sdk_writes_is_read(mode: str) -> None:
    event = CloudEvent(attributes=ATTRIBUTES | {"datacontenttype": "application/json"}, data={"订单": "1"})
    message: HTTPMessage = {"structured": to_structured_event, "binary": to_binary_event}[mode](event, JSONFormat())
    headers = {name.lower(): value for name, value in message.headers.items()}
    raw = message.body if mode == "structured" else from_headers(headers, message.body)
    envelope = read(raw)
    assert (envelope.id, envelope.source, envelope.type) == ("订单-1", "/erp/hz", "order.completed")
    assert orjson.loads(bytes(envelope.data)) == {"订单": "1"}


@given(st.lists(st.recursive(st.none() | st.text() | st.integers(-(2**60), 2**60), st.lists, max_leaves=5)))
def test_any_array_is_split_into_its_items(items: list[object]) -> None:
    assert [orjson.loads(part) for part in split_batch(orjson.dumps(items))] == items


def test_an_item_nested_without_end_stands_alone() -> None:
    deep = b'{"data":' + b"[" * 9000 + b"]" * 9000 + b"}"
    first, second, third = split_batch(b'[{"id":"a,]"}, ' + deep + b' , {"id":"b"}]')
    assert (first, third) == (b'{"id":"a,]"}', b'{"id":"b"}')
    errors = read_envelope(second)
    assert isinstance(errors, list)
    assert "嵌套" in errors[0].reason


def test_an_item_with_half_a_surrogate_stands_alone() -> None:
    first, second = split_batch(rb'[{"id":"\ud800"},{"id":"b"}]')
    assert isinstance(read_envelope(first), list)
    assert read(second).id == "b"


@pytest.mark.parametrize("body", [b"", b"[", b"[1", b"{}", b'{"a":[1]}', b"[1]]", b"[{]", b"nonsense", b"[1] 2"])
def test_what_is_no_array_is_refused_as_a_whole(body: bytes) -> None:
    with pytest.raises(Unparseable):
        split_batch(body)


@given(st.binary(max_size=200))
def test_no_bytes_bring_the_reader_down(body: bytes) -> None:
    read_envelope(body)
    with contextlib.suppress(Unparseable):
        split_batch(body)
