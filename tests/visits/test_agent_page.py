"""The workbench's page and the parts it loads: what an agent sees of the queue, of a call, and of the customer."""

import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx

from shared.clock import ManualClock
from shared.messaging import Event
from shared.privacy import Sealer
from shared.testing.events import event, example
from shared.testing.served import DATA_KEY
from tests.visits.conftest import HAPPY, Desk, cancelled, matter, open_desk, released


async def get(desk: Desk, path: str, agent: str = "1001", **options: Any) -> httpx.Response:
    async with desk.agent(agent, **options) as client:
        return await client.get(path)


async def queue(desk: Desk, tab: str = "open", agent: str = "1001", **options: Any) -> str:
    answer = await get(desk, f"/agent/queue?tab={tab}", agent, **options)
    assert answer.status_code == 200, answer.text
    return answer.text


async def attempted(desk: Desk, visit_id: UUID, **body: Any) -> None:
    answer = await desk.attempt(visit_id, **body)
    assert answer.status_code == 201, answer.text


async def test_the_queue_lists_in_the_order_of_claims_with_the_time_left(desk: Desk) -> None:
    await desk.served.deliver(
        released("late", customer="甲", deadline_at="2026-03-02T09:40:00+08:00"),
        released("soon", customer="乙", deadline_at="2026-03-02T12:10:00+08:00"),
        released("tomorrow", customer="丙", deadline_at="2026-03-03T18:00:00+08:00"),
        released("urgent", customer="丁", priority=1, deadline_at=None),
    )
    shown = await queue(desk)
    order = [shown.index(text) for text in ("无时限", "超时 0:20", "剩 2:10", "明天 18:00 前")]
    assert order == sorted(order)


async def test_tabs_count_what_is_mine_and_what_is_everybodys(desk: Desk) -> None:
    visit = await desk.claimed("T1")
    await desk.served.deliver(released("T2", customer="C2"))
    mine, others = await queue(desk, "mine"), await queue(desk, "mine", agent="1002")
    assert f'data-held="{visit}"' in mine
    assert f'data-held="{visit}"' not in others
    await attempted(desk, visit, result="completed", answers=HAPPY)
    assert "满意" in await queue(desk, "done")
    assert "今天还没有完成的回访" in await queue(desk, "done", agent="1002")


async def test_a_try_without_an_answer_stays_among_what_its_agent_follows_up(desk: Desk) -> None:
    await attempted(desk, await desk.claimed("T1"), result="no_answer")
    assert "重拨" in await queue(desk, "mine")
    assert "重拨" not in await queue(desk, "mine", agent="1002")


async def test_an_agreed_callback_is_listed_and_told_when_its_time_has_come(desk: Desk) -> None:
    visit = await desk.claimed("T1")
    await attempted(desk, visit, result="callback_agreed", callback_at="2026-03-02T11:00:00+08:00")
    assert "约 11:00" in await queue(desk, "callbacks")
    desk.clock.advance(timedelta(hours=2))
    await desk.served.run_job("bring-back")
    assert "1 个回呼已到点" in await queue(desk)
    assert "回呼到点" in await queue(desk, "callbacks")


async def test_the_head_of_every_page_is_told_of_callbacks_whose_time_has_come(desk: Desk) -> None:
    visit = await desk.claimed("T1")
    body = {"result": "callback_agreed", "callback_at": "2026-03-02T11:00:00+08:00", "callback_owner": "me"}
    await attempted(desk, visit, **body)
    due = "/agent/due-callbacks"
    assert (await get(desk, due)).json() == {"due": 0}
    desk.clock.advance(timedelta(hours=1))
    await desk.served.run_job("bring-back")
    assert (await get(desk, due)).json() == {"due": 1}
    assert (await get(desk, due, "1002")).json() == {"due": 0}  # it is somebody's own
    shown = (await get(desk, "/agent?tab=callbacks")).text
    assert 'id="tab-callbacks" aria-controls="queue-rows" aria-selected="true"' in shown
    assert "回呼到点" in shown


async def test_an_agent_of_other_units_sees_an_empty_queue_that_says_what_to_do(desk: Desk) -> None:
    await desk.served.deliver(released("T1"))
    assert "现在没有待回访的单" in await queue(desk, units=("B2",))


async def test_the_queue_shows_and_counts_what_may_be_the_agents_by_the_rules_of_claims(desk: Desk) -> None:
    visit = await desk.claimed("T1", customer="C1")
    body = {"result": "callback_agreed", "callback_at": "2026-03-02T11:00:00+08:00", "callback_owner": "me"}
    await attempted(desk, visit, **body)
    await desk.served.deliver(
        released("own work", customer="C2", matters=[matter(engineer={"code": "W7"})]),
        released("their part", customer="C3", barred=["hotline"]),
        released("on site", customer="C4", channel="on_site", never_alone=["salesperson"]),
    )
    shown = {
        "anybody": await queue(desk, agent="1009"),
        "who did it": await queue(desk, agent="1009", worker="W7"),
        "of their part": await queue(desk, agent="1009", teams=("hotline",)),
        "without the skill": await queue(desk, agent="1009", skills=("yue",)),
    }
    assert {who: page.count("data-claim=") for who, page in shown.items()} == {
        "anybody": 3, "who did it": 2, "of their part": 2, "without the skill": 2,
    }  # fmt: skip
    assert "约 11:00" in await queue(desk, "callbacks")
    assert "没有约好的回呼" in await queue(desk, "callbacks", agent="1009")
    desk.clock.advance(timedelta(hours=2))
    await desk.served.run_job("bring-back")
    assert "1 个回呼已到点" in await queue(desk)
    assert "回呼已到点" not in await queue(desk, agent="1009")


async def test_the_page_opens_the_visit_that_is_already_held(desk: Desk) -> None:
    visit = await desk.claimed("T1")
    page = await get(desk, "/agent")
    assert page.status_code == 200
    assert f'"start_with": "{visit}"' in page.text
    assert '"start_with": ""' in (await get(desk, "/agent", "1002")).text


async def test_the_sheet_has_every_question_with_its_condition_and_the_answers(desk: Desk) -> None:
    visit = await desk.claimed("T1")
    sheet = (await get(desk, f"/agent/visits/{visit}")).json()
    reasons = next(question for question in sheet["questions"] if question["id"] == "reasons")
    assert reasons["when"] == {"field": "satisfaction", "op": "in", "value": ["dissatisfied", "very_dissatisfied"]}
    assert sheet["opening"].startswith("您好，请问是张三吗？")
    assert sheet["answers"] == {}
    assert "sealed:" not in str(sheet)


async def test_nobody_else_gets_the_sheet_of_a_claimed_visit(desk: Desk) -> None:
    visit = await desk.claimed("T1")
    for path in (f"/agent/visits/{visit}", f"/agent/visits/{visit}/aside"):
        answer = await get(desk, path, "1002")
        assert answer.status_code == 409
        assert "1001" in answer.json()["detail"]
        assert (await get(desk, path, "1003", units=("B2",))).status_code == 404


async def test_a_visit_whose_questionnaire_nobody_published_still_has_a_sheet(desk: Desk) -> None:
    visit = await desk.claimed("T1", questionnaire="unknown")
    sheet = (await get(desk, f"/agent/visits/{visit}")).json()
    assert sheet["has_script"] is False
    assert sheet["questions"] == []


async def test_beside_the_call_stand_customer_document_and_earlier_contacts(desk: Desk) -> None:
    first = await desk.claimed("T1")
    await attempted(desk, first, result="completed", answers=HAPPY, note="客户很客气")
    matters = example("followup.released")["matters"]
    matters[0]["facts"]["callback"] = Sealer.from_text(DATA_KEY).seal_phone("+8613900139000")
    visit = await desk.claimed("T2", matters=matters)
    aside = (await get(desk, f"/agent/visits/{visit}/aside")).text
    for text in (
        "138****8000",
        "显示号码",
        "来源单 WX202603030017",
        "点火后熄火",
        "已修好",
        "03-03 16:05",
        "满意 4 分",
        "以往接通",
    ):
        assert text in aside, text
    assert "139****9000" in aside
    assert "sealed:" not in aside
    assert "13900139000" not in aside


async def test_beside_the_call_stands_the_time_that_was_agreed_for_it(desk: Desk) -> None:
    visit = await desk.claimed("T1")
    aside = f"/agent/visits/{visit}/aside"
    assert "<dt>约定</dt>" not in (await get(desk, aside)).text
    await attempted(desk, visit, result="callback_agreed", callback_at="2026-03-02T11:00:00+08:00")
    desk.clock.advance(timedelta(hours=1))
    await desk.served.run_job("bring-back")
    async with desk.agent() as client:
        assert (await client.post(f"/api/v1/visits/{visit}/claim", json={})).status_code == 200
    assert "<dt>约定</dt><dd>11:00 回呼</dd>" in (await get(desk, aside)).text


async def test_callback_times_are_offered_and_a_time_at_night_is_moved(desk: Desk) -> None:
    offered = (await get(desk, "/agent/callback-times")).json()
    assert [one["label"] for one in offered] == ["30 分钟后", "今天 18:00", "明天 10:00", "下一工作日上午"]
    [asked] = (await get(desk, "/agent/callback-times?at=2026-03-02T22:00:00%2B08:00")).json()
    assert asked["moved_to"] == "2026-03-03T09:00:00+08:00"


async def test_only_agents_and_their_supervisors_open_the_workbench(desk: Desk) -> None:
    async with desk.served.client("integrator") as client:
        assert (await client.get("/agent")).status_code == 403
    async with desk.served.client(None) as client:
        sent = await client.get("/agent", headers={"Accept": "text/html"})
    assert (sent.status_code, sent.headers["Location"]) == (303, "/login?next=%2Fagent")


async def test_what_changes_after_the_claim_is_told_with_what_to_do(desk: Desk) -> None:
    visit = await desk.claimed("T1")
    assert (await get(desk, f"/agent/visits/{visit}/notices")).json() == []
    await desk.served.deliver(cancelled("T1"))
    [told] = (await get(desk, f"/agent/visits/{visit}/notices")).json()
    assert (told["kind"], told["advice"]) == ("cancelled", "请不要拨打，退回该单即可")
    assert (await get(desk, f"/agent/visits/{visit}/notices", "1002")).status_code == 409


async def test_the_sheet_knows_how_long_the_call_has_been_going_on(desk: Desk) -> None:
    visit = await desk.claimed("T1")
    assert (await get(desk, f"/agent/visits/{visit}")).json()["call_seconds"] is None
    async with desk.agent() as client:
        assert (await client.post(f"/api/v1/visits/{visit}/dial")).status_code == 200
        desk.clock.advance(timedelta(seconds=75))
        sheet = (await client.get(f"/agent/visits/{visit}")).json()
        assert (sheet["call_seconds"], sheet["call_ended"]) == (75, False)
        await client.post(f"/api/v1/visits/{visit}/hang-up")
        desk.clock.advance(timedelta(seconds=30))
        sheet = (await client.get(f"/agent/visits/{visit}")).json()
        assert (sheet["call_seconds"], sheet["call_ended"]) == (75, True)


async def test_behind_the_front_door_every_address_is_below_its_service(
    service_dsn: Callable[[str], Awaitable[str]], clock: ManualClock
) -> None:
    key = "the key of the front door"
    door = {"X-Front-Door": key, "X-Forwarded-Prefix": "/visits", "X-Forwarded-Proto": "http"}
    async with open_desk(await service_dsn("visits"), clock, front_door_key=key) as desk:
        visit = await desk.claimed("T1")
        async with desk.agent() as client:
            page = (await client.get("/agent", headers=door)).text
            aside = (await client.get(f"/agent/visits/{visit}/aside", headers=door)).text
    wanted = (
        '"base": "/visits"',
        '"complaints": "/complaints"',
        'hx-get="/visits/agent/queue',
        "/visits/static/own/agent/main.js",
    )
    assert [text for text in wanted if text not in page] == []
    assert "/complaints/fragments/cases?customer_id=C1" in aside
    assert "/notifications/fragments/messages?customer_id=C1" in aside


async def test_a_kind_that_only_a_pack_declares_is_called_as_the_pack_calls_it(desk: Desk) -> None:
    told = matter("F1", kind="fault.progressed") | {"title": "故障处理进展 F1", "subject": "F1"}
    await desk.served.deliver(released("T1", kind="fault.progressed", matters=[told]))
    shown = await queue(desk)
    assert "故障处理进展 · " in shown
    assert "fault.progressed" not in shown


async def test_the_card_says_in_words_who_does_not_go_alone_and_what_the_customer_speaks(desk: Desk) -> None:
    await desk.served.deliver(released("T1", channel="on_site", never_alone=["sales", "复核员"], needs=["yue"]))
    async with desk.agent() as client:
        claimable = (await client.get("/api/v1/visits")).json()["items"][0]["id"]
        told = (await client.get(f"/api/v1/visits/{claimable}/claimable")).json()
        card = (await client.post(f"/api/v1/visits/{claimable}/claim", json={"companion": "1002"})).json()
    assert [reason["message"] for reason in told["reasons"]] == [
        "上门回访不得由销售人员、复核员单独进行，领取时请填写同行人员"
    ]
    assert (await desk.attempt(card["id"], result="language_barrier", language="yue", note="只讲粤语")).is_success
    desk.clock.advance(timedelta(days=2))
    await desk.served.run_job("bring-back")
    async with desk.agent() as client:
        assert (await client.post(f"/api/v1/visits/{claimable}/claim", json={"companion": "1002"})).is_success
    page = (await get(desk, f"/agent/visits/{claimable}/aside")).text
    assert "不得由销售人员、复核员单独进行" in page
    assert "<dt>需要</dt><dd>粤语" in page
    assert not [code for code in ("sales", "yue", "on_site") if code in page]


async def test_who_has_no_skills_entered_is_told_that_nothing_was_asked_of_them(desk: Desk) -> None:
    visit = await desk.claimed()
    open_to_all = "您没有登记技能，领取时不作限制；做不了请「退回此单」"
    assert open_to_all not in (await get(desk, f"/agent/visits/{visit}/aside")).text
    assert (await desk.attempt(visit, result="language_barrier", language="yue", note="只讲粤语")).is_success
    desk.clock.advance(timedelta(days=2))
    await desk.served.run_job("bring-back")
    async with desk.agent() as client:
        assert (await client.post(f"/api/v1/visits/{visit}/claim", json={})).is_success
    assert open_to_all in (await get(desk, f"/agent/visits/{visit}/aside")).text
    assert open_to_all not in (await get(desk, f"/agent/visits/{visit}/aside", skills=["yue"])).text


async def test_a_row_says_its_kind_once_and_the_matter_in_its_senders_words(desk: Desk) -> None:
    case = matter("1234520260420", "hotline.case_closed", title="缴费未到账")
    repair = matter("WX7", "repair.closed")
    for place, one in enumerate((case, repair)):
        one["title"] = f"{'12345工单办结' if place == 0 else '维修结案'} {one['subject']}"
        await desk.served.deliver(released(f"T{place}", customer=f"C{place}", kind=one["event_type"], matters=[one]))
    page = await queue(desk)
    for words in ("12345工单办结 · 缴费未到账", "维修结案 · WX7"):
        assert f">{words}<" in page


async def test_the_languages_to_choose_from_are_first_those_that_somebody_here_speaks(desk: Desk) -> None:
    await desk.served.deliver(
        person("1001", skills=["on_site", "侗语", "nan"]), person("1002", skills=["侗语"]),
        person("1003", skills=["满语"], disabled=True),
    )  # fmt: skip
    for path in ("/agent", "/on-site"):
        offered = await languages_at(desk, path)
        assert offered[:3] == [("nan", "闽南语"), ("侗语", "侗语"), ("yue", "粤语")]
        assert not {"on_site", "满语"} & {code for code, _ in offered}
    await desk.served.deliver(person("1001", version=2, skills=[]), person("1001", skills=["nan"]))
    assert (await languages_at(desk, "/agent"))[:2] == [("侗语", "侗语"), ("yue", "粤语")]


async def languages_at(desk: Desk, path: str) -> list[tuple[str, str]]:
    """(value, name) of what an agent may choose from, in order."""
    page = (await get(desk, path)).text
    _, _, chosen_from = page.partition('x-ref="language"')
    return re.findall(r'<option value="([^"]+)">([^<]+)</option>', chosen_from.partition("</select>")[0])


def person(login: str, version: int = 1, **changes: Any) -> Event:
    return event("person.changed", example("person.changed", person_id=login, version=version, **changes), key=login)
