"""A corrected record opens the case it should have opened, and tells the case it has opened; none is ever deleted."""

from typing import Any

from shared.contracts.visits import VisitCorrected, VisitFailed, VisitReopened
from shared.messaging import Event
from shared.testing import Served, event, example
from tests.complaints.builders import completed, content, dissatisfied, second
from tests.complaints.test_handlers import all_cases, resolved_case, the_case, told


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


async def test_a_second_follow_up_corrected_to_dissatisfied_opens_a_case_when_its_own_is_closed(served: Served) -> None:
    case = await resolved_case(served)
    await served.deliver(told(content("V2", case)))
    about = second(case)
    await served.deliver(corrected("V2", rating=2, was=5, **about), told(dissatisfied("V2", correction=1, **about)))
    new, old = sorted(await all_cases(served), key=lambda one: one.state == "closed")
    assert (old.state, old.final_rating, old.outcome) == ("closed", 2, "satisfied")
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


async def test_dissatisfied_after_it_was_opened_again_opens_a_case_of_its_own(served: Served) -> None:
    case = await resolved_case(served)
    about = second(case)
    await served.deliver(told(VisitFailed.model_validate(example("visit.failed", visit_id="V2", **about))))
    again = {"rating": 2, "reopened": 1, **about}
    await served.deliver(reopened("V2", **about), told(completed("V2", **again)), told(dissatisfied("V2", **again)))
    new, old = sorted(await all_cases(served), key=lambda one: one.state == "closed")
    assert (old.state, old.outcome) == ("closed", "unreached")
    assert (new.origin_id, new.state) == ("V2", "opened")
