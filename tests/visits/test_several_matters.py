"""One contact about several matters: each has its questions and its own result, what they share is asked once (X1)."""

from typing import Any

from tests.visits.conftest import Desk, changed, matter, released

REPAIR = {
    "id": "repair",
    "title": "维修",
    "questions": [
        {"id": "who", "kind": "yes_no", "title": "本人", "ask": "请问是您本人吗？"},
        {
            "id": "fixed",
            "kind": "yes_no",
            "title": "修好",
            "ask": "{事项}修好了吗？",
            "role": "resolved",
            "required": True,
        },
        {
            "id": "rate",
            "kind": "rating",
            "title": "评分",
            "ask": "给{事项}打几分？",
            "role": "satisfaction",
            "required": True,
        },
    ],
}
READING = {
    "id": "reading",
    "title": "抄表",
    "questions": [
        {"id": "who", "kind": "yes_no", "title": "本人", "ask": "请问是您本人吗？"},
        {"id": "rate", "kind": "rating", "title": "评分", "ask": "抄表服务打几分？", "role": "satisfaction", "required": True},
        {"id": "why", "kind": "text", "title": "原因", "ask": "哪里不好？", "role": "reason",
         "when": {"field": "rate", "op": "lt", "value": 3}},
    ],
}  # fmt: skip


async def claimed(desk: Desk, *matters: dict[str, Any]) -> dict[str, Any]:
    async with desk.served.client("policy_owner") as author:
        for definition in (REPAIR, READING):
            answer = await author.post("/api/v1/questionnaires", json=definition)
            assert answer.status_code in (200, 201), answer.text
    await desk.served.deliver(released("T1", questionnaire="repair", matters=list(matters)))
    async with desk.agent() as agent:
        [card] = (await agent.post("/api/v1/visits/claim", json={})).json()["items"]
    found: dict[str, Any] = card
    return found


def asked(card: dict[str, Any]) -> dict[str, str]:
    return {question["id"]: question["ask"] for question in card["script"]["questions"]}


def joined(event_id: str, questionnaire: str, kind: str = "meter.read") -> dict[str, Any]:
    return matter(event_id, kind) | {"part": event_id, "questionnaire": questionnaire}


async def test_each_matter_has_its_questions_and_its_own_result(desk: Desk) -> None:
    card = await claimed(desk, matter("e1"), joined("e2", "reading"))
    assert asked(card) == {
        "who": "请问是您本人吗？",
        "fixed": "repair.closed e1修好了吗？",
        "rate": "给repair.closed e1打几分？",
        "rate~2": "抄表服务打几分？",
    }
    answers = {"who": "yes", "fixed": "yes", "rate": 5, "rate~2": 2, "why": "太早"}
    missing = await desk.attempt(card["id"], result="completed", answers={"fixed": "yes", "rate": 5})
    assert [error["question"] for error in missing.json()["errors"]] == ["rate~2"]
    done = await desk.attempt(card["id"], result="completed", answers=answers)
    assert done.status_code == 201, done.text
    [told] = await desk.served.published("visit.completed")
    one, other = told.data["results"]
    assert (one["event_id"], one["rating"], one["resolved"], one["reasons"]) == ("e1", 5, True, [])
    assert (other["event_id"], other["rating"], other["resolved"], other["reasons"]) == ("e2", 2, None, ["太早"])
    assert (one["questionnaire"], other["questionnaire"]) == ("repair", "reading")
    assert other["answers"] == {"who": "yes", "rate": 2, "why": "太早"}
    assert (told.data["rating"], told.data["effective"]) == (2, True)
    assert len(await desk.served.published("visit.dissatisfied")) == 1


async def test_two_of_one_kind_are_asked_apart_where_the_words_name_them(desk: Desk) -> None:
    card = await claimed(desk, matter("e1"), joined("e2", "repair", "repair.closed"))
    assert list(asked(card)) == ["who", "fixed", "rate", "fixed~2", "rate~2"]
    assert asked(card)["rate~2"] == "给repair.closed e2打几分？"
    answers = {"who": "yes", "fixed": "yes", "rate": 5, "fixed~2": "no", "rate~2": 4}
    done = await desk.attempt(card["id"], result="completed", answers=answers)
    assert done.status_code == 201, done.text
    [told] = await desk.served.published("visit.completed")
    assert [(one["event_id"], one["resolved"], one["rating"]) for one in told.data["results"]] == [
        ("e1", True, 5), ("e2", False, 4),
    ]  # fmt: skip
    assert (told.data["resolved"], told.data["rating"]) == (False, 4)


async def test_what_was_answered_goes_with_its_matter_when_another_is_taken_away_in_the_call(desk: Desk) -> None:
    card = await claimed(desk, matter("e1"), joined("e2", "reading"))
    path, stale = f"/api/v1/visits/{card['id']}/answers", await desk.seen(card["id"])
    answers = {"who": "yes", "fixed": "yes", "rate": 5, "rate~2": 2, "why": "太早"}
    async with desk.agent() as agent:
        assert (await agent.put(path, json={"answers": answers}, headers=stale)).status_code == 200
        stale = await desk.seen(card["id"])
        left = joined("e2", "reading")
        await desk.served.deliver(changed("T1", "matters", matters=[left], reason="fact_withdrawn"))
        sheet = (await agent.get(f"/agent/visits/{card['id']}")).json()
        assert sheet["answers"] == {"who": "yes", "rate": 2, "why": "太早"}
        assert [question["id"] for question in sheet["questions"]] == ["who", "rate", "why"]
        assert (await agent.put(path, json={"answers": answers}, headers=stale)).status_code == 412
    done = await desk.attempt(card["id"], result="completed", answers={})
    assert done.status_code == 201, done.text
    [told] = await desk.served.published("visit.completed")
    assert (told.data["rating"], told.data["answers"]) == (2, {"who": "yes", "rate": 2, "why": "太早"})
    assert await desk.served.dead_letters() == []


async def test_the_versions_first_claimed_stay(desk: Desk) -> None:
    card = await claimed(desk, matter("e1"), joined("e2", "reading"))
    async with desk.served.client("policy_owner") as author, desk.agent() as agent:
        await author.post("/api/v1/questionnaires", json=READING | {"questions": READING["questions"][:1]})
        await agent.post(f"/api/v1/visits/{card['id']}/release")
        [again] = (await agent.post("/api/v1/visits/claim", json={})).json()["items"]
        saved = await agent.put(
            f"/api/v1/visits/{card['id']}/answers", json={"answers": {"rate~2": 2}}, headers=await desk.seen(card["id"])
        )
    assert asked(again) == asked(card)
    assert "why" in [question["id"] for question in saved.json()["questions"]]


async def test_matters_of_one_fact_are_one_matter(desk: Desk) -> None:
    card = await claimed(desk, matter("e0"), matter("e1"))
    assert list(asked(card)) == ["who", "fixed", "rate"]
    await desk.attempt(card["id"], result="completed", answers={"fixed": "yes", "rate": 5})
    assert [told.data["results"] for told in await desk.served.published("visit.completed")] == [[]]


async def test_when_only_the_joined_matter_is_left_it_has_its_own_questions(desk: Desk) -> None:
    card = await claimed(desk, joined("e2", "reading"))
    assert asked(card)["rate"] == "抄表服务打几分？"
