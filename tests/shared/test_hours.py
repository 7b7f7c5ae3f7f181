"""Hours of a contact window as texts: kept beside tasks and visits, so what is written once is read for good."""

from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.hours import Hours, frames_of, frames_text, read_hours

MINUTES = st.times().map(lambda at: at.replace(second=0, microsecond=0))
FRAMES = st.lists(st.tuples(MINUTES, MINUTES), min_size=1, max_size=4).map(tuple)
DAYS = st.dates(date(2000, 1, 1), date(2099, 12, 31))
HOURS = st.builds(
    Hours,
    FRAMES,
    st.sampled_from(["working", "all"]),
    st.frozensets(st.integers(0, 6), min_size=1),
    st.dictionaries(DAYS, st.booleans(), max_size=4),
    st.lists(st.tuples(DAYS, DAYS), max_size=3).map(tuple),
)


@given(HOURS)
def test_hours_are_read_as_they_were_written(hours: Hours) -> None:
    assert read_hours(hours.text) == hours


def test_the_text_is_the_one_that_is_kept() -> None:
    own_days = {date(2026, 5, 6): False, date(2026, 5, 2): True}
    closed = ((date(2026, 2, 14), date(2026, 2, 23)), (date(2026, 10, 1), date(2026, 10, 1)))
    hours = Hours(
        ((time(10, 30), time(11, 30)), (time(15), time(17, 30))), "working", frozenset({0, 4}), own_days, closed
    )
    text = "working/04/10:30-11:30,15:00-17:30/+2026-05-02,-2026-05-06/!2026-02-14~2026-02-23,2026-10-01~2026-10-01"
    assert hours.text == text
    assert Hours(((time(9), time(18)),), "all").text == "all/0123456/09:00-18:00"


def test_frames_are_read_as_people_write_them() -> None:
    assert frames_of("09:00-12:00, 14:00 - 20:00") == (
        (time(9), time(12)),
        (time(14), time(20)),
    )
    assert frames_text(frames_of("09:00-12:00,14:00-20:00")) == "09:00-12:00,14:00-20:00"
    for wrong in ("09:00", "9-12-15", ""):
        with pytest.raises(ValueError):
            frames_of(wrong)
