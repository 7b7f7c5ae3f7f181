from datetime import timedelta

import pytest

from services.complaints.domain import handling
from services.complaints.domain.case import Case
from services.complaints.domain.errors import (
    CaseAlreadyResolved,
    CaseIsFinal,
    CaseNotAssigned,
    CaseNotResolved,
    CustomerOpinionMissing,
    ReplyTimeNotAhead,
)
from shared.contracts.complaints import ComplaintAssigned, ComplaintClosed, ComplaintReopened, ComplaintResolved
from tests.complaints.builders import DAY, HOUR, MONDAY, RULES, assigned, dissatisfied, opened, resolved


def test_assigning_names_the_unit_and_keeps_the_first_taker_when_no_owner_is_given() -> None:
    first = handling.assign(opened(), "CX", "E1023", RULES, "boss", MONDAY).case
    change = handling.assign(first, "CN", "", RULES, "boss", MONDAY)
    assert (change.case.state, change.case.responsible_unit, change.case.owner) == ("assigned", "CN", "E1023")
    (event,) = change.events
    assert isinstance(event, ComplaintAssigned)
    assert (event.owner, event.responsible_unit) == ("E1023", "CN")


@pytest.mark.parametrize("what", ["promise", "resolve"])
def test_a_case_that_nobody_took_is_owned_by_who_first_answers_the_customer(what: str) -> None:
    nobodys = handling.assign(opened(dissatisfied(agent="")), "CN", "", RULES, "boss", MONDAY).case
    assert nobodys.owner == "", "who passes it on has not taken it"
    if what == "promise":
        taken = handling.promise(nobodys, MONDAY + DAY, "agent-9", MONDAY).case
    else:
        taken = handling.resolve(nobodys, "已复修", "agent-9", MONDAY).case
    assert taken.owner == "agent-9"
    assert handling.promise(taken, MONDAY + DAY, "agent-8", MONDAY).case.owner == "agent-9"


def test_assigning_an_opinion_gives_the_department_its_three_days() -> None:
    opinion = opened(dissatisfied(rating=3, satisfaction="basically"))
    case = handling.assign(opinion, "CD", "", RULES, "boss", MONDAY + HOUR).case
    assert case.deadline_at == MONDAY + HOUR + 3 * DAY
    assert case.escalate_at == case.overdue_at


def test_assigning_again_does_not_give_more_time() -> None:
    opinion = opened(dissatisfied(rating=3, satisfaction="basically"))
    case = handling.assign(opinion, "CD", "", RULES, "boss", MONDAY).case
    assert handling.assign(case, "CX", "", RULES, "boss", MONDAY + 2 * DAY).case.deadline_at == case.deadline_at


def test_resolving_in_time_asks_for_a_second_follow_up() -> None:
    change = handling.resolve(assigned(), "已复修", "boss", MONDAY + DAY)
    assert (change.case.state, change.case.measures, change.case.in_time) == ("resolved", "已复修", True)
    (event,) = change.events
    assert isinstance(event, ComplaintResolved)
    assert (event.round, event.in_time, event.measures) == (1, True, "已复修")


def test_resolving_after_the_deadline_is_late_for_ever() -> None:
    late = handling.resolve(assigned(), "已复修", "boss", MONDAY + 4 * DAY)
    assert late.case.in_time is False
    again = handling.reopen(late.case, "未修好", RULES, "boss", MONDAY + 4 * DAY).case
    assert handling.resolve(again, "换新", "boss", MONDAY + 4 * DAY).case.in_time is False


def test_resolving_in_the_night_after_the_deadline_is_still_in_time() -> None:
    case = opened(now=MONDAY + timedelta(hours=7, minutes=30))
    case = handling.assign(case, "CD", "", RULES, "boss", case.opened_at).case
    assert handling.resolve(case, "已复修", "boss", case.deadline_at + 3 * HOUR).case.in_time is True


def test_what_nobody_was_asked_to_do_cannot_be_resolved() -> None:
    with pytest.raises(CaseNotAssigned):
        handling.resolve(opened(), "已复修", "boss", MONDAY)


def test_a_resolved_case_waits_for_its_follow_up() -> None:
    with pytest.raises(CaseAlreadyResolved):
        handling.resolve(resolved(), "再修", "boss", MONDAY)
    with pytest.raises(CaseAlreadyResolved):
        handling.assign(resolved(), "CX", "", RULES, "boss", MONDAY)


def test_sending_back_starts_the_next_round_with_a_new_limit() -> None:
    change = handling.reopen(resolved(), "措施未落实", RULES, "boss", MONDAY + DAY)
    assert (change.case.state, change.case.round, change.case.level) == ("reopened", 2, 0)
    assert change.case.deadline_at == MONDAY + 4 * DAY
    (event,) = change.events
    assert isinstance(event, ComplaintReopened)
    assert (event.round, event.reason) == (2, "措施未落实")


def test_only_what_was_resolved_can_be_sent_back() -> None:
    with pytest.raises(CaseNotResolved):
        handling.reopen(assigned(), "x", RULES, "boss", MONDAY)


def test_the_third_rework_raises_the_case_and_makes_it_important() -> None:
    case = resolved()
    levels = []
    for _ in range(4):
        case = handling.reopen(case, "未修好", RULES, "boss", MONDAY).case
        levels.append((case.level, case.important))
        case = handling.resolve(case, "再修", "boss", MONDAY).case
    assert levels == [(0, False), (0, False), (1, True), (1, True)]


@pytest.mark.parametrize("case", [opened(), assigned(), resolved()])
def test_closing_by_hand_needs_the_customers_opinion(case: Case) -> None:
    with pytest.raises(CustomerOpinionMissing):
        handling.close(case, "已协商", "", "boss", MONDAY)
    change = handling.close(case, "已协商", "客户来电表示认可", "boss", MONDAY)
    assert (change.case.state, change.case.outcome) == ("closed", "by_hand")
    assert change.entries[-1].detail["customer_opinion"] == "客户来电表示认可"


def test_a_rejection_keeps_its_reason() -> None:
    change = handling.reject(opened(), "与我司无关", "boss", MONDAY)
    assert (change.case.state, change.case.outcome, change.case.close_reason) == ("rejected", "rejected", "与我司无关")
    (event,) = change.events
    assert isinstance(event, ComplaintClosed)
    assert event.outcome == "rejected"


def test_a_case_closed_while_it_was_late_was_not_in_time() -> None:
    assert handling.close(assigned(), "r", "o", "boss", MONDAY + 9 * DAY).case.in_time is False


def test_nothing_changes_a_final_case_but_a_remark() -> None:
    final = handling.reject(opened(), "r", "boss", MONDAY).case
    for change in (
        lambda: handling.assign(final, "CD", "", RULES, "boss", MONDAY),
        lambda: handling.resolve(final, "m", "boss", MONDAY),
        lambda: handling.reopen(final, "r", RULES, "boss", MONDAY),
        lambda: handling.close(final, "r", "o", "boss", MONDAY),
        lambda: handling.reject(final, "r", "boss", MONDAY),
        lambda: handling.promise(final, MONDAY + DAY, "boss", MONDAY),
    ):
        with pytest.raises(CaseIsFinal):
            change()
    remarked = handling.remark(final, "已复核", "boss", MONDAY)
    assert (remarked.case.state, remarked.entries[0].actor) == ("rejected", "boss")


def test_a_promised_reply_time_lies_ahead() -> None:
    change = handling.promise(assigned(), MONDAY + DAY, "boss", MONDAY)
    assert change.case.next_reply_at == MONDAY + DAY
    with pytest.raises(ReplyTimeNotAhead):
        handling.promise(assigned(), MONDAY, "boss", MONDAY)
