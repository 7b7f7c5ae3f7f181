from collections import Counter
from collections.abc import Iterable
from datetime import date
from fractions import Fraction
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.scheduler.domain.whom.draw import (
    Drawing,
    NotInOrder,
    Pick,
    Stratum,
    Urn,
    everybody,
    nobody,
    shares,
)

DAY = date(2026, 3, 2)
SIZES = st.dictionaries(st.text("abc", min_size=1, max_size=3), st.integers(1, 300), min_size=1, max_size=12)
PERCENTS = st.sampled_from([0.1, 1, 5, 12.5, 20, 33.3, 50, 99.9, 100])
DRAWINGS = st.one_of(
    st.builds(Drawing, of=st.just("day"), percent=PERCENTS, minimum=st.integers(0, 5), reserve=st.integers(0, 20)),
    st.builds(Drawing, of=st.just("day"), number=st.integers(1, 500), minimum=st.integers(0, 5)),
)
MEMBERS = st.dictionaries(
    st.integers(0, 10_000).map(lambda number: UUID(int=number)), st.sampled_from(["a", "b", "c"]), max_size=200
)


def drawn(
    drawing: Drawing, members: Iterable[tuple[UUID, str]], seed: str = "s", policy: str = "p", period: date = DAY
) -> tuple[list[Stratum], list[Pick], str]:
    """The whole draw of members in any order."""
    urn = Urn(drawing, seed, policy, period)
    for key, stratum in sorted(members):
        urn.put(key, stratum)
    strata = urn.strata(shares)
    return strata, list(urn.picks(strata)), urn.fingerprint


def twenty(**more: Any) -> Drawing:
    return Drawing("day", percent=20, **more)


def people(amount: int, *strata: str) -> dict[UUID, str]:
    return {UUID(int=number): strata[number % len(strata)] for number in range(amount)}


@given(DRAWINGS, SIZES)
def test_the_total_is_exact_unless_the_minimums_together_exceed_it(drawing: Drawing, sizes: dict[str, int]) -> None:
    given_ = shares(drawing, sizes)
    least = sum(min(drawing.minimum, size) for size in sizes.values())
    assert sum(given_.values()) == max(drawing.total(sum(sizes.values())), least)


@given(DRAWINGS, SIZES)
def test_every_stratum_gets_its_minimum_and_never_more_than_it_has(drawing: Drawing, sizes: dict[str, int]) -> None:
    given_ = shares(drawing, sizes)
    assert given_.keys() == sizes.keys()
    for name, size in sizes.items():
        assert min(drawing.minimum, size) <= given_[name] <= size


@given(PERCENTS, SIZES)
def test_without_a_minimum_no_stratum_is_a_whole_one_off_its_share(percent: float, sizes: dict[str, int]) -> None:
    drawing = Drawing("day", percent=percent)
    everybody_ = sum(sizes.values())
    total = drawing.total(everybody_)
    for name, amount in shares(drawing, sizes).items():
        assert abs(amount - total * sizes[name] / everybody_) < 1


@given(PERCENTS, SIZES, st.randoms())
def test_the_order_of_strata_does_not_matter(percent: float, sizes: dict[str, int], chance: Any) -> None:
    shuffled = list(sizes.items())
    chance.shuffle(shuffled)
    assert shares(Drawing("day", percent=percent), dict(shuffled)) == shares(Drawing("day", percent=percent), sizes)


@pytest.mark.parametrize(
    ("population", "total"), [(0, 0), (2, 0), (3, 1), (7, 1), (8, 2), (12, 2), (13, 3), (100, 20), (1_000_003, 200_001)]
)
def test_a_half_is_rounded_up(population: int, total: int) -> None:
    assert twenty().total(population) == total
    assert Drawing("day", percent=50).total(3) == 2


def test_the_largest_remainders_get_what_is_left() -> None:
    assert shares(twenty(), {"a": 7, "b": 9, "c": 4}) == {"a": 1, "b": 2, "c": 1}
    assert shares(Drawing("week", number=5), {"a": 100, "b": 1}) == {"a": 5, "b": 0}
    assert shares(Drawing("week", number=5, minimum=1), {"a": 100, "b": 1}) == {"a": 4, "b": 1}
    assert shares(Drawing("week", number=5, minimum=5), {"a": 100, "b": 3}) == {"a": 5, "b": 3}


def test_the_same_number_of_each_stratum_is_a_minimum_as_large_as_the_number() -> None:
    assert shares(Drawing("week", number=2, minimum=2), {"a": 9, "b": 5, "c": 1}) == {"a": 2, "b": 2, "c": 1}


@given(DRAWINGS, MEMBERS)
def test_winners_and_reserve_are_as_many_as_promised_and_nobody_twice(
    drawing: Drawing, members: dict[UUID, str]
) -> None:
    strata, picks, _ = drawn(drawing, members.items())
    assert len({pick.key for pick in picks}) == len(picks)
    assert {stratum.name: stratum.population for stratum in strata} == Counter(members.values())
    for stratum in strata:
        mine = [pick for pick in picks if pick.stratum == stratum.name]
        assert [pick.place for pick in mine] == list(range(1, stratum.drawn + stratum.reserve + 1))
        assert [pick.reserve for pick in mine] == [False] * stratum.drawn + [True] * stratum.reserve
        assert stratum.reserve == min(drawing.reserve, stratum.population - stratum.drawn)
        assert all(members[pick.key] == stratum.name for pick in mine)


@given(DRAWINGS, MEMBERS, st.randoms())
def test_the_order_of_arrival_does_not_matter(drawing: Drawing, members: dict[UUID, str], chance: Any) -> None:
    shuffled = list(members.items())
    chance.shuffle(shuffled)
    assert drawn(drawing, shuffled) == drawn(drawing, members.items())


def test_seed_policy_and_period_decide_who_is_drawn() -> None:
    members = people(200, "a").items()
    first = drawn(twenty(), members)
    assert first == drawn(twenty(), members)
    others = [
        drawn(twenty(), members, seed="t"),
        drawn(twenty(), members, policy="q"),
        drawn(twenty(), members, period=date(2026, 3, 3)),
    ]
    for other in others:
        assert other[0] == first[0]
        assert other[1] != first[1]


def test_everybody_has_the_same_chance() -> None:
    members = people(500, "a").items()
    times = Counter(pick.key for number in range(200) for pick in drawn(twenty(), members, seed=f"s{number}")[1])
    assert len(times) == 500
    assert max(times.values()) < 70  # 40 expected, 5.7 the standard deviation


def test_who_joins_another_stratum_does_not_change_the_order_of_the_rest() -> None:
    few, many = people(100, "a"), people(100, "a") | {UUID(int=5000 + n): "b" for n in range(50)}
    order = [pick.key for pick in drawn(twenty(reserve=80), few.items())[1]]
    assert [pick.key for pick in drawn(twenty(reserve=80), many.items())[1] if pick.stratum == "a"] == order


def test_the_fingerprint_tells_a_changed_population() -> None:
    members = people(10, "a", "b")
    prints = {
        drawn(twenty(), members.items())[2],
        drawn(twenty(), people(11, "a", "b").items())[2],
        drawn(twenty(), (members | {UUID(int=3): "a"}).items())[2],
    }
    assert len(prints) == 3
    assert drawn(twenty(), members.items(), seed="t")[2] in prints


def test_members_out_of_order_or_twice_are_refused() -> None:
    urn = Urn(twenty(), "s", "p", DAY)
    urn.put(UUID(int=2), "a")
    for number in (1, 2):
        with pytest.raises(NotInOrder):
            urn.put(UUID(int=number), "a")
    assert urn.population == 1


def test_tests_may_draw_all_or_none() -> None:
    assert everybody(twenty(), {"a": 7}) == {"a": 7}
    assert nobody(twenty(), {"a": 7}) == {"a": 0}


def each(percent: float, **more: Any) -> Drawing:
    return Drawing("month", percent=percent, by=("customer.area",), each=True, **more)


@pytest.mark.parametrize(
    ("drawing", "sizes", "expected"),
    [
        (each(10), {"a": 14, "b": 14, "c": 12}, {"a": 2, "b": 2, "c": 2}),  # by largest remainder 4 in all: 2, 1, 1
        (each(10), {"a": 10, "b": 11, "c": 1}, {"a": 1, "b": 2, "c": 1}),  # exactly a tenth is not rounded up
        (each(3, minimum=5), {"a": 400, "b": 90, "c": 4}, {"a": 12, "b": 5, "c": 4}),  # who has fewer gives all
        (each(0.1), {"a": 1000, "b": 1001}, {"a": 1, "b": 2}),  # no fault of binary fractions
        (each(33.3), {"a": 1000}, {"a": 333}),
        (each(100), {"a": 7}, {"a": 7}),
    ],
)
def test_each_stratum_gives_its_own_percentage_rounded_up(
    drawing: Drawing, sizes: dict[str, int], expected: dict[str, int]
) -> None:
    assert shares(drawing, sizes) == expected


@given(PERCENTS, st.integers(0, 20), SIZES)
def test_each_stratum_gives_at_least_its_percentage_and_its_minimum_and_less_than_one_more(
    percent: float, minimum: int, sizes: dict[str, int]
) -> None:
    for name, amount in shares(each(percent, minimum=minimum), sizes).items():
        least = Fraction(str(percent)) * sizes[name] / 100
        assert least <= amount <= sizes[name]
        assert amount >= min(minimum, sizes[name])
        assert amount < least + 1 or amount == min(minimum, sizes[name])
