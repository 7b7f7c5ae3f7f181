"""Identifiers are ordered by time and, where derived, always the same."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from shared.ids import derived_from_digest, derived_id, is_visit_of, new_id, visit_id
from shared.zone import ORG_ZONE

instants = st.integers(min_value=10**5, max_value=10**13).map(lambda ms: datetime.fromtimestamp(ms / 1000, UTC))
AT = datetime(2026, 3, 2, tzinfo=UTC)


def test_new_ids_are_ordered_version_7() -> None:
    ids = [new_id() for _ in range(5000)]
    assert ids == sorted(set(ids))
    assert all((made.version, made.variant) == (7, "specified in RFC 4122") for made in ids)


@given(instants, st.lists(st.text(max_size=8), max_size=4))
def test_derived_ids_are_version_8_and_always_the_same(at: datetime, parts: list[str]) -> None:
    made = derived_id(at, *parts)
    assert made == derived_id(at, *parts)
    assert (made.version, made.variant) == (8, "specified in RFC 4122")
    assert made.int >> 80 == int(at.timestamp() * 1000)


@given(instants, instants)
def test_derived_ids_are_ordered_by_time(one: datetime, other: datetime) -> None:
    if one + timedelta(milliseconds=1) <= other:
        assert derived_id(one, "a") < derived_id(other, "a")


def test_other_parts_give_another_id() -> None:
    made = [derived_id(AT, *parts) for parts in [(), ("ab",), ("a", "b"), ("b", "a"), ("a", "b", "")]]
    assert len(set(made)) == len(made)


def test_the_zone_does_not_matter_only_the_instant() -> None:
    assert derived_id(AT, "a") == derived_id(AT.astimezone(ORG_ZONE), "a")


def test_a_time_before_1970_still_gives_an_id() -> None:
    assert derived_from_digest(-5, b"\xff" * 10).version == 8


@given(instants, st.text(max_size=8), st.text(max_size=8))
def test_a_visit_is_its_tasks_whatever_moment_it_was_for(at: datetime, task: str, other: str) -> None:
    assert is_visit_of(str(visit_id(task, at)), task)
    assert is_visit_of(str(visit_id(task, at)), other) == (task == other)
    assert not is_visit_of("", task)
