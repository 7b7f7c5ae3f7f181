"""A call is what the line told of it, however late, often and disordered."""

from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.visits.domain.lines import Cause, LineCall, LineReport, hear
from shared.testing.events import NOON

CALL = LineCall(id=UUID(int=1), visit_id=UUID(int=2), agent="1001", phone_masked="138****8000", placed_at=NOON)
RINGS = LineReport("ringing", NOON + timedelta(seconds=2))
ANSWERS = LineReport("answered", NOON + timedelta(seconds=9))
ENDS = LineReport("ended", NOON + timedelta(seconds=104), "hung_up", "https://line/r/1.wav")


def heard(*told: LineReport) -> LineCall:
    call = CALL
    for each in told:
        call = hear(call, each)
    return call


def test_a_call_goes_through_its_stages() -> None:
    assert [heard(*told).stage for told in ((), (RINGS,), (RINGS, ANSWERS), (RINGS, ANSWERS, ENDS))] == [
        "placed",
        "ringing",
        "talking",
        "ended",
    ]
    assert heard(RINGS, ANSWERS, ENDS).talk_seconds == 95


SHUFFLED = st.lists(st.sampled_from([RINGS, ANSWERS, ENDS]), max_size=6).flatmap(
    lambda more: st.permutations([RINGS, ANSWERS, ENDS, *more])
)


@given(SHUFFLED)
def test_order_and_repetition_change_nothing(told: list[LineReport]) -> None:
    assert heard(*told) == heard(RINGS, ANSWERS, ENDS)


def test_a_recording_that_is_told_later_is_kept() -> None:
    silent = LineReport("ended", ENDS.at)
    assert heard(ANSWERS, silent, ENDS).recording == ENDS.recording


@pytest.mark.parametrize("cause", ["busy", "no_answer", "powered_off", "suspended", "invalid_number", "restricted"])
def test_what_the_line_knows_is_the_likely_result(cause: Cause) -> None:
    assert heard(RINGS, LineReport("ended", ENDS.at, cause)).likely_result == cause


@pytest.mark.parametrize(
    "told", [(), (RINGS,), (RINGS, ANSWERS), (RINGS, ANSWERS, ENDS), (LineReport("ended", ENDS.at),)]
)
def test_where_somebody_answered_or_nobody_knows_the_agent_says_the_result(told: tuple[LineReport, ...]) -> None:
    assert heard(*told).likely_result is None
