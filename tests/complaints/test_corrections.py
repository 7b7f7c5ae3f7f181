"""A corrected record opens the case it should have opened, and tells the case it has opened; none is ever deleted."""

from typing import Any

from shared.contracts.visits import VisitCorrected, VisitFailed, VisitReopened
from shared.messaging import Event
from shared.testing import Served, event, example
from tests.complaints.builders import completed, content, dissatisfied, second
from tests.complaints.test_handlers import all_cases, resolve, resolved_case, the_case, told


def corrected(visit_id: str = "V1", rating: int = 4, was: int = 2, **changes: Any) -> Event:
    data = example("visit.corrected", visit_id=visit_id, rating=rating, dissatisfied=rating <= 2, **changes)
    data["before"] |= {"rating": was, "dissatisfied": was <= 2}
    return told(VisitCorrected.model_validate(data))


async def timeline(served: Served, case_id: object) -> list[dict[str, Any]]:
    async with served.client("supervisor") as client:
        found: list[dict[str, Any]] = (await client.get(f"/api/v1/cases/{case_id}")).json()["timeline"]
    return found


async def test_corrected_to_dissatisfied_opens_the_case(served: Served) -> None:
    await served.deliver(told(completed(rating=4)))
    assert await all_cases(served) == []
    await served.deliver(corrected(rating=2, was=4), told(dissatisfied(correction=1)))
    case = await the_case(served)
    assert (case.origin, case.origin_id, case.first_rating, case.state) == ("visit", "V1", 2, "opened")


async def test_corrected_away_tells_the_case_and_leaves_it_to_people(served: Served) -> None:
    await served.deliver(told(completed()), told(dissatisfied()))
    before = await the_case(served)
    await served.deliver(corrected(rating=4))
    case = await the_case(served)
    assert (case.state, case.first_rating, case.version) == ("opened", 4, before.version + 1)
    entry = (await timeline(served, case.id))[-1]
    assert (entry["what"], entry["text"], entry["actor"]) == ("visit_corrected", "回访记录更正", "agent-01")
    assert (entry["detail"]["before"], entry["detail"]["rating"], entry["detail"]["dissatisfied"]) == (2, 4, False)
    assert entry["detail"]["reason"] == "听录音后发现选错了答案"
    assert [one.name for one in await served.published()] == ["complaint.opened"]


async def test_corrected_away_and_back_opens_no_second_case(served: Served) -> None:
    await served.deliver(told(completed()), told(dissatisfied()))
    await served.deliver(corrected(rating=4))
    await served.deliver(corrected(rating=1, was=4, correction=2), told(dissatisfied(rating=1, correction=2)))
    case = await the_case(served)
    assert (case.state, case.first_rating) == ("opened", 1)
    assert [one.name for one in await served.published()] == ["complaint.opened"]


async def test_a_contented_record_corrected_to_another_contented_one_leaves_no_trace(served: Served) -> None:
    await served.deliver(told(completed(rating=4)), corrected(rating=5, was=4))
    assert await all_cases(served) == []


async def test_a_second_follow_up_corrected_to_dissatisfied_sends_the_case_back_that_it_had_closed(
    served: Served,
) -> None:
    case = await resolved_case(served)
    await served.deliver(told(content("V2", case)))
    assert (await the_case(served)).outcome == "satisfied"
    about = second(case)
    said = (corrected("V2", rating=2, was=5, **about), told(dissatisfied("V2", correction=1, **about)))
    await served.deliver(*said)
    again = await the_case(served)
    assert (again.id, again.state, again.round, again.level) == (case.id, "reopened", case.round + 1, case.level + 1)
    assert (again.final_rating, again.outcome, again.closed_at, again.close_reason) == (2, None, None, "")
    assert again.escalate_at == again.overdue_at
    names = [one.name for one in await served.published()][-3:]
    assert names == ["complaint.closed", "complaint.escalated", "complaint.reopened"]
    await served.deliver(*said)
    assert await the_case(served) == again
    back = {**about, "correction": 2}
    await served.deliver(corrected("V2", rating=5, was=2, **back))
    once_more = corrected("V2", rating=1, was=5, **about, correction=3)
    await served.deliver(once_more, told(dissatisfied("V2", rating=1, correction=3, **about)))
    last = await the_case(served)
    assert (last.state, last.round, last.final_rating) == ("reopened", again.round, 1)


async def test_a_case_that_was_sent_back_late_is_asked_about_and_closed_again(served: Served) -> None:
    case = await resolved_case(served)
    about = second(case)
    await served.deliver(told(content("V2", case)))
    await served.deliver(corrected("V2", rating=2, was=5, **about), told(dissatisfied("V2", correction=1, **about)))
    again = await the_case(served)
    await resolve(served, again)
    await served.deliver(told(content("V3", again)))
    last = await the_case(served)
    assert (last.state, last.outcome, last.final_rating) == ("closed", "satisfied", 5)
    # the older follow-up is not the last word any more
    late = (
        corrected("V2", rating=1, was=2, correction=2, **about),
        told(dissatisfied("V2", rating=1, correction=2, **about)),
    )
    await served.deliver(*late)
    last = await the_case(served)
    assert (last.state, last.outcome, last.final_rating) == ("closed", "satisfied", 5)


async def test_a_second_follow_up_corrected_to_dissatisfied_opens_a_case_when_people_ended_its_own(
    served: Served,
) -> None:
    case = await resolved_case(served)
    about = second(case)
    async with served.client("supervisor") as client:
        where = f"/api/v1/cases/{case.id}"
        seen = {"If-Match": (await client.get(where)).headers["ETag"]}
        body = {"reason": "客户来电说已满意", "customer_opinion": "满意"}
        assert (await client.post(f"{where}/close", json=body, headers=seen)).status_code == 200
    await served.deliver(told(content("V2", case)))
    await served.deliver(corrected("V2", rating=2, was=5, **about), told(dissatisfied("V2", correction=1, **about)))
    new, old = sorted(await all_cases(served), key=lambda one: one.state == "closed")
    assert (old.state, old.outcome) == ("closed", "by_hand")
    assert (new.origin_id, new.state, new.first_rating) == ("V2", "opened", 2)
    assert (await timeline(served, old.id))[-1]["what"] == "visit_corrected"


async def test_a_second_follow_up_corrected_while_its_case_is_in_work_only_tells_it(served: Served) -> None:
    case = await resolved_case(served)
    about = second(case)
    await served.deliver(told(completed("V2", rating=2, **about)), told(dissatisfied("V2", **about)))
    again = await the_case(served)
    assert again.state == "reopened"
    await served.deliver(corrected("V2", rating=4, was=2, **about))
    case = await the_case(served)
    assert (case.state, case.final_rating, case.level) == ("reopened", 4, again.level)


async def test_an_open_case_has_the_number_by_which_its_customer_is_reached(served: Served) -> None:
    await served.deliver(told(dissatisfied()))
    before = await the_case(served)
    wrong, new = str(before.customer.phone), "sealed:v1:xk2tQ8T6aM0yqP1cZr4W3uJd9nVbEe7HfLgSoRiA"
    number = example("customer.number_corrected", wrong=wrong, phone=new, phone_masked="137****0021")
    await served.deliver(event("customer.number_corrected", number, key="C0001017"))
    case = await the_case(served)
    assert (case.customer.phone, case.customer.phone_masked) == (new, "137****0021")
    assert (await timeline(served, case.id))[-1]["text"] == "客户号码更正"


def reopened(visit_id: str, **changes: Any) -> Event:
    return told(VisitReopened.model_validate(example("visit.reopened", visit_id=visit_id, **changes)))


async def test_a_second_follow_up_that_had_not_failed_is_noted_and_its_answer_too(served: Served) -> None:
    case = await resolved_case(served)
    about = second(case)
    await served.deliver(told(VisitFailed.model_validate(example("visit.failed", visit_id="V2", **about))))
    assert (await the_case(served)).outcome == "unreached"
    await served.deliver(reopened("V2", **about), told(completed("V2", rating=5, reopened=1, **about)))
    assert [one["what"] for one in (await timeline(served, case.id))[-2:]] == ["visit_reopened", "followed_up"]
    assert (await the_case(served)).state == "closed"


async def test_dissatisfied_after_it_was_opened_again_sends_the_case_back_that_its_failure_had_closed(
    served: Served,
) -> None:
    case = await resolved_case(served)
    about = second(case)
    await served.deliver(told(VisitFailed.model_validate(example("visit.failed", visit_id="V2", **about))))
    again = {"rating": 2, "reopened": 1, **about}
    await served.deliver(reopened("V2", **about), told(completed("V2", **again)), told(dissatisfied("V2", **again)))
    back = await the_case(served)
    assert (back.id, back.state, back.round, back.final_rating) == (case.id, "reopened", case.round + 1, 2)
