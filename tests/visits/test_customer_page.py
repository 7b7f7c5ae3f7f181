"""A customer opens the questionnaire with a code from a message, and answers once."""

import asyncio
import re
from datetime import timedelta

import pytest
from sqlalchemy import text

from shared.contracts.visits import VisitCompleted, VisitFailed
from tests.visits.asked_by_message import ALL, fields_of, form, invited, post
from tests.visits.conftest import HAPPY, UNHAPPY, Desk, cancelled, changed, matter, postponed, released

REFUSED = "这个编号现在不能使用"


async def names(desk: Desk) -> list[str]:
    return [sent.name for sent in await desk.served.published()]


async def test_a_follow_up_by_message_waits_for_the_customer_and_for_no_agent(desk: Desk) -> None:
    visit_id, _ = await invited(desk)
    assert (await desk.visit(visit_id))["state"] == "invited"
    async with desk.agent() as agent:
        assert (await agent.post("/api/v1/visits/claim", json={"limit": 20})).json()["items"] == []
        told = (await agent.get(f"/api/v1/visits/{visit_id}/claimable")).json()
    assert [reason["message"] for reason in told["reasons"]] == ["该单已发消息，等客户自助作答"]


async def test_the_code_opens_the_same_questions_and_nothing_else_of_the_customer(desk: Desk) -> None:
    _, code = await invited(desk)
    page = await post(desk, {"code": code.lower().replace("-", " ")})
    assert page.status_code == 200
    assert fields_of(page.text) == ALL
    assert "您觉得工作人员的服务态度怎么样" in page.text
    for hidden in ("张三", "8000", "C1", "不要提示答案", "T1", "sealed:"):
        assert hidden not in page.text, hidden


async def test_the_answers_are_a_result_like_any_other_of_their_channel_and_of_no_agent(desk: Desk) -> None:
    visit_id, code = await invited(desk)
    answer = await post(desk, form(code, UNHAPPY, [*ALL, "reasons", "complaint"]))
    assert (answer.status_code, answer.headers["location"]) == (303, "/q/thanks")
    assert await names(desk) == ["visit.invited", "visit.completed", "visit.dissatisfied"]
    told = (await desk.served.published("visit.completed"))[0].read(VisitCompleted)
    assert (told.channel, told.agent, told.effective, told.rating) == ("sms", "", True, 2)
    assert (told.answers["satisfaction"], told.reasons) == ("dissatisfied", ["没有按约定时间上门"])
    assert (told.questionnaire, told.questionnaire_version) == ("gas-service", 1)
    kept = await desk.visit(visit_id)
    assert (kept["state"], kept["channel"], kept["agent"], kept["attempts"]) == ("completed", "sms", "", 0)


async def test_questions_that_an_answer_brings_up_are_asked_before_it_is_over(desk: Desk) -> None:
    _, code = await invited(desk)
    page = await post(desk, form(code, HAPPY | {"satisfaction": "dissatisfied"}))
    assert page.status_code == 200
    assert fields_of(page.text) == [*ALL[:6], "reasons", "complaint", ALL[6]]
    assert "还有 2 个问题" in page.text
    assert re.search(r'value="dissatisfied"\s+checked', page.text)
    assert await names(desk) == ["visit.invited"]
    done = await post(
        desk, form(code, HAPPY | {"satisfaction": "dissatisfied", "reasons": ["late", "fee"]}, fields_of(page.text))
    )
    assert done.status_code == 303


async def test_what_is_missing_or_wrong_is_named_and_nothing_typed_is_lost(desk: Desk) -> None:
    _, code = await invited(desk)
    page = await post(
        desk, form(code, {"conduct": "yes", "attitude": "no-such", "suggestion": "请打 13800138000 找我"})
    )
    assert page.status_code == 422
    assert page.text.count("请回答这一题") == 3
    assert "答案不在选项内" in page.text
    assert "还有 4 处" in page.text
    assert "请打 13800138000 找我" in page.text, "what was typed stays in the customer's own field"
    assert await names(desk) == ["visit.invited"]


async def test_numbers_in_what_customers_write_are_masked_before_they_are_kept(desk: Desk) -> None:
    visit_id, code = await invited(desk)
    await post(desk, form(code, HAPPY | {"suggestion": "请打 13800138000 找我"}))
    told = (await desk.served.published("visit.completed"))[0]
    assert "13800138000" not in str(told.data)
    assert "138****8000" in (await desk.visit(visit_id))["outcome"]["remark"]


async def test_a_code_serves_once_even_for_two_at_once(desk: Desk) -> None:
    _, code = await invited(desk)
    answers = await asyncio.gather(*(post(desk, form(code)) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [303, 422, 422, 422]
    assert (await names(desk)).count("visit.completed") == 1
    assert REFUSED in (await post(desk, {"code": code})).text


async def test_refused_codes_are_told_apart_by_nobody(desk: Desk) -> None:
    """Mistyped, used, expired, of a cancelled and of a postponed visit: one answer."""
    _, used = await invited(desk, "T1")
    await post(desk, form(used))
    _, gone = await invited(desk, "T2", customer="C2")
    await desk.served.deliver(cancelled("T2"))
    _, later = await invited(desk, "T3", customer="C3")
    await desk.served.deliver(postponed("T3"))
    _, expired = await invited(desk, "T4", customer="C4")
    desk.clock.advance(timedelta(hours=73))
    answers = [await post(desk, {"code": code}) for code in (used, gone, later, expired, "7K3QF-9M2XP", "", "x" * 90)]
    assert {answer.status_code for answer in answers} == {422}
    assert len({answer.text for answer in answers}) == 1
    assert len({tuple(pair for pair in answer.headers.items() if pair[0] != "traceparent") for answer in answers}) == 1


async def test_a_task_released_again_has_a_new_code_and_the_old_one_is_dead(desk: Desk) -> None:
    _, old = await invited(desk)
    await desk.served.deliver(postponed("T1"))
    visit_id, new = await invited(desk)
    assert old != new
    assert REFUSED in (await post(desk, {"code": old})).text
    assert (await post(desk, form(new))).status_code == 303
    assert (await desk.visit(visit_id))["state"] == "completed"


async def test_the_end_of_a_code_is_told_so_that_no_message_brings_it(desk: Desk) -> None:
    await invited(desk, "T1")
    await invited(desk, "T2", customer="C2")
    await desk.served.deliver(cancelled("T1"))
    await desk.served.deliver(postponed("T2"))
    told = await desk.served.published("visit.invitation_ended")
    invitations = {sent.data["invitation_id"] for sent in await desk.served.published("visit.invited")}
    assert {sent.data["invitation_id"] for sent in told} == invitations
    assert len(told) == 2


async def test_who_does_not_answer_in_time_was_not_reached(desk: Desk) -> None:
    visit_id, _ = await invited(desk, deadline_at="2026-03-20T10:00:00+08:00")
    await desk.served.run_job("lapse-invitations")
    desk.clock.advance(timedelta(hours=72, seconds=1))
    await desk.served.run_job("bring-back")
    assert (await desk.visit(visit_id))["state"] == "invited"
    await desk.served.run_job("lapse-invitations")
    (failed,) = await desk.served.published("visit.failed")
    assert failed.read(VisitFailed).reason == "unreachable"


async def test_a_code_lives_no_longer_than_its_visit(desk: Desk) -> None:
    await invited(desk, deadline_at="2026-02-24T12:00:00+08:00")
    (told,) = await desk.served.published("visit.invited")
    assert told.data["expires_at"] == "2026-03-03T04:00:00Z"


async def test_nobody_is_invited_before_the_questions_are_published(desk: Desk) -> None:
    await desk.served.deliver(released("T1", channel="sms", questionnaire="gas-check"))
    await desk.served.run_job("invite")
    assert await names(desk) == []
    await desk.publish("gas-check")
    await desk.served.run_job("invite")
    assert await names(desk) == ["visit.invited"]


async def test_a_message_without_questions_is_no_visit(desk: Desk) -> None:
    await desk.served.deliver(released("T1", channel="sms", questionnaire=""))
    await desk.served.deliver(released("T2", channel="sms", purpose="notice"))
    async with desk.served.client("supervisor") as client:
        assert (await client.get("/api/v1/visits")).json()["items"] == []


async def test_codes_are_kept_nowhere_in_clear(desk: Desk) -> None:
    _, code = await invited(desk)
    async with desk.served.runtime.db.read() as session:
        rows = (await session.execute(text("SELECT code_hash FROM invitation"))).scalars().all()
        events = (await session.execute(text("SELECT value FROM outbox"))).scalars().all()
    plain = code.replace("-", "")
    for kept in (*rows, *(bytes(event).decode() for event in events)):
        assert plain not in kept
        assert code not in kept


async def test_an_agents_visit_that_becomes_a_message_is_the_customers(desk: Desk) -> None:
    await desk.served.deliver(released("T1"))
    await desk.served.deliver(changed("T1", "channel", channel="sms", questionnaire="gas-service"))
    await desk.served.run_job("invite")
    (told,) = await desk.served.published("visit.invited")
    await desk.served.deliver(changed("T1", "channel", channel="phone", questionnaire="gas-service"))
    async with desk.agent() as agent:
        claimed = (await agent.post("/api/v1/visits/claim", json={"limit": 1})).json()["items"]
    assert [item["id"] for item in claimed] == [told.data["visit_id"]]
    assert [sent.name for sent in await desk.served.published()] == ["visit.invited", "visit.invitation_ended"]


async def test_several_matters_of_one_contact_are_asked_on_one_page_and_each_has_its_result(desk: Desk) -> None:
    joined = matter("e2") | {"part": "e2", "questionnaire": "gas-repair"}
    visit_id, code = await invited(desk, matters=[matter("e1"), joined])
    page = await post(desk, {"code": code})
    asked = fields_of(page.text)
    assert len(asked) > len(ALL)
    answers = dict(re.findall(r'type="radio" name="q\.([^"]+)" value="([^"]+)"', page.text)[::-1])
    done = await post(desk, {"code": code, "shown": asked} | {f"q.{name}": one for name, one in answers.items()})
    assert done.status_code in (200, 303)
    if done.status_code == 200:
        asked = fields_of(done.text)
        answers |= dict(re.findall(r'type="radio" name="q\.([^"]+)" value="([^"]+)"', done.text)[::-1])
        done = await post(desk, {"code": code, "shown": asked} | {f"q.{name}": one for name, one in answers.items()})
    assert done.status_code == 303
    told = (await desk.served.published("visit.completed"))[0].read(VisitCompleted)
    assert [result.event_id for result in told.results] == ["e1", "e2"]
    assert (await desk.visit(visit_id))["state"] == "completed"


@pytest.mark.parametrize("path", ["/q", "/q/thanks"])
async def test_the_page_has_headers_of_its_own_and_sets_nothing_in_the_browser(desk: Desk, path: str) -> None:
    async with desk.served.client(None, Cookie="huifang_session=aaaa.bbbb.cccc") as client:
        page = await client.get(path)
    assert page.status_code == 200
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "<script" not in page.text
    assert (page.headers["referrer-policy"], page.headers["cache-control"]) == ("no-referrer", "no-store")
    assert "set-cookie" not in page.headers
