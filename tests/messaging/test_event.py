"""What travels: written and read back, malformed or whole, with an identity that is the same everywhere."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.messaging.arrived import arrive
from shared.messaging.broker import Record
from shared.messaging.event import Event, MalformedEvent, decode, encode, event_key
from tests.messaging.rig import thing

texts = st.text(st.characters(codec="utf-8"), max_size=20)
zones = st.integers(min_value=-12, max_value=14).map(lambda hours: timezone(timedelta(hours=hours)))
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(min_value=-(2**53), max_value=2**53) | texts,
    lambda children: st.lists(children, max_size=3) | st.dictionaries(texts, children, max_size=3),
    max_leaves=8,
)
events = st.builds(
    Event,
    id=texts.filter(bool),
    source=texts.filter(bool),
    type=texts.filter(bool),
    time=st.integers(min_value=10**8, max_value=3 * 10**10).flatmap(
        lambda seconds: zones.map(lambda zone: datetime.fromtimestamp(seconds, zone))
    ),
    key=texts,
    data=st.dictionaries(texts, json_values, max_size=4),
    subject=texts,
    lineage=texts,
    cause=texts,
)


@given(events)
def test_an_event_is_read_as_it_was_written(event: Event) -> None:
    arrived = decode(*encode(event))
    assert arrived == event
    assert (arrived.event_key, arrived.day) == (event.event_key, event.day)


names = (
    st.sampled_from(["ce_id", "ce_source", "ce_type", "ce_time", "ce_specversion", "ce_subject", "traceparent"]) | texts
)
values = st.binary(max_size=30) | st.sampled_from(
    [b"2026-03-02T10:00:00Z", b"9999-12-31T23:59:59-12:00", b"a\0b", b"1"]
)


@given(st.lists(st.tuples(names, values), max_size=9), st.binary(max_size=40) | st.sampled_from([b"{}", b"[]", b"1"]))
def test_any_bytes_are_an_event_or_malformed_and_always_have_an_identity(
    headers: list[tuple[str, bytes]], value: bytes
) -> None:
    try:
        event = decode(headers, value)
    except MalformedEvent:
        event = None
    assert event is None or (event.id and event.source and event.type)
    arrived = arrive(Record("things-v1", 0, 7, 1_772_000_000_000, "C1", headers, value))
    assert arrived.event.event_key.version == 8
    assert isinstance(arrived.event.day, date)


def test_a_time_without_zone_is_utc() -> None:
    headers, value = encode(thing(1))
    headers = [(name, b"2026-03-02T10:00:00" if name == "ce_time" else old) for name, old in headers]
    assert decode(headers, value).time == datetime(2026, 3, 2, 10, tzinfo=UTC)


@pytest.mark.parametrize("name", ["ce_id", "ce_source", "ce_type", "ce_time"])
def test_a_missing_attribute_is_named(name: str) -> None:
    headers, value = encode(thing(1))
    with pytest.raises(MalformedEvent, match=name):
        decode([header for header in headers if header[0] != name], value)


def test_chinese_travels_unescaped() -> None:
    _, value = encode(thing(1, note="燃气灶"))
    assert "燃气灶" in value.decode()


def test_identity_is_source_and_id_and_the_day_is_that_of_utc() -> None:
    event = thing(1, at=datetime.fromisoformat("2026-03-02T07:00:00+08:00"))
    assert event.day == date(2026, 3, 1)
    same = {event_key(event.time, "/a", "1"), event_key(event.time.astimezone(UTC), "/a", "1")}
    assert len(same) == 1
    assert event_key(event.time, "/a", "1") != event_key(event.time, "/b", "1")


def test_a_polled_event_knows_when_the_broker_took_it_and_is_the_same_event() -> None:
    sent = thing(1)
    headers, value = encode(sent)
    polled = arrive(Record("things-v1", 0, 7, 1_772_000_000_000, "C1", headers, value)).event
    assert (sent.taken_ms, polled.taken_ms) == (0, 1_772_000_000_000)
    assert polled == sent


def test_malformed_records_are_told_apart_by_where_they_lie() -> None:
    def lying(offset: int) -> Record:
        return Record("things-v1", 0, offset, 1_772_000_000_000, "C1", [], b"{")

    assert arrive(lying(1)).event.event_key == arrive(lying(1)).event.event_key
    assert arrive(lying(1)).event.event_key != arrive(lying(2)).event.event_key
    assert arrive(lying(1)).malformed
