"""Ten thousand times in every spelling: the very moment, or none; never another one."""

import random
from datetime import UTC, datetime, timedelta, timezone

from services.gateway.domain.times import parse_time
from shared.zone import ORG_ZONE

EXAMPLES = 10_000
LOCAL = (
    "%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%Y.%m.%d %H:%M:%S", "%Y年%m月%d日 %H时%M分%S秒", "%Y年%m月%d日%H:%M:%S",
    "%Y-%m-%dT%H:%M:%S", "%Y%m%d%H%M%S", "  %Y-%m-%d %H:%M:%S ", "%Y-%m-%d %H:%M:%S.000", "%Y-%m-%d %H:%M:%S.123456789",
)  # fmt: skip
JUNK = "0123456789-/.:T 年月日时分秒Z+上午明天e"
DAY_0 = datetime(1899, 12, 30, tzinfo=ORG_ZONE)


def moments(draw: random.Random) -> datetime:
    return datetime(2000, 1, 1, tzinfo=ORG_ZONE) + timedelta(seconds=draw.randrange(60 * 365 * 86400))


def test_every_spelling_of_a_moment_is_that_moment() -> None:
    draw = random.Random(1)
    for _ in range(EXAMPLES):
        moment = moments(draw)
        form = draw.choice(LOCAL)
        read = parse_time(moment.strftime(form), ORG_ZONE)
        assert read is not None, form
        assert read.replace(microsecond=0) == moment, form
        offset = timezone(timedelta(minutes=draw.randrange(-12 * 60, 14 * 60, 15)))
        assert parse_time(moment.astimezone(offset).isoformat(), UTC) == moment
        if moment.year > 2001:
            assert parse_time(int(moment.timestamp()), UTC) == moment
            assert parse_time(str(int(moment.timestamp() * 1000)), UTC) == moment
        serial = (moment - DAY_0) / timedelta(days=1)
        read = parse_time(serial, ORG_ZONE)
        assert read is not None
        assert abs((read - moment).total_seconds()) < 1.5


def test_no_text_is_a_time_that_it_does_not_say() -> None:
    draw = random.Random(2)
    for _ in range(EXAMPLES):
        text = "".join(draw.choice(JUNK) for _ in range(draw.randrange(30)))
        read = parse_time(text, ORG_ZONE)
        if read is not None:
            assert read.tzinfo is UTC
            digits = [letter for letter in text if letter.isdigit()]
            assert len(digits) >= 6


def test_other_values_are_no_times() -> None:
    for value in (
        True,
        None,
        [],
        {},
        float("nan"),
        float("inf"),
        -1,
        10**400,
        1e308,
        "９９９９-９９-９９",
        "9" * 5000,
        b"2026",
    ):
        assert parse_time(value, ORG_ZONE) is None
