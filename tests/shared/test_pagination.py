"""Keyset pagination walks every row once."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import InvalidInput
from shared.ids import new_id
from shared.pagination import (
    decode_cursor,
    encode_cursor,
    id_of,
    number_of,
    page_by_name,
    paged,
    text_of,
    time_and_id,
    time_and_text,
)
from shared.testing.events import NOON

READERS = (time_and_id, time_and_text, id_of, text_of, number_of)


@given(st.lists(st.integers(), unique=True), st.integers(min_value=1, max_value=7))
def test_walking_all_pages_gives_every_row_once_in_order(numbers: list[int], limit: int) -> None:
    rows, seen, cursor = sorted(numbers), [], None
    while True:
        after = decode_cursor(cursor, 1)
        following = [row for row in rows if after is None or row > int(after[0])]
        items, cursor = paged(following[: limit + 1], limit, lambda row: (str(row),))
        assert len(items) <= limit
        seen += items
        if cursor is None:
            break
    assert seen == rows


def test_a_cursor_carries_times_and_ids_as_text() -> None:
    made = new_id()
    values = decode_cursor(encode_cursor(made, 3), 2)
    assert values is not None
    assert (UUID(values[0]), values[1]) == (made, 3)


@pytest.mark.parametrize("cursor", [None, ""])
def test_no_cursor_is_the_first_page(cursor: str | None) -> None:
    assert decode_cursor(cursor, 2) is None


@given(st.text(min_size=1, max_size=30))
def test_a_made_up_cursor_is_invalid_input(cursor: str) -> None:
    try:
        values = decode_cursor(cursor, 3)
    except InvalidInput:
        return
    assert values is not None
    assert len(values) == 3


@pytest.mark.parametrize("cursor", ["电话", "%%%", "e30", encode_cursor(1), encode_cursor(1, 2, 3)])
def test_a_cursor_of_another_shape_is_invalid_input(cursor: str) -> None:
    with pytest.raises(InvalidInput):
        decode_cursor(cursor, 2)


def test_a_position_is_read_back_with_its_types() -> None:
    at, made = NOON, new_id()
    assert time_and_id(encode_cursor(at, made)) == (at, made)
    assert time_and_text(encode_cursor(at, "a")) == (at, "a")
    assert id_of(encode_cursor(made)) == made
    assert (text_of(encode_cursor("a")), number_of(encode_cursor(7))) == ("a", 7)
    assert [read(None) for read in READERS] == [None] * len(READERS)


@pytest.mark.parametrize("values", [("x", "y"), ("x",), (None, None), (None,), ([], {}), ("a\0", "b"), (1, 2, 3)])
def test_a_position_of_other_types_is_refused(values: tuple[object, ...]) -> None:
    for read in (time_and_id, id_of, number_of):
        with pytest.raises(InvalidInput):
            read(encode_cursor(*values))


@given(st.sets(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=4)))
def test_a_short_list_is_paged_like_every_other(names: set[str]) -> None:
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = page_by_name(list(names), cursor, 2, str)
        seen += page.items
        cursor = page.next_cursor
    assert seen == sorted(names)
