"""The CloudEvents SDK as referee: it reads what we write, we read what it writes."""

from datetime import UTC, datetime

import pytest
from cloudevents.core.base import BaseCloudEvent
from cloudevents.core.bindings import http, kafka
from cloudevents.core.formats.json import JSONFormat

from shared.contracts.base import Contract
from shared.contracts.generate.schemas import example_of
from shared.contracts.registry import all_contracts
from shared.messaging.event import Event, decode, encode

FORMAT = JSONFormat()
AT = datetime(2026, 3, 3, 8, 5, 10, 123456, tzinfo=UTC)
each_event = pytest.mark.parametrize("declared", all_contracts(), ids=lambda declared: declared.name)


def ours(declared: Contract) -> Event:
    return Event(
        id="019cb2ba-c2f0-7c4e-9a52-7f1f0c2f7a11",
        source=f"/huifang/{declared.owner}",
        type=declared.type,
        time=AT,
        key="C0001017",
        data=example_of(declared),
        subject="工单/WX202603030017",
        lineage="019cb2ba-c2f0-7c4e-9a52-000000000001",
        cause="019cb2ba-c2f0-7c4e-9a52-000000000002",
        traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    )


def theirs(event: Event) -> BaseCloudEvent:
    headers, value = encode(event)
    return kafka.from_binary(kafka.KafkaMessage(dict(headers), event.key, value), FORMAT)


def assert_same(read: BaseCloudEvent, event: Event) -> None:
    assert read.get_specversion() == "1.0"
    assert (read.get_id(), read.get_source(), read.get_type()) == (event.id, event.source, event.type)
    assert (read.get_time(), read.get_subject()) == (event.time, event.subject)
    assert read.get_extension("partitionkey") == event.key
    assert read.get_extension("lineageid") == event.lineage
    assert read.get_extension("causationid") == event.cause
    assert read.get_data() == event.data


@each_event
def test_the_sdk_reads_what_we_put_on_kafka(declared: Contract) -> None:
    assert_same(theirs(ours(declared)), ours(declared))


@each_event
def test_we_read_what_the_sdk_puts_on_kafka(declared: Contract) -> None:
    event = ours(declared)
    message = kafka.to_binary(theirs(event), FORMAT)
    trace = ("traceparent", event.traceparent.encode())
    assert message.key == event.key
    assert decode([*message.headers.items(), trace], message.value) == event


@each_event
def test_our_events_lose_nothing_over_http_binary_and_structured(declared: Contract) -> None:
    event = ours(declared)
    binary = http.to_binary(theirs(event), FORMAT)
    structured = http.to_structured(theirs(event), FORMAT)
    assert_same(http.from_http(binary, FORMAT), event)
    assert_same(http.from_http(structured, FORMAT), event)


def test_an_event_without_optional_attributes_is_read_too() -> None:
    bare = Event("1", "/test", "boiler.replaced", AT, "C1", {"a": "煤气"})
    read = theirs(bare)
    assert read.get_subject() is None
    assert read.get_extension("lineageid") is None
    assert read.get_data() == {"a": "煤气"}
