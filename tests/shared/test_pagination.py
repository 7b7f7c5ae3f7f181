"""Keyset pagination walks every row once."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import InvalidInput
from shared.ids import new_id
from shared.pagination import decode_cursor, encode_cursor, paged


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
