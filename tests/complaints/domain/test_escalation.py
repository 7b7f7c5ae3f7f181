from dataclasses import replace

import pytest

from services.complaints.domain import escalation, handling
from services.complaints.domain.errors import CaseIsFinal
from services.complaints.domain.rules import Rules
from shared.contracts.complaints import ComplaintEscalated
from tests.complaints.builders import DAY, HOUR, MONDAY, RULES, assigned, opened, resolved


def test_a_late_case_is_raised_one_level_once_per_step() -> None:
    case = assigned()
    late = case.overdue_at
    first = escalation.escalate_overdue(case, RULES, late)
    assert first.case.level == 1
    (event,) = first.events
    assert isinstance(event, ComplaintEscalated)
    assert (event.reason, event.level) == ("overdue", 1)
    assert escalation.escalate_overdue(first.case, RULES, late + HOUR).events == ()
    assert escalation.escalate_overdue(first.case, RULES, late + DAY).case.level == 2


def test_a_case_in_time_is_left_alone() -> None:
    assert escalation.escalate_overdue(assigned(), RULES, MONDAY + DAY).events == ()


def test_a_resolved_case_is_not_raised_for_lateness() -> None:
    assert escalation.escalate_overdue(resolved(), RULES, MONDAY + 30 * DAY).events == ()


def test_lateness_raises_only_to_the_highest_level_and_then_stops_looking() -> None:
    case = assigned()
    for day in range(20):
        case = escalation.escalate_overdue(case, RULES, case.overdue_at + day * DAY).case
    assert (case.level, case.escalate_at) == (3, None)


def test_a_case_raised_to_the_top_for_other_reasons_is_not_raised_for_lateness() -> None:
    case = replace(assigned(), level=3)
    change = escalation.escalate_overdue(case, RULES, case.overdue_at)
    assert (change.case.level, change.case.escalate_at, change.events) == (3, None, ())


def test_a_supervisor_may_raise_any_open_case() -> None:
    change = escalation.escalate_by_hand(resolved(), "领导关注", "boss", MONDAY)
    assert (change.case.level, change.case.state) == (1, "resolved")
    assert change.entries[0].detail == {"reason": "by_hand", "level": 1, "note": "领导关注"}
    with pytest.raises(CaseIsFinal):
        escalation.escalate_by_hand(handling.reject(opened(), "r", "boss", MONDAY).case, "", "boss", MONDAY)


def test_the_rework_limit_raises_once_however_often_it_is_told() -> None:
    rules = Rules(rework_limit=2)
    first = escalation.count_reworks(assigned(), 2, rules, MONDAY)
    assert (first.case.level, first.case.important) == (1, True)
    assert escalation.count_reworks(first.case, 2, rules, MONDAY).events == ()
    assert escalation.count_reworks(first.case, 5, rules, MONDAY).case.level == 1
