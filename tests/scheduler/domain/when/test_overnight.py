"""Contact windows whose last frame goes on past midnight: all of it belongs to the day that it begins on."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.scheduler.domain.explain.arithmetic import arithmetic_text
from services.scheduler.domain.packs.pack import policy_of, read_pack, read_parts
from services.scheduler.domain.packs.timing import Content
from services.scheduler.domain.when.amounts import Deadline, Delay, begins
from services.scheduler.domain.when.hours import narrowed, window_in
from services.scheduler.domain.when.windows import Blackout, Window, next_moment, plan_span
from shared.calendar import OFFICIAL
from shared.hours import DAY_END, WEEK, Frame, clock, frames_of, frames_text
from shared.zone import ORG_ZONE
from tests.scheduler.builders import at, contents
from tests.scheduler.domain.when.test_windows import blackouts, delays, moments

DAY = timedelta(days=1)
NIGHTS = Window(((time(22), time(6)),))  # of working days
BOTH = Window(((time(9), time(12)), (time(22), time(6))), days="all")


@pytest.mark.parametrize(
    ("asked", "opens"),
    [
        ("2026-03-02 21:59", "2026-03-02 22:00"),  # a Monday
        ("2026-03-02 23:30", "2026-03-02 23:30"),
        ("2026-03-03 00:00", "2026-03-03 00:00"),
        ("2026-03-03 05:59", "2026-03-03 05:59"),
        ("2026-03-03 06:00", "2026-03-03 22:00"),
        ("2026-03-07 05:59", "2026-03-07 05:59"),  # a Saturday: the night is Friday's
        ("2026-03-07 06:00", "2026-03-09 22:00"),
        ("2026-03-09 02:00", "2026-03-09 22:00"),  # a Monday: the night is Sunday's
        (
            "2026-02-15 02:00",
            "2026-02-15 02:00",
        ),  # the first day of the Spring Festival: the night of a made-up Saturday
        ("2026-02-16 02:00", "2026-02-24 22:00"),
        ("2026-01-01 05:00", "2026-01-01 05:00"),  # over the year's end: the night of a Wednesday
        ("2026-01-02 05:00", "2026-01-04 22:00"),  # 1-3 January are off, Sunday the 4th makes up
    ],
)
def test_a_night_belongs_to_the_day_that_it_begins_on(asked: str, opens: str) -> None:
    assert next_moment(NIGHTS, at(asked)) == at(opens)


@pytest.mark.parametrize(
    ("asked", "opens"),
    [
        ("2026-03-03 05:00", "2026-03-03 05:00"),
        ("2026-03-03 06:00", "2026-03-03 09:00"),
        ("2026-03-03 12:00", "2026-03-03 22:00"),
    ],
)
def test_frames_of_the_day_may_stand_before_the_one_over_midnight(asked: str, opens: str) -> None:
    assert next_moment(BOTH, at(asked)) == at(opens)


def test_a_delay_in_days_waits_for_a_frame_of_the_day_itself() -> None:
    assert plan_span(at("2026-03-02 23:00"), Delay(1, "days"), NIGHTS, None).due == at("2026-03-03 22:00")
    assert plan_span(at("2026-03-02 23:00"), Delay(2, "hours"), NIGHTS, None).due == at("2026-03-03 01:00")


def test_a_deadline_in_working_days_ends_with_its_last_day() -> None:
    span = plan_span(at("2026-03-05 10:00"), Delay(), NIGHTS, Deadline(2, "working_days"))
    assert (span.due, span.deadline) == (at("2026-03-05 22:00"), at("2026-03-09 23:59"))


def test_a_blackout_closes_the_nights_that_begin_in_it() -> None:
    window = Window(NIGHTS.frames, "all", blackouts=(Blackout(date(2026, 3, 3), date(2026, 3, 4)),))
    assert next_moment(window, at("2026-03-03 05:59")) == at("2026-03-03 05:59")
    assert next_moment(window, at("2026-03-03 22:00")) == at("2026-03-05 22:00")
    assert next_moment(window, at("2026-03-05 01:00")) == at("2026-03-05 22:00")


@pytest.mark.parametrize(
    ("anchor", "due", "wanted"),
    [
        ("2026-03-07 02:00", "2026-03-07 02:00", None),  # in Friday's night
        ("2026-03-07 12:00", "2026-03-06 22:00", date(2026, 3, 7)),
        ("2026-03-09 02:00", "2026-03-06 22:00", date(2026, 3, 8)),  # Sunday's night is closed
    ],
)
def test_a_window_that_moves_earlier_goes_by_the_day_of_the_night(anchor: str, due: str, wanted: date | None) -> None:
    span = plan_span(at(anchor), Delay(), replace(NIGHTS, earlier=True), None, moment=at("2026-03-02 10:00"))
    assert (span.due, span.wanted) == (at(due), wanted)


def frames_from(hours: set[int], night: bool) -> tuple[Frame, ...]:
    """Frames between these hours of the day; with `night` the last begins with the last hour and ends with the first."""
    edges = [time(hour) for hour in sorted(hours)]
    if not night:
        return tuple(zip(edges[::2], edges[1::2], strict=False))
    ends, *edges = edges
    return (*zip(edges[::2], edges[1::2], strict=False), (edges[-1], ends))


frames = st.builds(frames_from, st.sets(st.integers(0, 23), min_size=2, max_size=6), st.booleans()).map(
    lambda found: tuple(one for one in found if one[0] != one[1])
)
windows = st.builds(
    Window,
    frames=st.sampled_from([((time(), DAY_END),), ((time(22), time(6)),), ((time(1), time()),)]) | frames.filter(bool),
    days=st.sampled_from(["working", "all"]),
    weekdays=st.sampled_from([WEEK, frozenset([0, 4])]),
    blackouts=st.just(()) | blackouts,
)


def day_open(window: Window, local: datetime, branch: str = "") -> date | None:
    """The model: the day in whose frame a moment lies, None where customers of the branch are not contacted."""
    for day in (local.date() - DAY, local.date()):
        worked = window.days == "all" or OFFICIAL.is_working_day(day)
        covered = any(one.covers(day, branch) for one in window.blackouts)
        if not worked or covered or day.weekday() not in window.weekdays:
            continue
        for opens, closes in window.frames:
            begin = datetime.combine(day, opens, ORG_ZONE)
            end = datetime.combine(day + DAY if closes <= opens else day, closes, ORG_ZONE)
            if begin <= local < end:
                return day
    return None


@settings(max_examples=60)
@given(moments, delays, windows, st.sampled_from(["EAST", "WEST"]))
def test_due_is_what_walking_hour_by_hour_gives(anchor: datetime, delay: Delay, window: Window, branch: str) -> None:
    begun = begins(anchor, delay, window.calendar)
    moment = datetime.combine(begun, time(), ORG_ZONE) if not isinstance(begun, datetime) else begun
    local = moment.astimezone(ORG_ZONE)
    while True:
        day = day_open(window, local, branch)
        if day is not None and (isinstance(begun, datetime) or day >= begun):
            break
        local = local.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    assert plan_span(anchor, delay, window, None, branch=branch).due == local


@given(windows, windows, moments)
def test_a_narrowed_window_is_open_only_when_both_are(one: Window, two: Window, moment: datetime) -> None:
    """And always then, unless it is the night of a day on one side and of another day on the other."""
    two = replace(two, blackouts=one.blackouts)
    days = day_open(one, moment, "EAST"), day_open(two, moment, "EAST")
    common = narrowed(one, two.hours)
    if common is not None and day_open(common, moment, "EAST") is not None:
        assert None not in days
    daily = all(window.days == "all" and window.weekdays == WEEK and not window.blackouts for window in (one, two))
    if None not in days and (daily or days[0] == days[1]):
        assert common is not None
        assert day_open(common, moment, "EAST") is not None


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        ("working/0123456/22:00-06:00", "working/0123456/20:00-23:00", "working/0123456/22:00-23:00"),
        ("working/0123456/22:00-06:00", "working/0123456/21:00-02:00", "working/0123456/22:00-02:00"),
        ("working/0123456/22:00-06:00", "all/0123456/00:00-24:00", "working/0123456/22:00-06:00"),
        ("working/0123456/00:00-24:00", "all/0123456/22:00-06:00", "working/0123456/00:00-06:00,22:00-24:00"),
        ("working/0123456/22:00-06:00", "working/0123456/00:00-24:00", "working/0123456/22:00-24:00"),
        ("all/0123456/22:00-06:00", "all/0123456/00:00-03:00", "all/0123456/00:00-03:00"),
        ("all/0123456/09:00-18:00", "working/0123456/22:00-06:00", ""),
        ("working/0123456/22:00-06:00", "working/0123456/00:00-03:00", ""),  # of two days, each of which must be worked
    ],
)
def test_one_contact_suits_both_windows(one: str, other: str, both: str) -> None:
    for first, second in ((one, other), (other, one)):
        common = narrowed(window_in(first, OFFICIAL.official), second)
        assert (common.hours if common else "") == both


def test_frames_are_written_as_they_are_read() -> None:
    text = "09:00-12:00,22:00-06:00"
    assert frames_of(text) == BOTH.frames
    assert frames_text(BOTH.frames) == text
    assert frames_text(frames_of("00:00-24:00")) == "00:00-24:00"
    assert clock("24:00") == DAY_END


def content_of(policy: dict[str, Any], **head: Any) -> Content:
    (draft,) = read_pack(contents(policy, **head)).drafts
    return draft.content


def messages(policy: dict[str, Any], **head: Any) -> list[tuple[str, str]]:
    return [(one.key, one.message) for one in read_parts(contents(policy, **head)).problems]


def test_a_policy_may_have_a_window_over_midnight_and_one_of_whole_days() -> None:
    content = content_of({"window": {"frames": ["09:00-12:00", "22:00-06:00"]}})
    assert policy_of(content, 1).window.hours == "working/0123456/09:00-12:00,22:00-06:00"
    content = content_of({"window": {"days": "all", "frames": ["00:00-24:00"]}})
    assert policy_of(content, 1).window.hours == "all/0123456/00:00-24:00"


@pytest.mark.parametrize(
    ("frames", "says"),
    [
        (["22:00-06:00", "09:00-12:00"], "跨过零时的时段写在最后"),
        (["05:00-08:00", "22:00-06:00"], "第一个时段 05:00-08:00 就已开始"),
        (["09:00-12:00", "11:00-13:00"], "按先后排列且不重叠"),
        (["09:00-09:00"], "全天写 00:00-24:00"),
        (["22:00-00:00"], "到当天结束写 24:00"),
        (["18:00-09:00"], "时段须起早止晚，18:00-09:00 不符合；跨过零时的时段（如 22:00-06:00）最长 12 小时"),
    ],
)
def test_frames_that_make_no_sense_are_told_with_what_to_write(frames: list[str], says: str) -> None:
    ((key, message),) = messages({"window": {"frames": frames}})
    assert key.startswith("policies[0].window.frames")
    assert says in message


@pytest.mark.parametrize(
    ("head", "key"),
    [
        ({"working_hours": ["22:00-06:00"]}, "working_hours"),
        ({"calendars": {"night": {"frames": ["22:00-06:00"]}}}, "calendars.night.frames"),
    ],
)
def test_working_hours_and_calendars_end_with_their_day(head: dict[str, Any], key: str) -> None:
    ((at_key, message),) = messages({}, **head)
    assert at_key == key
    assert "不能跨过零时" in message


def test_working_hours_are_not_those_of_a_window_over_midnight() -> None:
    counted = {"delay": {"working_hours": 4}}
    ((key, message),) = messages(counted, window={"frames": ["22:00-06:00"]})
    assert key == "policies[0].window"
    assert "请在 pack.yaml 写 working_hours" in message
    assert messages(counted, window={"frames": ["22:00-06:00"]}, working_hours=["09:00-17:00"]) == []


def test_the_moments_of_a_task_are_explained_with_the_night() -> None:
    content = content_of({"window": {"frames": ["09:00-12:00", "22:00-06:00"]}})
    assert "联系时段为工作日 09:00-12:00、22:00-次日 06:00。" in arithmetic_text(content, at("2026-03-02 10:00"))
