import pytest

from services.complaints.domain import handling
from services.complaints.domain.case import CaseId
from services.complaints.domain.opening import (
    Report,
    by_hand,
    complains,
    done_by,
    from_hotline,
    from_visit,
    open_case,
    subjects_of,
)
from shared.contracts.common import CustomerCard, Matter
from shared.contracts.complaints import ComplaintEscalated, ComplaintOpened
from shared.contracts.intake import HotlineCaseClosed
from shared.ids import new_id
from shared.testing import example
from tests.complaints.builders import MONDAY, RULES, dissatisfied, opening, problem

CARD = CustomerCard(id="C1")


def hotline(**changes: object) -> HotlineCaseClosed:
    return HotlineCaseClosed.model_validate(example("hotline.case_closed", **changes))


def matter(**facts: object) -> Matter:
    return Matter(event_id="E1", event_type="repair.closed", at=MONDAY, subject="WX1", facts=facts)


def test_a_dissatisfied_visit_opens_a_case_with_its_facts_and_the_first_rating() -> None:
    change = open_case(opening(), "TS1", 0, RULES, MONDAY)
    case = change.case
    assert (case.origin, case.origin_id, case.first_rating, case.final_rating) == ("visit", "V1", 2, None)
    assert (case.state, case.round, case.level, case.version) == ("opened", 1, 0, 1)
    assert (case.branch, case.responsible_unit, case.done_by) == ("CD", "CD", "CD")
    assert case.description == "时效、办理结果；客户称维修后第二天又熄火，要求重新上门。"
    (event,) = change.events
    assert isinstance(event, ComplaintOpened)
    assert event.case_id == str(case.id)
    assert event.matters[0].subject == "WX202603030017"


def test_who_heard_the_customer_owns_the_case_and_it_is_told_so() -> None:
    """R03.5, R13.2: handled as a complaint by the same owner, until the customer has an answer."""
    change = open_case(opening(dissatisfied(agent="agent-9")), "TS1", 0, RULES, MONDAY)
    assert change.case.owner == "agent-9"
    (event,) = change.events
    assert isinstance(event, ComplaintOpened)
    assert event.owner == "agent-9"
    assert handling.assign(change.case, "CN", "", RULES, "boss", MONDAY).case.owner == "agent-9"


def test_the_same_visit_told_as_dissatisfied_and_as_problem_is_the_same_case() -> None:
    told = from_visit(problem(), ("保险责任不清楚",), "L1")
    assert told.case_id == opening().case_id
    assert "保险责任不清楚" in told.reasons


def test_another_visit_is_another_case() -> None:
    assert opening(dissatisfied("V2")).case_id != opening().case_id


def test_a_rating_given_in_words_is_kept_as_a_number() -> None:
    assert opening(dissatisfied(rating=None, satisfaction="very_dissatisfied")).first_rating == 1


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"handle_status": "closed_unresolved"}, True),
        ({"handle_status": "returned", "appeal_kind": "咨询"}, True),
        ({"handle_status": "closed", "appeal_kind": "投诉", "resolved_claim": False}, True),
        ({"handle_status": "closed", "appeal_kind": "投诉", "resolved_claim": None}, False),
        ({"handle_status": "closed", "appeal_kind": "求助", "resolved_claim": False}, False),
        ({"handle_status": "closed", "appeal_kind": "投诉", "resolved_claim": True}, False),
    ],
)
def test_a_12345_case_becomes_a_complaint_when_it_came_back_unsolved(
    changes: dict[str, object], expected: bool
) -> None:
    assert complains(hotline(**changes)) is expected


def test_the_handling_department_answers_for_a_12345_case() -> None:
    told = hotline(handle_status="closed_unresolved", urgency="critical")
    made = from_hotline(told, matter(host_dept={"code": "XH-CGJ"}), CARD, "B1", "L1")
    case = open_case(made, "TS1", 0, RULES, MONDAY).case
    assert (case.origin, case.origin_id, case.responsible_unit, case.branch) == (
        "hotline",
        told.case_no,
        told.host_dept.code,
        "B1",
    )
    assert (case.done_by, case.grade, case.first_rating) == ("XH-CGJ", "major", None)


def test_a_12345_case_reworked_three_times_before_is_raised_at_once() -> None:
    told = hotline(handle_status="returned", redo_round=3)
    change = open_case(from_hotline(told, matter(), CARD, "B1", "L1"), "TS1", 0, RULES, MONDAY)
    assert (change.case.level, change.case.important) == (1, True)
    assert [type(event) for event in change.events] == [ComplaintOpened, ComplaintEscalated]


@pytest.mark.parametrize(("earlier", "important"), [(0, False), (1, True), (2, True)])
def test_the_second_complaint_of_one_matter_is_important(earlier: int, important: bool) -> None:
    assert open_case(opening(), "TS1", earlier, RULES, MONDAY).case.important is important


def test_the_first_who_takes_a_complaint_owns_it() -> None:
    case_id = CaseId(new_id())
    report = Report(CARD, "来电反映燃气味", subject="WX9", branch="CD")
    case = open_case(by_hand(report, case_id, "agent-7", MONDAY), "TS1", 0, RULES, MONDAY).case
    assert (case.id, case.origin_id, case.lineage) == (case_id, str(case_id), str(case_id))
    assert (case.owner, case.responsible_unit, case.grade) == ("agent-7", "CD", "major")


def test_a_grade_given_by_hand_overrules_the_table() -> None:
    report = Report(CARD, "燃气味", grade="opinion")
    assert open_case(by_hand(report, CaseId(new_id()), "a", MONDAY), "T", 0, RULES, MONDAY).case.grade == "opinion"


@pytest.mark.parametrize(
    ("facts", "doer"),
    [
        ({"provider": {"code": "P7"}, "engineer": {"code": "G1"}}, "P7"),
        ({"host_dept": {"code": "XH"}}, "XH"),
        ({"worker": {"code": "W1"}}, "W1"),
        ({"engineer": {"code": "G1"}}, "G1"),
        ({"provider": None}, ""),
        ({}, ""),
    ],
)
def test_who_did_the_work_is_read_from_the_fact(facts: dict[str, object], doer: str) -> None:
    assert done_by([matter(**facts)]) == doer


def test_a_rework_is_of_the_same_matter_as_its_parent_work_order() -> None:
    again = subjects_of([matter(work_order_no="WX2", parent_work_order_no="WX0")])
    assert set(again) == {"WX0", "WX1", "WX2"}
