"""Recording attempts over HTTP, on a real database."""

import asyncio

import pytest
from sqlalchemy import text

from shared.contracts.visits import VisitCompleted, VisitDissatisfied
from tests.visits.conftest import HAPPY, PHONE, UNHAPPY, Desk, released


async def names(desk: Desk) -> list[str]:
    return [sent.name for sent in await desk.served.published()]


async def test_a_satisfied_customer_completes_the_visit_in_one_call(desk: Desk) -> None:
    visit_id = await desk.claimed()
    answer = await desk.attempt(visit_id, result="completed", answers=HAPPY, talk_seconds=90)
    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert (told["state"], told["attempts"], told["next_at"]) == ("completed", 1, None)
    assert (told["outcome"]["satisfaction"], told["outcome"]["score"]) == ("satisfied", 95)
    assert await names(desk) == ["visit.attempted", "visit.completed"]


async def test_events_carry_key_and_lineage_of_the_first_fact(desk: Desk) -> None:
    visit_id = await desk.claimed()
    await desk.attempt(visit_id, result="completed", answers=UNHAPPY)
    sent = await desk.served.published()
    assert [event.name for event in sent] == ["visit.attempted", "visit.completed", "visit.dissatisfied"]
    assert {(event.key, event.lineage, event.subject) for event in sent} == {("C1", "lineage-T1", str(visit_id))}
    assert sent[1].read(VisitCompleted).answers["satisfaction"] == "dissatisfied"
    told = sent[2].read(VisitDissatisfied)
    assert (told.reasons, told.remark, told.rating) == (["没有按约定时间上门"], "等了一天", 2)


async def test_missing_answers_are_named_and_nothing_is_kept(desk: Desk) -> None:
    visit_id = await desk.claimed()
    answer = await desk.attempt(visit_id, result="completed", answers={"conduct": "yes"})
    assert answer.status_code == 422
    problem = answer.json()
    assert problem["title"] == "还有必答题没有回答"
    assert [error["question"] for error in problem["errors"]] == ["attitude", "guidance", "convenience", "satisfaction"]
    assert "「服务态度」" in problem["detail"]
    assert (await desk.visit(visit_id))["attempts"] == 0
    assert await names(desk) == []


async def test_somebody_elses_visit_can_not_be_recorded(desk: Desk) -> None:
    visit_id = await desk.claimed()
    answer = await desk.attempt(visit_id, agent="1002", result="no_answer")
    assert (answer.status_code, answer.json()["title"]) == (409, "该单已被他人领取")


async def test_an_unclaimed_or_finished_visit_can_not_be_recorded(desk: Desk) -> None:
    visit_id = await desk.claimed()
    await desk.attempt(visit_id, result="no_answer")
    assert (await desk.attempt(visit_id, result="no_answer")).json()["title"] == "请先领取该单"
    visit_id = await desk.claimed("T2")
    await desk.attempt(visit_id, result="refused", note="不需要")
    assert (await desk.attempt(visit_id, result="no_answer")).json()["title"] == "该单已办结"


async def test_a_repeated_request_gets_the_first_answer(desk: Desk) -> None:
    visit_id = await desk.claimed()
    url, body = f"/api/v1/visits/{visit_id}/attempts", {"result": "completed", "answers": HAPPY}
    async with desk.agent() as agent:
        first = await agent.post(url, json=body, headers={"Idempotency-Key": "k1"})
        again = await agent.post(url, json=body, headers={"Idempotency-Key": "k1"})
        other = await agent.post(url, json={"result": "busy"}, headers={"Idempotency-Key": "k1"})
    assert first.json() == again.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert other.status_code == 422
    assert await names(desk) == ["visit.attempted", "visit.completed"]


async def test_the_same_request_sent_twice_at_once_takes_effect_once(desk: Desk) -> None:
    visit_id = await desk.claimed()
    async with desk.agent() as agent:
        answers = await asyncio.gather(
            *(
                agent.post(
                    f"/api/v1/visits/{visit_id}/attempts", json={"result": "busy"}, headers={"Idempotency-Key": "k1"}
                )
                for _ in range(4)
            )
        )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["attempt_id"] for answer in answers}) == 1
    assert await names(desk) == ["visit.attempted"]


async def test_a_callback_is_agreed_and_told_with_a_warning_when_it_moved(desk: Desk) -> None:
    visit_id = await desk.claimed()
    answer = await desk.attempt(visit_id, result="callback_agreed", callback_at="2026-03-02T21:00:00+08:00")
    told = answer.json()
    assert (told["state"], told["next_at"]) == ("appointed", "2026-03-03T01:00:00Z")
    assert told["warnings"] == ["约定时间不在可拨打时段内，已顺延到 next_at"]
    assert await names(desk) == ["visit.attempted", "visit.callback_agreed"]


async def test_a_callback_inside_contact_hours_gives_no_warning(desk: Desk) -> None:
    visit_id = await desk.claimed()
    answer = await desk.attempt(visit_id, result="callback_agreed", callback_at="2026-03-02T15:00:00+08:00")
    assert answer.json()["warnings"] == []


@pytest.mark.parametrize(
    ("typed", "number", "masked"),
    [
        ("139 0013 9000", "+8613900139000", "139****9000"),
        ("+86 139 0013 9000", "+8613900139000", "139****9000"),
        ("13900139000（妻子）", "+8613900139000", "139****9000"),
        ("0571-88886000转801", "+8657188886000;ext=801", "571****6000转***"),
    ],
)
async def test_a_corrected_number_is_sealed_and_used(desk: Desk, typed: str, number: str, masked: str) -> None:
    visit_id = await desk.claimed()
    answer = await desk.attempt(visit_id, result="wrong_number", corrected_phone=typed)
    assert answer.json()["state"] == "open"
    assert (await desk.visit(visit_id))["customer"]["phone_masked"] == masked
    async with desk.served.runtime.db.read() as session:
        card = (await session.execute(text("SELECT customer FROM visit"))).scalar_one()
    assert desk.served.runtime.sealer.unseal(card["phone"]) == number


@pytest.mark.parametrize("typed", ["不知道", "139****9000", "11111111111", "13900139000/13900139001"])
async def test_a_corrected_number_must_be_one(desk: Desk, typed: str) -> None:
    visit_id = await desk.claimed()
    answer = await desk.attempt(visit_id, result="wrong_number", corrected_phone=typed)
    assert (answer.status_code, answer.json()["title"]) == (422, "通话小结填写有误")


@pytest.mark.parametrize("written", ["(0571)88881234", "0571 88881234", "+86 571 8888 1234", "138 0013 8000"])
async def test_a_number_in_a_note_is_masked_however_it_is_written(desk: Desk, written: str) -> None:
    visit_id = await desk.claimed()
    await desk.attempt(visit_id, result="no_answer", note=f"改打{written}试试")
    async with desk.served.runtime.db.read() as session:
        note = (await session.execute(text("SELECT note FROM attempt"))).scalar_one()
    assert "****" in note
    assert not {"88881", "00138"} & {"".join(filter(str.isdigit, note))[at : at + 5] for at in range(12)}


async def test_numbers_in_free_text_are_masked_before_they_are_stored(desk: Desk) -> None:
    visit_id = await desk.claimed()
    answers = UNHAPPY | {"complaint": "请打13800138000"}
    await desk.attempt(visit_id, result="completed", answers=answers, note="家人 13800138000")
    everything = str(await desk.visit(visit_id)) + str(await desk.served.published())
    assert "138****8000" in everything
    assert PHONE.removeprefix("+86") not in everything


async def test_autosave_shows_the_next_questions_and_a_reload_resumes(desk: Desk) -> None:
    visit_id = await desk.claimed()
    url = f"/api/v1/visits/{visit_id}/answers"
    async with desk.agent() as agent:
        body = {"answers": {"conduct": True, "satisfaction": "dissatisfied"}}
        assert (await agent.put(url, json=body)).status_code == 428
        saved = await agent.put(url, json=body, headers=await desk.seen(visit_id))
        assert saved.status_code == 200, saved.text
        shown = {question["id"]: question["answer"] for question in saved.json()["questions"]}
        assert (shown["conduct"], shown["reasons"]) == ("yes", None)
        assert (saved.json()["next_question"], "reasons" in saved.json()["missing"]) == ("attitude", True)
        reloaded = await agent.get(f"/api/v1/visits/{visit_id}")
        assert reloaded.json()["script"] == saved.json()
        assert reloaded.headers["ETag"] == saved.headers["ETag"]
        stale = await agent.put(url, json={"answers": {}}, headers={"If-Match": '"1"'})
        assert stale.status_code == 412
        fresh = await agent.put(url, json={"answers": {}}, headers={"If-Match": saved.headers["ETag"]})
        assert fresh.json()["missing"][0] == "conduct"


async def test_wrong_answers_are_not_saved(desk: Desk) -> None:
    visit_id = await desk.claimed()
    async with desk.agent() as agent:
        url = f"/api/v1/visits/{visit_id}/answers"
        answer = await agent.put(url, json={"answers": {"attitude": "great"}}, headers=await desk.seen(visit_id))
    assert answer.status_code == 422
    assert answer.json()["errors"] == [
        {"question": "attitude", "title": "服务态度", "message": "「服务态度」答案不在选项内"}
    ]


async def test_a_visit_whose_questionnaire_is_unknown_can_not_be_completed(desk: Desk) -> None:
    visit_id = await desk.claimed(questionnaire="not-there")
    answer = await desk.attempt(visit_id, result="completed", answers={})
    assert (answer.status_code, answer.json()["title"]) == (409, "该单指定的问卷尚未发布")


async def test_attempts_are_counted_by_result(desk: Desk) -> None:
    async def counted() -> float:
        async with desk.served.client(None) as anyone:
            lines = (await anyone.get("/metrics")).text.splitlines()
        return sum(
            float(line.split()[1]) for line in lines if line.startswith('huifang_visits_attempts_total{result="busy"')
        )

    before = await counted()
    await desk.attempt(await desk.claimed(), result="busy")
    assert await counted() == before + 1


async def test_released_visits_go_back_to_the_queue(desk: Desk) -> None:
    await desk.served.deliver(released("T1"))
    visit_id = await desk.claimed()
    async with desk.agent() as agent:
        answer = await agent.post(f"/api/v1/visits/{visit_id}/release")
        assert (answer.json()["state"], answer.json()["agent"]) == ("open", "")
        assert (await agent.post(f"/api/v1/visits/{visit_id}/release")).status_code == 409
