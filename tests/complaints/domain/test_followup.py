import pytest

from services.complaints.domain import followup, handling
from shared.contracts.complaints import ComplaintClosed, ComplaintEscalated, ComplaintReopened
from shared.contracts.words import CASE_OUTCOMES, word_of
from tests.complaints.builders import (
    MONDAY,
    RULES,
    assigned,
    completed,
    content,
    dissatisfied,
    failed,
    resolved,
    second,
)


def test_a_satisfied_customer_closes_the_case_and_both_ratings_are_kept() -> None:
    change = followup.answered(resolved(), content("V2", resolved()), False, RULES, MONDAY)
    assert (change.case.state, change.case.outcome) == ("closed", "satisfied")
    assert (change.case.first_rating, change.case.final_rating) == (2, 5)
    (event,) = change.events
    assert isinstance(event, ComplaintClosed)
    assert (event.first_rating, event.final_rating, event.in_time) == (2, 5, True)


def test_a_second_dissatisfaction_raises_the_case_and_sends_it_back() -> None:
    case = resolved()
    change = followup.answered(case, dissatisfied("V2", **second(case, rating=1)), True, RULES, MONDAY)
    assert (change.case.state, change.case.round, change.case.level) == ("reopened", 2, 1)
    assert (change.case.first_rating, change.case.final_rating) == (2, 1)
    escalated, reopened = change.events
    assert isinstance(escalated, ComplaintEscalated)
    assert escalated.reason == "second_dissatisfaction"
    assert isinstance(reopened, ComplaintReopened)
    assert (reopened.level, reopened.visit_id) == (1, "V2")


@pytest.mark.parametrize("completed_first", [True, False])
def test_a_dissatisfied_second_visit_takes_effect_once_in_either_order(completed_first: bool) -> None:
    case = resolved()
    told = [completed("V2", **second(case, rating=1)), dissatisfied("V2", **second(case, rating=1))]
    events = []
    for visit in told if completed_first else reversed(told):
        change = followup.answered(case, visit, visit is told[1], RULES, MONDAY)
        case, events = change.case, events + list(change.events)
    assert (case.round, case.level, len(events)) == (2, 1, 2)


def test_a_customer_not_reached_again_closes_the_case_with_the_reason() -> None:
    change = followup.failed(resolved(), failed("V2", resolved()), MONDAY)
    assert (change.case.outcome, change.case.close_reason, change.case.final_rating) == (
        "unreached",
        "unreachable",
        None,
    )


def test_a_customer_who_gives_no_opinion_is_not_counted_as_satisfied() -> None:
    case = resolved()
    silent = completed("V2", **second(case, rating=None, satisfaction="no_comment", resolved=None))
    change = followup.answered(case, silent, False, RULES, MONDAY)
    assert (change.case.outcome, change.case.close_reason) == ("unreached", followup.NO_OPINION)


@pytest.mark.parametrize("reason", ["refused", "unreachable"])
def test_how_a_case_without_a_second_opinion_ended_is_true_of_who_was_reached_and_of_who_was_not(reason: str) -> None:
    """Who refused, or answered in part, was spoken to: 未联系上 would be wrong."""
    case = resolved()
    silent = completed("V2", **second(case, rating=None, satisfaction=None, resolved=None, effective=False))
    for change in (
        followup.answered(case, silent, False, RULES, MONDAY),
        followup.failed(case, failed("V2", case).model_copy(update={"reason": reason}), MONDAY),
    ):
        (told,) = change.events
        assert isinstance(told, ComplaintClosed)
        assert word_of(CASE_OUTCOMES, told.outcome) == "二次回访未得到客户评价"


@pytest.mark.parametrize(
    ("answers", "opinion"),
    [
        ({"satisfaction": "very_satisfied", "rating": 5}, "satisfied"),
        ({"satisfaction": "basically", "rating": 3}, "satisfied"),
        ({"satisfaction": "dissatisfied", "rating": 2}, "dissatisfied"),
        ({"satisfaction": None, "rating": 1}, "dissatisfied"),
        ({"satisfaction": None, "rating": 4}, "satisfied"),
        ({"satisfaction": "no_comment", "rating": None, "resolved": False}, "dissatisfied"),
        ({"satisfaction": "no_comment", "rating": None, "resolved": True}, "none"),
        ({"satisfaction": None, "rating": None, "resolved": None}, "none"),
    ],
)
def test_the_opinion_is_read_from_words_then_number(answers: dict[str, object], opinion: str) -> None:
    assert followup.opinion_of(completed(**answers)) == opinion


def test_a_result_that_comes_while_the_unit_works_is_noted_and_changes_no_state() -> None:
    case = handling.reopen(resolved(), "措施未落实", RULES, "boss", MONDAY).case
    change = followup.answered(case, content("V2", case), False, RULES, MONDAY)
    assert (change.case.state, change.case.final_rating, change.events) == ("reopened", 5, ())


def test_a_result_that_comes_after_the_end_is_only_noted() -> None:
    case = handling.close(assigned(), "r", "o", "boss", MONDAY).case
    change = followup.answered(case, dissatisfied("V2", **second(case)), True, RULES, MONDAY)
    assert (change.case.state, change.case.outcome, change.case.final_rating) == ("closed", "by_hand", None)
    assert change.events == ()
    assert change.entries[0].what == "followed_up"


def test_the_third_dissatisfied_rework_raises_twice_and_makes_it_important() -> None:
    case = resolved()
    for number in range(2, 5):
        change = followup.answered(case, dissatisfied(f"V{number}", **second(case)), True, RULES, MONDAY)
        case = handling.resolve(change.case, "再修", "boss", MONDAY).case
    assert [e.reason for e in change.events if isinstance(e, ComplaintEscalated)] == [
        "second_dissatisfaction",
        "reworked",
    ]
    assert (case.level, case.important, case.reworks) == (4, True, 3)
