"""What events from other services do to the cases, on a real database."""

from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import text

from services.complaints import store
from services.complaints.domain.case import Case
from shared.clock import ManualClock
from shared.contracts import EventData
from shared.messaging import Event
from shared.testing import Served, event, example
from tests.complaints.builders import completed, content, dissatisfied, failed, opened, problem, second


async def the_case(served: Served) -> Case:
    (case,) = await all_cases(served)
    return case


async def all_cases(served: Served) -> list[Case]:
    async with served.runtime.db.read() as session:
        return await store.list_cases(session, store.CaseFilter(), served.runtime.clock.now(), None, 100)


def told(data: EventData, key: str = "C0001017") -> Event:
    return event(data, key=key, lineage="L1")


def hotline(event_id: str | None = None, key: str = "C7", **changes: Any) -> Event:
    data = example("hotline.case_closed", **changes)
    return event("hotline.case_closed", data, key=key, id=event_id, lineage="L7")


async def resolved_case(served: Served) -> Case:
    """A dissatisfied visit's case, assigned by the job and resolved by hand."""
    await served.deliver(told(dissatisfied()))
    await served.run_job("assign")
    case = await the_case(served)
    await resolve(served, case)
    return await the_case(served)


async def resolve(served: Served, case: Case) -> None:
    async with served.client("supervisor") as client:
        answer = await client.post(
            f"/api/v1/cases/{case.id}/resolve", json={"measures": "已复修"}, headers={"If-Match": f'"{case.version}"'}
        )
    assert answer.status_code == 200, answer.text


async def test_a_dissatisfied_visit_opens_one_case_with_the_lineage_of_the_first_fact(served: Served) -> None:
    sent = told(dissatisfied())
    await served.deliver(told(completed()), sent)
    case = await the_case(served)
    assert (case.origin_id, case.lineage, case.first_rating, case.customer.id) == ("V1", "L1", 2, "C0001017")
    (opened,) = await served.published()
    assert (opened.name, opened.lineage, opened.cause, opened.key) == ("complaint.opened", "L1", sent.id, "C0001017")


async def test_redelivery_and_a_second_telling_open_nothing_more(served: Served) -> None:
    first = told(dissatisfied())
    await served.deliver(first, first)
    await served.deliver(first)
    await served.deliver(told(dissatisfied()), told(dissatisfied()))
    assert len(await served.published("complaint.opened")) == 1
    await the_case(served)


@pytest.mark.parametrize("problem_first", [True, False])
async def test_dissatisfaction_and_problem_of_one_visit_share_a_case(served: Served, problem_first: bool) -> None:
    events = [told(problem()), told(dissatisfied())]
    await served.deliver(*(events if problem_first else reversed(events)))
    case = await the_case(served)
    assert "保险责任不清楚" in case.reasons


async def test_a_problem_visit_alone_opens_a_case(served: Served) -> None:
    await served.deliver(told(problem(rating=5, satisfaction="very_satisfied")))
    assert (await the_case(served)).grade == "opinion"


async def test_many_visits_in_one_batch_open_a_case_each_with_a_number_each(served: Served) -> None:
    await served.deliver(*(told(dissatisfied(f"V{n}"), key=f"C{n}") for n in range(50)))
    cases = await all_cases(served)
    assert len({case.case_no for case in cases}) == 50
    assert cases[0].case_no.startswith("TS20260302-")


async def test_contented_first_contacts_leave_no_trace(served: Served) -> None:
    await served.deliver(told(completed(rating=5, satisfaction="very_satisfied")))
    assert await all_cases(served) == []


async def test_the_second_complaint_of_the_same_work_order_is_important(served: Served) -> None:
    await served.deliver(told(dissatisfied("V1")), told(dissatisfied("V2")))
    assert sorted(case.important for case in await all_cases(served)) == [False, True]


async def test_an_old_complaint_of_the_same_work_order_no_longer_counts(served: Served, clock: ManualClock) -> None:
    await served.deliver(told(dissatisfied("V1")))
    clock.move_to(clock.now().replace(month=7))
    await served.deliver(told(dissatisfied("V2")))
    assert [case.important for case in await all_cases(served)] == [False, False]


async def test_a_satisfied_second_follow_up_closes_the_loop(served: Served) -> None:
    case = await resolved_case(served)
    await served.deliver(told(content("V2", case)))
    done = await the_case(served)
    assert (done.outcome, done.first_rating, done.final_rating) == ("satisfied", 2, 5)
    names = [sent.name for sent in await served.published()]
    assert names == ["complaint.opened", "complaint.assigned", "complaint.resolved", "complaint.closed"]
    assert {sent.lineage for sent in await served.published()} == {"L1"}


@pytest.mark.parametrize("apart", [True, False])
@pytest.mark.parametrize("completed_first", [True, False])
async def test_a_dissatisfied_second_follow_up_raises_and_reopens_once(
    served: Served, completed_first: bool, apart: bool
) -> None:
    case = await resolved_case(served)
    answers = second(case, rating=1, satisfaction="very_dissatisfied")
    events = [told(completed("V2", **answers)), told(dissatisfied("V2", **answers))]
    if not completed_first:
        events.reverse()
    for batch in [[sent] for sent in events] if apart else [events]:
        await served.deliver(*batch)
    again = await the_case(served)
    assert (again.state, again.round, again.level, again.first_rating, again.final_rating) == ("reopened", 2, 1, 2, 1)
    names = [sent.name for sent in await served.published()][3:]
    assert names == ["complaint.escalated", "complaint.reopened"]


async def test_after_rework_the_last_rating_is_final(served: Served) -> None:
    case = await resolved_case(served)
    await served.deliver(told(dissatisfied("V2", **second(case, rating=1))))
    case = await the_case(served)
    await resolve(served, case)
    await served.deliver(told(content("V3", case, rating=4)))
    done = await the_case(served)
    assert (done.outcome, done.round, done.first_rating, done.final_rating) == ("satisfied", 2, 2, 4)


async def test_an_unreached_second_follow_up_closes_the_case_with_its_reason(served: Served) -> None:
    case = await resolved_case(served)
    await served.deliver(told(failed("V2", case)))
    done = await the_case(served)
    assert (done.outcome, done.close_reason) == ("unreached", "unreachable")


async def test_a_problem_told_by_a_satisfied_second_follow_up_gets_its_own_case(served: Served) -> None:
    case = await resolved_case(served)
    answers = second(case, rating=5, satisfaction="satisfied")
    await served.deliver(told(completed("V2", **answers)), told(problem("V2", **answers)))
    newer, older = sorted(await all_cases(served), key=lambda c: c.case_no, reverse=True)
    assert (older.id, older.outcome) == (case.id, "satisfied")
    assert (newer.origin_id, newer.state, newer.important) == ("V2", "opened", True)


async def test_a_result_for_a_case_that_does_not_exist_is_a_dead_letter(served: Served) -> None:
    unknown = content("V2", opened(dissatisfied("V0")))
    await served.deliver(told(dissatisfied()), told(unknown))
    assert len(await served.dead_letters()) == 1
    await the_case(served)


async def test_an_unsolved_12345_case_opens_one_case_per_number(served: Served) -> None:
    await served.deliver(hotline(handle_status="closed_unresolved"), hotline(handle_status="closed_unresolved"))
    case = await the_case(served)
    assert (case.origin, case.lineage, case.first_rating) == ("hotline", "L7", None)
    assert case.responsible_unit == example("hotline.case_closed")["host_dept"]["code"]
    assert case.matters[0].event_type == "hotline.case_closed"


async def test_a_solved_12345_case_opens_none(served: Served) -> None:
    await served.deliver(hotline(handle_status="closed", resolved_claim=True))
    assert await all_cases(served) == []


async def test_a_12345_case_told_again_after_three_reworks_is_raised_once(served: Served) -> None:
    await served.deliver(hotline(handle_status="returned"))
    await served.deliver(hotline(handle_status="returned", redo_round=3))
    await served.deliver(hotline(handle_status="returned", redo_round=4))
    case = await the_case(served)
    assert (case.level, case.important, case.reworks) == (1, True, 4)
    (raised,) = await served.published("complaint.escalated")
    assert raised.data["reason"] == "reworked"


@pytest.mark.parametrize("flag", ["is_confidential", "is_anonymous"])
async def test_a_confidential_or_anonymous_12345_case_is_marked_not_to_be_phoned(served: Served, flag: str) -> None:
    await served.deliver(hotline(handle_status="closed_unresolved", **{flag: True, "customer": None}))
    case = await the_case(served)
    assert case.customer.do_not_contact is True
    assert case.customer.id == "C7"


async def test_a_broken_event_does_not_hold_up_its_neighbours(served: Served) -> None:
    broken = event("visit.dissatisfied", {"visit_id": "V9"}, key="C9")
    await served.deliver(told(dissatisfied("V1")), broken, told(dissatisfied("V2")))
    assert len(await all_cases(served)) == 2
    assert len(await served.dead_letters()) == 1


def unasked(name: str, case: Case, **changes: Any) -> Event:
    data = example(name, case_id=str(case.id), round=2, **changes)
    return event(name, data, key=case.customer.id)


@pytest.mark.parametrize(
    ("name", "changes", "reason"),
    [
        ("followup.cancelled", {"reason": "do_not_contact"}, "do_not_contact"),
        ("followup.expired", {}, "expired"),
    ],
)
async def test_a_second_follow_up_that_will_not_take_place_ends_its_case(
    served: Served, name: str, changes: dict[str, Any], reason: str
) -> None:
    case = await resolved_case(served)
    await served.deliver(unasked(name, case, **changes))
    done = await the_case(served)
    assert (done.outcome, done.close_reason) == ("unreached", reason)


@pytest.mark.parametrize("reason", ["case_closed", "case_reopened"])
async def test_a_follow_up_outdated_by_its_own_case_changes_nothing(served: Served, reason: str) -> None:
    case = await resolved_case(served)
    await served.deliver(unasked("followup.cancelled", case, reason=reason))
    assert (await the_case(served)).state == "resolved"


async def test_cancelled_follow_ups_of_first_contacts_are_no_concern_of_complaints(served: Served) -> None:
    await served.deliver(event("followup.cancelled", example("followup.cancelled", case_id=None)))
    assert await served.dead_letters() == []


async def test_the_agent_who_heard_it_finds_the_case_among_the_own_ones(served: Served) -> None:
    await served.deliver(told(dissatisfied(agent="key:test-agent")), told(dissatisfied("V2", agent="agent-9")))
    async with served.client("agent") as client:
        (mine,) = (await client.get("/api/v1/cases", params={"owner": "me"})).json()["items"]
    assert (mine["owner"], mine["origin_id"]) == ("key:test-agent", "V1")


async def test_a_rejected_case_does_not_make_the_next_one_a_repeat(served: Served) -> None:
    await served.deliver(told(dissatisfied()))
    case = await the_case(served)
    async with served.client("supervisor") as client:
        url, headers = f"/api/v1/cases/{case.id}/reject", {"If-Match": f'"{case.version}"'}
        assert (await client.post(url, json={"reason": "客户误操作"}, headers=headers)).status_code == 200
    await served.deliver(told(dissatisfied("V2")))
    second = next(case for case in await all_cases(served) if case.origin_id == "V2")
    assert not second.important


async def test_two_hotlines_may_use_the_same_number(served: Served) -> None:
    one = replace(hotline("e1", handle_status="returned"), source="/hotline/city")
    two = replace(hotline("e1", handle_status="returned"), source="/hotline/province")
    await served.deliver(one, two)
    await served.deliver(replace(one, id="e2"))
    city, province = sorted(await all_cases(served), key=lambda case: case.origin_source)
    assert (city.origin_source, province.origin_source) == ("/hotline/city", "/hotline/province")
    assert city.origin_id == province.origin_id
    assert [case.matters[0].event_source for case in (city, province)] == ["/hotline/city", "/hotline/province"]
    assert city.version > province.version  # told again, it is noted on its own case


async def test_a_case_from_before_cases_kept_their_source_is_not_opened_again(served: Served) -> None:
    await served.deliver(replace(hotline("e1", handle_status="returned"), source="/hotline/city"))
    async with served.runtime.db.work() as work:
        await work.session.execute(text("UPDATE complaint_case SET origin_source = ''"))
    await served.deliver(replace(hotline("e2", handle_status="returned"), source="/hotline/city"))
    assert (await the_case(served)).origin_source == ""
