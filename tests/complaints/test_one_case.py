"""What is filed by hand in a visit and what the customer answers in it is one case, about what it speaks of."""

from typing import Any

from shared.testing import Served, example
from tests.complaints.builders import completed, dissatisfied
from tests.complaints.test_corrections import timeline
from tests.complaints.test_handlers import all_cases, the_case, told

BODY = {
    "customer": {"id": "C0001017", "name": "陈静"},
    "description": "要求道歉",
    "kind": "repair.closed",
    "branch": "CD",
}


async def file(served: Served, **more: Any) -> dict[str, Any]:
    async with served.client("agent") as client:
        answer = await client.post("/api/v1/cases", json=BODY | {"visit_id": "V1"} | more)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_dissatisfied_answer_joins_the_case_filed_in_its_visit(served: Served) -> None:
    filed = await file(served, grade="major")
    sent = told(dissatisfied())
    await served.deliver(told(completed()), sent)
    await served.deliver(told(dissatisfied()))
    case = await the_case(served)
    assert (case.case_no, case.origin, case.origin_id, case.grade) == (filed["case_no"], "visit", "V1", "major")
    assert (case.first_rating, case.lineage, case.reasons) == (2, "L1", ("时效", "办理结果"))
    assert [matter.event_type for matter in case.matters] == ["repair.closed"]
    assert case.description == "要求道歉"
    [joined] = [one for one in await timeline(served, case.id) if one["what"] == "joined"]
    assert (joined["detail"]["rating"], joined["actor"]) == (2, "agent-01")
    assert [one.name for one in await served.published()] == ["complaint.opened"]


async def test_what_is_filed_by_hand_joins_the_case_of_its_visit(served: Served) -> None:
    await served.deliver(told(dissatisfied()))
    before = await the_case(served)
    filed = await file(served)
    case = await the_case(served)
    assert filed["case_no"] == case.case_no == before.case_no
    assert case.description.endswith("要求道歉")
    assert (await timeline(served, case.id))[-1]["detail"]["description"] == "要求道歉"


async def test_another_customers_or_no_visit_is_a_case_of_its_own(served: Served) -> None:
    await served.deliver(told(dissatisfied()))
    await file(served, visit_id="")
    await file(served, customer={"id": "C9", "name": "李四"})
    assert sorted(case.origin for case in await all_cases(served)) == ["manual", "manual", "visit"]


async def test_a_closed_case_is_not_opened_again_by_hand(served: Served) -> None:
    await served.deliver(told(dissatisfied()))
    case = await the_case(served)
    async with served.client("supervisor") as client:
        headers = {"If-Match": f'"{case.version}"'}
        answer = await client.post(f"/api/v1/cases/{case.id}/reject", json={"reason": "重复"}, headers=headers)
    assert answer.status_code == 200, answer.text
    await file(served)
    assert sorted(one.state for one in await all_cases(served)) == ["opened", "rejected"]


async def test_of_several_matters_the_case_is_filed_under_the_one_it_speaks_of(served: Served) -> None:
    said = example("visit.dissatisfied")
    repair = said["matters"][0]
    reading = repair | {
        "event_id": "e2",
        "event_type": "meter.read",
        "subject": "CB-2",
        "facts": {"worker": {"code": "G9"}},
    }
    results = [
        {"event_id": repair["event_id"], "event_source": repair["event_source"], "effective": True, "rating": 5},
        {"event_id": "e2", "event_source": reading["event_source"], "effective": True, "rating": 2},
    ]
    await served.deliver(told(dissatisfied(matters=[repair, reading], results=results)))
    case = await the_case(served)
    assert (case.kind, [matter.subject for matter in case.matters]) == ("meter.read", ["CB-2"])
    assert (case.done_by, case.subjects) == ("G9", ("CB-2",))
