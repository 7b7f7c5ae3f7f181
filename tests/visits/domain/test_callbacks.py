"""The times offered for a callback go by the server's calendar."""

from datetime import datetime, time

from services.visits.domain.callbacks import offered, placed
from services.visits.domain.hours import ContactHours
from shared.zone import ORG_ZONE

HOURS = ContactHours(((time(9, 30), time(12)), (time(14), time(19))), on_days_off=False)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ORG_ZONE)


def test_a_weekday_offers_soon_this_evening_and_tomorrow() -> None:
    times = [(one.label, one.at) for one in offered(at("2026-03-03T10:05"), HOURS)]
    assert times == [
        ("30 分钟后", at("2026-03-03T10:35")),
        ("今天 18:00", at("2026-03-03T18:00")),
        ("明天 10:00", at("2026-03-04T10:00")),
        ("下一工作日上午", at("2026-03-04T09:30")),
    ]


def test_before_a_holiday_the_next_working_day_is_behind_it() -> None:
    # 2026-05-01 to 05-05 are days off, 05-06 is worked
    times = {one.label: one for one in offered(at("2026-04-30T18:30"), HOURS)}
    assert "今天 18:00" not in times
    assert times["下一工作日上午"].at == at("2026-05-06T10:00")
    assert times["明天 10:00"].moved_to == at("2026-05-06T09:30")


def test_a_time_between_the_frames_is_kept_when_they_next_begin() -> None:
    assert placed("", at("2026-03-03T12:30"), HOURS).moved_to == at("2026-03-03T14:00")
    assert placed("", at("2026-03-03T14:00"), HOURS).moved_to is None
