from dataclasses import replace
from datetime import timedelta

import pytest

from services.notifications.domain.answers import (
    Absent,
    Accepted,
    CannotTell,
    Found,
    NotTried,
    Receipt,
    Refused,
    Unclear,
)
from services.notifications.domain.send import (
    FINAL,
    Change,
    Patience,
    Send,
    State,
    back_off,
    lease,
    lose_lease,
    take_answer,
    take_finding,
    take_receipt,
)
from tests.notifications.samples import NOW, a_send

PATIENCE = Patience()
LEASED = lease(a_send(), 7, "aliyun", NOW, NOW, PATIENCE)
DELIVERED = Receipt(str(LEASED.id), "B1", "13800138000", success=True, code="DELIVERED")


def answered(send: Send, answer: object, token: int = 7) -> Change:
    return take_answer(send, token, answer, NOW, NOW, PATIENCE)  # type: ignore[arg-type]


def found(send: Send, finding: object, after: timedelta = timedelta(minutes=10)) -> Change:
    return take_finding(send, send.token, finding, NOW + after, NOW, NOW + after, PATIENCE)  # type: ignore[arg-type]


def names(change: Change) -> list[str]:
    return [type(event).__name__ for event in change.events]


UNKNOWN = answered(LEASED, Unclear("ReadTimeout")).send
ACCEPTED = answered(LEASED, Accepted("B1")).send


def test_a_lease_notes_the_try_before_it_is_made() -> None:
    assert (LEASED.state, LEASED.token, LEASED.attempts) == (State.LEASED, 7, 1)
    assert LEASED.leased_until == NOW + PATIENCE.lease


def test_an_accepted_send_is_said_to_be_sent_and_its_receipt_awaited() -> None:
    change = answered(LEASED, Accepted("B1"))
    assert (change.send.state, change.send.provider_ref) == (State.ACCEPTED, "B1")
    assert change.send.check_at == NOW + PATIENCE.receipt
    assert names(change) == ["NotificationSent"]


def test_a_definite_refusal_fails_a_temporary_one_tries_again_later() -> None:
    assert names(answered(LEASED, Refused("isv.MOBILE_NUMBER_ILLEGAL"))) == ["NotificationFailed"]
    again = answered(LEASED, Refused("throttled", temporary=True)).send
    assert (again.state, again.retry_at) == (State.PLANNED, NOW + timedelta(seconds=1))


def test_a_call_never_begun_counts_for_nothing() -> None:
    again = answered(LEASED, NotTried()).send
    assert (again.state, again.attempts, again.retry_at) == (State.PLANNED, 0, None)


def test_a_time_out_is_unknown_and_the_provider_will_be_asked() -> None:
    assert (UNKNOWN.state, UNKNOWN.check_at) == (State.UNKNOWN, NOW + PATIENCE.ask)


def test_an_answer_to_another_lease_changes_nothing() -> None:
    assert answered(LEASED, Accepted("B1"), token=6) == Change(LEASED)


def test_a_receipt_that_overtakes_the_answer_settles_the_send_and_the_answer_changes_nothing() -> None:
    change = take_receipt(LEASED, DELIVERED, NOW)
    assert change.send.state is State.DELIVERED
    assert names(change) == ["NotificationSent", "NotificationDelivered"]
    assert answered(change.send, Accepted("B1")) == Change(change.send)


def test_a_receipt_keeps_a_send_from_being_sent_again_even_when_it_was_planned_anew() -> None:
    planned = found(UNKNOWN, Absent()).send
    assert planned.state is State.PLANNED
    assert take_receipt(planned, DELIVERED, NOW).send.state is State.DELIVERED


def test_a_receipt_of_failure_fails_an_accepted_send() -> None:
    change = take_receipt(ACCEPTED, replace(DELIVERED, success=False, code="MOBILE_NOT_ON_SERVICE"), NOW)
    assert (change.send.state, change.send.reason) == (State.FAILED, "MOBILE_NOT_ON_SERVICE")


@pytest.mark.parametrize("state", sorted(FINAL))
def test_a_final_state_stays_whatever_arrives_later(state: State) -> None:
    send = replace(ACCEPTED, state=state)
    assert take_receipt(send, DELIVERED, NOW) == Change(send)
    assert answered(send, Accepted("B2")) == Change(send)
    assert found(send, Found("delivered")) == Change(send)


def test_a_lost_lease_is_unknown_and_asked_about_at_once() -> None:
    lost = lose_lease(LEASED, NOW)
    assert (lost.state, lost.check_at) == (State.UNKNOWN, NOW)


def test_only_an_old_absence_sends_an_unknown_one_again() -> None:
    assert found(UNKNOWN, Absent(), after=PATIENCE.absence / 2).send.state is State.UNKNOWN
    assert found(UNKNOWN, Absent(), after=PATIENCE.absence).send.state is State.PLANNED
    assert found(ACCEPTED, Absent(), after=PATIENCE.absence).send.state is State.ACCEPTED


def test_what_three_processes_died_of_is_set_aside_once_its_absence_is_sure() -> None:
    unknown = replace(UNKNOWN, lost=3)
    assert found(unknown, Absent(), after=PATIENCE.absence / 2).send.state is State.UNKNOWN
    aside = found(unknown, Absent(), after=PATIENCE.absence)
    assert (aside.send.state, aside.send.reason) == (State.FAILED, "set_aside")
    assert names(aside) == ["NotificationFailed"]
    assert found(unknown, Found("delivered")).send.state is State.DELIVERED


def test_an_answer_ends_the_count_of_lost_leases_and_an_unused_lease_does_not_count() -> None:
    leased = replace(LEASED, lost=2)
    assert answered(leased, Refused("throttled", temporary=True)).send.lost == 0
    assert answered(leased, Unclear("ReadTimeout")).send.lost == 0
    assert answered(leased, NotTried()).send.lost == 1


def test_an_absence_asked_about_too_early_is_not_believed_however_late_it_is_recorded() -> None:
    late = NOW + timedelta(hours=1)
    change = take_finding(UNKNOWN, UNKNOWN.token, Absent(), NOW + PATIENCE.absence / 2, NOW, late, PATIENCE)
    assert change.send.state is State.UNKNOWN


def test_an_unknown_one_the_provider_has_was_sent() -> None:
    assert names(found(UNKNOWN, Found("waiting", "B1"))) == ["NotificationSent"]
    assert names(found(UNKNOWN, Found("delivered", "B1"))) == ["NotificationSent", "NotificationDelivered"]
    assert names(found(ACCEPTED, Found("delivered", "B1"))) == ["NotificationDelivered"]


def test_a_provider_that_can_never_tell_leaves_the_send_failed_for_somebody_to_look_at() -> None:
    change = found(UNKNOWN, CannotTell(ever=False))
    assert (change.send.state, change.send.reason) == (State.FAILED, "unconfirmed")
    assert found(ACCEPTED, CannotTell(ever=False)).send.check_at is None


def test_a_provider_that_does_not_answer_is_asked_again() -> None:
    after = found(UNKNOWN, CannotTell(), after=timedelta(seconds=5)).send
    assert (after.state, after.check_at) == (State.UNKNOWN, NOW + timedelta(seconds=5) + PATIENCE.ask)


def test_tries_are_spaced_out_to_a_minute_at_most() -> None:
    assert [back_off(n).total_seconds() for n in (1, 2, 3, 20)] == [1, 2, 4, 60]
