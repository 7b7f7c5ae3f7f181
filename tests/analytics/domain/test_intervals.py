"""How sure a share of so many is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.analytics.domain.intervals import wilson


def test_the_interval_agrees_with_a_published_example():
    low, high = wilson(8, 10)  # Brown, Cai and DasGupta (2001) give 0.490–0.943
    assert (round(low, 3), round(high, 3)) == (0.490, 0.943)


@given(st.integers(1, 10_000), st.data())
def test_an_interval_holds_its_share_and_stays_within_0_and_1(sample, data):
    successes = data.draw(st.integers(0, sample))
    low, high = wilson(successes, sample)
    assert 0 <= low <= successes / sample + 1e-12
    assert successes / sample - 1e-12 <= high <= 1


def test_what_is_no_share_has_no_interval():
    with pytest.raises(ValueError, match="no share"):
        wilson(3, 2)
