"""Wrong codes are looked at only so often: per address, in all, and never more by trying many at once."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.visits.domain.guesses import Guesses, home_of

NOW = datetime(2026, 3, 2, 2, 0, 10, tzinfo=UTC)


def test_an_address_has_so_many_a_minute_and_others_are_not_held_up() -> None:
    guesses = Guesses(3, 100)
    assert [guesses.take("203.0.113.7", NOW) for _ in range(5)] == [0, 0, 0, 50, 50]
    assert guesses.take("203.0.113.8", NOW) == 0
    assert guesses.take("203.0.113.7", NOW + timedelta(seconds=50)) == 0


def test_many_addresses_have_so_many_in_all() -> None:
    guesses = Guesses(3, 5)
    taken = [guesses.take(f"203.0.113.{number}", NOW) for number in range(8)]
    assert taken == [0] * 5 + [50] * 3


def test_one_home_of_the_new_addresses_counts_as_one() -> None:
    guesses = Guesses(2, 100)
    assert [guesses.take(f"2001:db8:0:1::{number}", NOW) for number in range(1, 4)] == [0, 0, 50]
    assert guesses.take("2001:db8:0:2::1", NOW) == 0
    assert home_of("not an address") == "not an address"


def test_a_right_code_costs_nothing() -> None:
    guesses = Guesses(1, 1)
    for _ in range(10):
        assert guesses.take("203.0.113.7", NOW) == 0
        guesses.give_back("203.0.113.7")
    guesses.give_back("203.0.113.7")
    assert guesses.take("203.0.113.7", NOW) == 0
    assert guesses.take("203.0.113.7", NOW) == 50


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "c"]), st.booleans(), st.integers(0, 30)), max_size=200))
def test_never_more_wrong_ones_than_allowed(tries: list[tuple[str, bool, int]]) -> None:
    """An oracle of its own: the wrong ones that were looked at, by minute."""
    guesses, at = Guesses(4, 7), NOW
    wrong: dict[tuple[datetime, str], int] = {}
    for address, right, pause in tries:
        at += timedelta(seconds=pause)
        minute = at.replace(second=0)
        if guesses.take(address, at) == 0:
            if right:
                guesses.give_back(address)
            else:
                wrong[minute, address] = wrong.get((minute, address), 0) + 1
        of_all = sum(count for (when, _), count in wrong.items() if when == minute)
        assert of_all <= 7
        assert wrong.get((minute, address), 0) <= 4
        assert len(guesses._counted) <= 7
