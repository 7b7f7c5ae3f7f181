from hypothesis import given
from hypothesis import strategies as st

from services.scheduler.domain.whom.sampling import sampler
from tests.scheduler.builders import book, fact, judge


@given(st.text(max_size=20), st.text(max_size=20), st.text(max_size=20))
def test_a_draw_is_a_number_from_0_to_100_that_never_changes(seed: str, policy: str, event: str) -> None:
    drawn = sampler(seed, policy)(event)
    assert 0 <= drawn < 100
    assert drawn == sampler(seed, policy)(event)


def test_the_recorded_number_is_reproducible_from_seed_policy_and_event() -> None:
    assert sampler("seed", "p")("e-1") == 93.071543
    assert sampler("seed", "p")("e-1") != sampler("seed", "q")("e-1") != sampler("other", "p")("e-1")


def test_twenty_percent_is_about_twenty_percent() -> None:
    draw = sampler("seed", "p")
    share = sum(draw(f"event-{number}") < 20 for number in range(10_000)) / 10_000
    assert 0.19 < share < 0.21


def test_who_is_not_drawn_is_told_the_number_and_the_rate() -> None:
    rules = book({"rate": 0.000001})
    decision, _ = judge(rules, fact())
    (detail,) = decision.details
    assert decision.outcome == "sampled_out"
    assert detail["draw"] == sampler("test", "p1")("e1")
    assert detail["rate"] == 0.000001
    assert not decision.tasks


def test_a_higher_rate_keeps_everybody_the_lower_one_drew() -> None:
    low, high = book({"rate": 20}), book({"rate": 40})
    for number in range(200):
        about = fact(id=f"e{number}")
        if judge(low, about)[0].outcome == "planned":
            assert judge(high, about)[0].outcome == "planned"
