"""What facts tell of a customer, whatever the order in which they are heard."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.common import CustomerCard
from shared.profile import NEVER, Profile, fields_in, heard, number_learned, with_right_numbers

NINE = datetime(2026, 3, 2, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
Word = tuple[str, dict[str, Any], datetime]


def word(at: datetime, name: str = "order.completed", **block: Any) -> Word:
    return name, {"customer": {"id": "C1", **block}}, at


def after(*words: Word) -> Profile:
    profile = Profile()
    for name, data, at in words:
        profile = heard(profile, fields_in(name, data), at)
    return profile


def updated(at: datetime, **block: Any) -> Word:
    return word(at, "customer.updated", **block)


def test_a_field_that_is_left_out_says_nothing() -> None:
    profile = after(updated(NINE, do_not_contact=True, level="A"), word(NINE + HOUR), word(NINE + 2 * HOUR, level=""))
    assert (profile.fields["do_not_contact"], profile.fields["level"]) == (True, "A")


def test_only_an_explicit_false_of_an_update_takes_a_refusal_back() -> None:
    refusal = word(NINE, do_not_contact=True)
    for says_nothing in (
        word(NINE + HOUR, do_not_contact=False),
        updated(NINE + HOUR),
        updated(NINE + HOUR, do_not_contact=None),
    ):
        assert after(refusal, says_nothing).fields["do_not_contact"] is True
    assert after(refusal, updated(NINE + HOUR, do_not_contact=False)).fields["do_not_contact"] is False


def test_an_older_refusal_heard_late_counts_unless_it_was_taken_back_since() -> None:
    late = updated(NINE, do_not_contact=True, birthday="1990-02-28")
    assert after(word(NINE + HOUR, level="A"), late).fields == {
        "level": "A",
        "do_not_contact": True,
        "birthday": "1990-02-28",
    }
    assert after(updated(NINE + HOUR, do_not_contact=False), late).fields["do_not_contact"] is False


def test_an_older_word_does_not_replace_a_newer_one() -> None:
    assert after(word(NINE + HOUR, level="B"), word(NINE, level="A")).fields["level"] == "B"


def test_a_fact_that_tells_nothing_new_changes_nothing() -> None:
    known = after(word(NINE + HOUR, level="B"))
    assert heard(known, {"level": "A"}, NINE) is known


def test_what_an_update_alone_tells() -> None:
    data = {"customer": {"id": "C1"}, "tier": "key", "area": "510108", "preferred_times": ["18:00-20:00"]}
    assert fields_in("customer.updated", data) == {"tier": "key", "area": "510108", "preferred_times": ["18:00-20:00"]}
    assert fields_in("order.completed", data) == {}


@pytest.mark.parametrize("data", [{}, {"customer": None}, {"customer": "C1"}, {"customer": ["C1"]}])
def test_a_fact_about_nobody_tells_nothing(data: dict[str, Any]) -> None:
    assert fields_in("order.completed", data) == {}


_BLOCKS = st.fixed_dictionaries(
    {},
    optional={
        "level": st.sampled_from(["", "A", "B", None]),
        "birthday": st.sampled_from(["1990-02-28", "--05-01"]),
        "do_not_contact": st.booleans() | st.none(),
    },
)
_NAMES = st.sampled_from(["customer.updated", "order.completed"])
_WORDS = st.tuples(_NAMES, _BLOCKS, st.integers(0, 4)).map(lambda one: word(NINE + one[2] * HOUR, one[0], **one[1]))


@given(st.lists(_WORDS, max_size=6).flatmap(lambda words: st.tuples(st.just(words), st.permutations(words))))
def test_the_order_of_arrival_makes_no_difference(orders: tuple[list[Word], list[Word]]) -> None:
    told, arrived = (after(*words) for words in orders)
    assert told == arrived
    assert all(then < (told.as_of - NEVER) // timedelta(microseconds=1) for then in told.older.values())


@given(st.lists(_WORDS, max_size=6))
def test_each_field_is_what_its_latest_word_says(words: list[Word]) -> None:
    profile = after(*words)
    for field in ("level", "do_not_contact"):
        said = [(at, str(told[field])) for name, data, at in words if field in (told := fields_in(name, data))]
        assert str(profile.fields.get(field)) == (max(said)[1] if said else "None")


def test_a_number_learned_to_be_wrong_stays_wrong_whoever_tells_it_again() -> None:
    known = after(word(NINE, phone="old", phones=["work", "old"]))
    learned = number_learned(known, "old", None, NINE + HOUR)
    assert (learned.fields["phone"], learned.fields["phones"]) == ("work", [])
    again = heard(learned, fields_in(*word(NINE + 2 * HOUR, phone="old", phones=["old", "home"])[:2]), NINE + 2 * HOUR)
    assert (again.fields["phone"], again.fields["phones"]) == ("work", ["home"])


def test_the_number_learned_counts_until_a_source_tells_another_than_the_wrong_one() -> None:
    learned = number_learned(after(word(NINE, phone="old")), "old", "new", NINE + HOUR)
    assert learned.fields["phone"] == "new"
    told = heard(learned, fields_in(*word(NINE + 2 * HOUR, phone="old")[:2]), NINE + 2 * HOUR)
    assert told.fields["phone"] == "new"
    assert heard(told, {"phone": "newer"}, NINE + 3 * HOUR).fields["phone"] == "newer"


def test_a_number_that_the_customer_gives_is_wrong_no_more() -> None:
    wrong = number_learned(after(word(NINE, phone="old")), "old", None, NINE + HOUR)
    assert wrong.fields["phone"] == ""
    right = number_learned(wrong, None, "old", NINE + 2 * HOUR)
    assert right.fields["phone"] == "old"
    assert heard(right, {"phone": "old", "level": "A"}, NINE + 3 * HOUR).fields["phone"] == "old"


def test_a_card_without_other_numbers_has_none_to_dial() -> None:
    card = CustomerCard(id="C1", phone="old", phone_masked="138****8000", phones=["work"])
    assert with_right_numbers(card, "other", None, "") is card
    only = with_right_numbers(card, "old", None, "")
    assert (only.phone, only.phones, only.phone_masked) == ("work", [], "")
    new = with_right_numbers(card, "old", "new", "139****0000")
    assert (new.phone, new.phones, new.phone_masked) == ("new", ["work"], "139****0000")
    assert with_right_numbers(only, "work", None, "").phone is None
