from datetime import datetime, time, timedelta

import pytest

from services.notifications.domain.moment import Facts, Go, Limits, Stop, Wait, may_go
from services.notifications.domain.windows import STRICTEST, Window
from shared.zone import ORG_ZONE, local_day, midnight
from tests.notifications.samples import NOW, a_send

LIMITS = Limits(STRICTEST, daily_cap=3)
FINE = Facts()


def at(hour: int, minute: int = 0, day: int = 2) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=ORG_ZONE)


def test_a_notice_in_the_day_goes() -> None:
    assert may_go(a_send(), FINE, LIMITS, NOW) == Go()


@pytest.mark.parametrize(
    ("category", "now", "opens"),
    [
        ("promotion", at(7, 59), at(8)),
        ("promotion", at(8), None),
        ("promotion", at(19, 59), None),
        ("promotion", at(20), at(8, day=3)),
        ("notice", at(6), at(7)),
        ("notice", at(21, 59), None),
        ("notice", at(22), at(7, day=3)),
        ("verify", at(3), None),
    ],
)
def test_hours_depend_on_the_category(category: str, now: datetime, opens: datetime | None) -> None:
    verdict = may_go(a_send(category=category), FINE, LIMITS, now)
    assert verdict == (Go() if opens is None else Wait(opens))


def test_an_e_mail_goes_at_any_hour() -> None:
    assert may_go(a_send(channel="email"), FINE, LIMITS, at(3)) == Go()


def test_what_is_over_is_stopped_also_when_it_would_be_over_before_the_window_opens() -> None:
    assert may_go(a_send(expires_at=at(10)), FINE, LIMITS, at(10)) == Stop("expired")
    birthday = a_send(category="promotion", expires_at=midnight(local_day(at(20)) + timedelta(days=1)))
    assert may_go(birthday, FINE, LIMITS, at(20)) == Stop("expired")


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (Facts(refusals=frozenset({"notice"})), "opted_out"),
        (Facts(refusals=frozenset({"thank_you"})), "opted_out"),
        (Facts(refusals=frozenset({"all"})), "opted_out"),
        (Facts(do_not_contact=True), "do_not_contact"),
        (Facts(reachable=False), "no_mobile_number"),
    ],
)
def test_what_forbids_a_message_stops_it_with_its_reason(facts: Facts, reason: str) -> None:
    assert may_go(a_send(), facts, LIMITS, NOW) == Stop(reason)


def test_a_refusal_of_promotion_lets_notices_through() -> None:
    refused = Facts(refusals=frozenset({"*"}))
    assert may_go(a_send(category="notice"), refused, LIMITS, NOW) == Go()
    assert may_go(a_send(category="promotion"), refused, LIMITS, NOW) == Stop("opted_out")


def test_a_customers_refusal_does_not_silence_a_report_to_management() -> None:
    report = a_send(audience="manager", channel="email")
    assert may_go(report, Facts(refusals=frozenset({"all"}), do_not_contact=True), LIMITS, NOW) == Go()


def test_consent_is_asked_for_only_where_the_rule_wants_it() -> None:
    promotion = a_send(category="promotion", needs_consent=True)
    assert may_go(promotion, FINE, LIMITS, NOW) == Stop("no_consent")
    assert may_go(promotion, Facts(consented=True), LIMITS, NOW) == Go()


def test_a_number_that_had_its_share_waits_for_tomorrow() -> None:
    assert may_go(a_send(), Facts(sent_today=2), LIMITS, NOW) == Go()
    assert may_go(a_send(), Facts(sent_today=3), LIMITS, NOW) == Wait(at(7, day=3))


def test_a_window_that_never_opens_is_no_window() -> None:
    assert Window.parse("08:00-20:30") == Window(time(8), time(20, 30))
    all_day = Window.parse("00:00-24:00")
    assert all_day.next_open(at(23, 59)) == at(23, 59)
    assert all_day.next_open(at(0)) == at(0)
    for wrong in ("20:00-08:00", "08:00", "8-20-9"):
        with pytest.raises(ValueError):
            Window.parse(wrong)
