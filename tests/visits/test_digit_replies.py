"""A digit sent back to a survey SMS is the visit's answer where only one can be meant; else people decide."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.visits.domain.definition import read_definition
from services.visits.domain.replies import answers_of, is_whole
from shared.contracts.visits import VisitCompleted
from shared.messaging import Event
from shared.testing import event, example
from shared.testing.figures import figure
from tests.visits.asked_by_message import form, invited, post
from tests.visits.conftest import Desk, cancelled

ASK = """
id: ask
title: 短信回访
questions:
  - {id: satisfaction, kind: single, title: 满意度, ask: 您满意吗？, required: true, role: satisfaction, options: [
      {value: satisfied, label: 满意}, {value: basically, label: 一般}, {value: dissatisfied, label: 不满意}]}
  - {id: why, kind: text, title: 原因, ask: 为什么？, role: remark}
"""


@pytest.fixture
async def asking(desk: Desk) -> Desk:
    async with desk.served.client("policy_owner") as author:
        answer = await author.post(
            "/api/v1/questionnaires", content=ASK.encode(), headers={"Content-Type": "application/yaml"}
        )
    assert answer.status_code == 201, answer.text
    return desk


async def invitation_of(desk: Desk, task_id: str) -> str:
    told = await desk.served.published("visit.invited")
    return str(next(sent.data["invitation_id"] for sent in reversed(told) if sent.data["task_id"] == task_id))


def replied(digit: int, *causes: str, **attributes: Any) -> Event:
    answers = [
        {"send_id": f"s{n}", "cause_id": cause, "sent_at": "2026-03-02T10:00:00+08:00"}
        for n, cause in enumerate(causes)
    ]
    data = example("notification.replied", customer_id="C1", phone_masked="138****8000", digit=digit, answers=answers)
    return event("notification.replied", data, key="C1", **attributes)


async def stray(desk: Desk, settled: bool = False) -> list[dict[str, Any]]:
    async with desk.served.client("supervisor") as client:
        answer = await client.get("/api/v1/stray-replies", params={"settled": settled})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def settle(desk: Desk, reply_id: str, visit_id: UUID | None, role: str = "supervisor") -> httpx.Response:
    async with desk.served.client(role) as client:
        return await client.post(
            f"/api/v1/stray-replies/{reply_id}/settle",
            json={"visit_id": visit_id and str(visit_id), "remark": "已致电"},
        )


async def test_a_digit_is_the_answer_of_the_only_visit_asked_about(asking: Desk) -> None:
    made = figure("huifang_visits_invitations_total", outcome="made")
    visit_id, code = await invited(asking, questionnaire="ask")
    assert figure("huifang_visits_invitations_total", outcome="made") == made + 1
    answered = figure("huifang_visits_invitations_total", outcome="answered")
    digits = figure("huifang_visits_digit_replies_total", outcome="answered")
    once = replied(3, await invitation_of(asking, "T1"))
    await asking.served.deliver(once)
    await asking.served.deliver(once)
    assert figure("huifang_visits_invitations_total", outcome="answered") == answered + 1
    assert figure("huifang_visits_digit_replies_total", outcome="answered") == digits + 1
    names = [sent.name for sent in await asking.served.published()]
    assert names == ["visit.invited", "visit.completed", "visit.dissatisfied"]
    told = (await asking.served.published("visit.completed"))[0].read(VisitCompleted)
    assert (told.channel, told.agent, told.effective, told.satisfaction) == ("sms", "", True, "dissatisfied")
    assert (await asking.visit(visit_id))["state"] == "completed"
    assert (await post(asking, {"code": code})).status_code == 422, "answered otherwise, the code is dead"
    assert await stray(asking) == []


async def test_an_answer_to_one_of_many_required_questions_is_kept_as_partial(desk: Desk) -> None:
    await invited(desk)
    await desk.served.deliver(replied(2, await invitation_of(desk, "T1")))
    told = (await desk.served.published("visit.completed"))[0].read(VisitCompleted)
    assert (told.satisfaction, told.effective) == ("satisfied", False)


async def test_of_several_surveys_the_only_open_one_is_meant(asking: Desk) -> None:
    _, code = await invited(asking, "T1", questionnaire="ask")
    second, _ = await invited(asking, "T2", questionnaire="ask")
    await post(asking, form(code, {"satisfaction": "satisfied"}, ["satisfaction", "why"]))
    await asking.served.deliver(replied(1, await invitation_of(asking, "T2"), await invitation_of(asking, "T1")))
    assert (await asking.visit(second))["state"] == "completed"
    assert await stray(asking) == []


async def test_what_could_be_about_two_visits_waits_for_people_who_say_which(asking: Desk) -> None:
    first, _ = await invited(asking, "T1", questionnaire="ask")
    second, _ = await invited(asking, "T2", questionnaire="ask")
    other, _ = await invited(asking, "T3", questionnaire="ask", customer="C9")
    await asking.served.deliver(replied(1, await invitation_of(asking, "T2"), await invitation_of(asking, "T1")))
    (waiting,) = await stray(asking)
    assert (waiting["reason"], waiting["digit"], waiting["phone_masked"]) == ("several", 1, "138****8000")
    assert waiting["visits"] == [str(second), str(first)]
    assert waiting["advice"] == "这个号码有几张单都可以作答"
    assert (await settle(asking, waiting["id"], other)).json()["type"].endswith("stray-reply-of-no-visit")
    assert (await settle(asking, waiting["id"], first, "agent")).status_code == 403
    done = await settle(asking, waiting["id"], first)
    assert (done.status_code, done.json()["visit_id"]) == (200, str(first))
    assert ((await asking.visit(first))["state"], (await asking.visit(second))["state"]) == ("completed", "invited")
    assert (await settle(asking, waiting["id"], second)).status_code == 409
    assert await stray(asking) == []
    assert [one["id"] for one in await stray(asking, settled=True)] == [waiting["id"]]
    async with asking.served.client("auditor") as client:
        log = (await client.get("/api/v1/audit-log", params={"action": "stray_reply.settled"})).json()["items"]
    assert len(log) == 1


@pytest.mark.parametrize("end", ["cancelled", "expired", "answered"])
async def test_a_digit_for_what_is_over_waits_for_people(asking: Desk, end: str) -> None:
    visit_id, code = await invited(asking, questionnaire="ask")
    match end:
        case "cancelled":
            await asking.served.deliver(cancelled("T1"))
        case "expired":
            asking.clock.advance(timedelta(hours=73))
        case "answered":
            await post(asking, form(code, {"satisfaction": "satisfied"}, ["satisfaction", "why"]))
    before = await asking.visit(visit_id)
    await asking.served.deliver(replied(3, await invitation_of(asking, "T1"), time=asking.clock.now()))
    (waiting,) = await stray(asking)
    assert (waiting["reason"], waiting["visits"], waiting["branch"]) == ("none", [str(visit_id)], "B1")
    assert await asking.visit(visit_id) == before
    assert (await settle(asking, waiting["id"], None)).status_code == 200


async def test_a_digit_that_is_no_option_waits_for_people(asking: Desk) -> None:
    await invited(asking, questionnaire="ask")
    await asking.served.deliver(replied(7, await invitation_of(asking, "T1")))
    assert [one["reason"] for one in await stray(asking)] == ["digit"]


async def test_messages_about_no_visit_of_ours_wait_for_people(asking: Desk) -> None:
    await asking.served.deliver(replied(1, "SO-17", "019cb8a4-5c00-7b1e-9d2a-4be1c0a7f6d3"))
    (waiting,) = await stray(asking)
    assert (waiting["reason"], waiting["visits"]) == ("none", [])
    assert await asking.served.dead_letters() == []


async def test_two_digits_heard_together_are_one_answer(asking: Desk) -> None:
    await invited(asking, questionnaire="ask")
    cause = await invitation_of(asking, "T1")
    await asking.served.deliver(replied(1, cause), replied(3, cause))
    told = await asking.served.published("visit.completed")
    assert [sent.read(VisitCompleted).satisfaction for sent in told] == ["satisfied"]
    assert [one["digit"] for one in await stray(asking)] == [3]


async def test_who_no_message_reaches_was_not_reached(asking: Desk) -> None:
    visit_id, code = await invited(asking, questionnaire="ask")
    failed = example("notification.failed", cause_id=await invitation_of(asking, "T1"), reason="no_such_number")
    await asking.served.deliver(event("notification.failed", failed), event("notification.failed"))
    assert ((await asking.visit(visit_id))["state"], (await asking.visit(visit_id))["ended"]) == (
        "failed",
        "unreachable",
    )
    assert (await post(asking, {"code": code})).status_code == 422
    assert await asking.served.dead_letters() == []


async def test_who_is_not_sent_the_message_was_not_reached_either(asking: Desk) -> None:
    visit_id, _ = await invited(asking, questionnaire="ask")
    told = example("notification.suppressed", cause_id=await invitation_of(asking, "T1"), reason="opted_out")
    await asking.served.deliver(event("notification.suppressed", told), event("notification.suppressed"))
    visit = await asking.visit(visit_id)
    assert (visit["state"], visit["ended"]) == ("failed", "unreachable")
    assert len(await asking.served.published("visit.failed")) == 1


def test_digits_are_options_in_their_order_and_ratings_themselves() -> None:
    rated = read_definition(
        {"id": "r", "title": "评分", "questions": [
            {"id": "rate", "kind": "rating", "title": "评分", "ask": "几分？", "role": "satisfaction", "max": 5},
            {"id": "more", "kind": "text", "title": "其他", "ask": "？", "required": True},
        ]}
    )  # fmt: skip
    assert [answers_of(rated, digit) for digit in (0, 1, 5, 6)] == [{}, {"rate": 1}, {"rate": 5}, {}]
    assert not is_whole(rated, {"rate": 1})
    assert is_whole(rated, {"rate": 1, "more": "无"})
