"""An agent's day at the workbench: calls, results, callbacks, the queue."""

import asyncio
import re
from datetime import datetime, timedelta

from playwright.async_api import expect

from shared.zone import ORG_ZONE
from tests.browser.kit import SECONDS, faults_of, scrolls
from tests.browser.workbench import REFUSED, Workbench, claimed, press
from tests.visits.conftest import matter, released
from tests.visits.test_several_matters import READING, REPAIR, joined

SATISFIED = "1111111"  # the seven questions of the repair call, all of them well


async def test_a_satisfied_call_of_seven_questions_takes_twelve_keys_and_no_mouse(workbench: Workbench) -> None:
    page = await workbench.page()
    await expect(page.get_by_role("button", name="领取下一单 Enter")).to_be_focused()
    await claimed(page)
    pressed = ["Enter", "F2", "1", *SATISFIED, "Control+Enter"]
    for number, key in enumerate(pressed[1:-1]):
        await page.keyboard.press(key)
        if number > 1:  # a person waits for the next question before answering it
            await expect(page.locator(".said")).to_have_count(number)
    await page.keyboard.press("Control+Enter")
    await expect(page.locator("#tab-done")).to_contain_text("1")
    await expect(page.locator("[data-step=opening]")).to_be_focused()  # the next customer's
    assert len(pressed) <= 12
    assert await workbench.states() == {"T1": "completed", "T2": "claimed", "T3": "open"}


async def test_the_page_fits_its_window_and_keeps_nobody_out(workbench: Workbench) -> None:
    page = await workbench.page()
    assert await faults_of(page) == []
    await claimed(page)
    await expect(page.get_by_text("来源单 WX202603030017")).to_be_visible()
    assert await faults_of(page) == []
    await press(page, "F2", "1", *"111111", "4")
    await expect(page.get_by_text("追问（必答，可多选）")).to_be_visible()
    assert not await scrolls(page)
    assert await faults_of(page) == []
    await press(page, "F4")
    await expect(page.get_by_role("heading", name="通话小结")).to_be_focused()
    assert not await scrolls(page)
    assert await faults_of(page) == []
    await page.keyboard.press("?")
    await expect(page.locator("#keys")).to_be_visible()


async def test_who_hangs_up_in_the_middle_leaves_the_answers_given(workbench: Workbench) -> None:
    page = await workbench.page()
    await claimed(page)
    await press(page, "F2", "1", "1", "2", "F4")
    await expect(page.locator(".wrap-up [aria-pressed=true]")).to_contain_text("部分完成")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator("#tab-done")).to_contain_text("1")
    [done] = [event.data for event in await workbench.desk.served.published("visit.completed")]
    assert (done["answers"], done["effective"]) == ({"fixed": "yes", "on_time": "no"}, False)


async def test_a_callback_is_agreed_by_the_servers_calendar_and_comes_back(workbench: Workbench) -> None:
    page = await workbench.page()
    await claimed(page)
    await press(page, "F2", "F6")
    await expect(page.get_by_text("今天 18:00")).to_be_visible()
    await press(page, "2", "Control+Enter")
    await expect(page.locator("#tab-callbacks")).to_contain_text("1")
    [told] = [event.data for event in await workbench.desk.served.published("visit.callback_agreed")]
    assert datetime.fromisoformat(told["callback_at"]) == datetime(2026, 3, 2, 18, tzinfo=ORG_ZONE)
    await page.context.close()
    workbench.desk.clock.advance(timedelta(hours=8, minutes=1))
    await workbench.desk.served.run_job("bring-back")
    evening = await workbench.page()
    await expect(evening.locator("#tab-callbacks .late")).to_be_visible()


async def test_a_result_that_needs_a_note_leads_to_it(workbench: Workbench) -> None:
    page = await workbench.page()
    await claimed(page)
    await press(page, "F2", "F4", "Control+Enter")
    await expect(page.get_by_role("alert").filter(has_text="还没有选呼叫结果")).to_be_visible()
    await press(page, "r")
    await expect(page.locator("[data-field=note]")).to_be_focused()
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_role("alert").filter(has_text="须填写备注")).to_be_visible()
    await page.keyboard.type("客户在开会 1 2 3")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator("#tab-done")).to_contain_text("1")
    assert (await workbench.states())["T1"] == "failed"


async def test_keys_are_text_in_fields_and_nothing_while_an_input_method_composes(workbench: Workbench) -> None:
    page = await workbench.page()
    await claimed(page)
    await press(page, "F2", "1", "2")
    await expect(page.locator("[data-field=complaint]")).to_be_hidden()
    await page.evaluate(
        "document.dispatchEvent(new KeyboardEvent('keydown', {key: '1', isComposing: true, bubbles: true}))"
    )
    await expect(page.locator(".said")).to_have_count(2)
    await press(page, "F4")
    await page.locator("[data-field=note]").fill("")
    await page.locator("[data-field=note]").focus()
    await page.keyboard.type("c12?u")
    assert await page.locator("[data-field=note]").input_value() == "c12?u"
    await expect(page.locator("#keys")).to_be_hidden()
    await expect(page.locator(".wrap-up [aria-pressed=true]")).to_contain_text("部分完成")


async def test_an_empty_queue_says_what_to_do(workbench: Workbench) -> None:
    page = await workbench.page("1009")
    async with workbench.desk.agent("1001") as other:
        await other.post("/api/v1/visits/claim", json={"limit": 20})
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="现在没有可领取的单")).to_be_visible()
    await expect(page.get_by_role("button", name="领取下一单 Enter")).to_be_focused()


async def test_a_queue_that_nobody_tells_of_is_as_it_is_within_five_seconds_and_stays_where_it_was_scrolled(
    silent: Workbench,
) -> None:
    await silent.desk.served.deliver(
        *(released(f"M{n}", customer=f"M{n}", questionnaire="gas-repair", priority=9) for n in range(20))
    )
    page = await silent.page()
    await page.clock.install()  # seconds are the page's own: those of a loaded machine are too short
    await page.reload()
    await expect(page.locator("#tab-open")).to_contain_text("23")
    rows = page.locator("#queue-rows")
    await rows.evaluate("rows => rows.scrollTo(0, 200)")
    await page.clock.pause_at(await page.evaluate("Date.now()") / 1000 + 1)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/agent/queue" in request.url else None)
    for _ in range(100):
        if asked:
            break
        await page.clock.run_for(100)
    await silent.desk.served.deliver(released("N1", customer="N1", questionnaire="gas-repair", priority=9))
    async with page.expect_response("**/agent/queue*"):
        await page.clock.run_for(5000)
    await page.clock.resume()
    await expect(page.locator("#tab-open")).to_contain_text("24")
    assert await rows.evaluate("rows => rows.scrollTop") == 200


async def test_several_matters_of_one_call_are_asked_each_and_what_they_share_once(workbench: Workbench) -> None:
    async with workbench.desk.served.client("policy_owner") as author:
        for definition in (REPAIR, READING):
            assert (await author.post("/api/v1/questionnaires", json=definition)).is_success
    matters = [matter("e1"), joined("e2", "reading")]
    first = {"questionnaire": "repair", "priority": 1, "deadline_at": "2026-03-02T11:00:00+08:00", "matters": matters}
    await workbench.desk.served.deliver(released("T9", customer="C9", **first))
    page = await workbench.page()
    await claimed(page)
    await press(page, "F2", "1")
    await expect(page.locator("[data-step=who]")).to_have_text(re.compile("^照着说（可不答）请问"))
    await page.keyboard.press("1")
    await expect(page.locator("[data-step=fixed]")).to_contain_text("关于 repair.closed e1")
    await press(page, "1", "5")
    await expect(page.locator("[data-step='rate~2']")).to_contain_text("关于 meter.read e2抄表服务打几分？")
    await press(page, "2")
    await expect(page.get_by_text("客户不满意：提交后会自动立案")).to_be_visible()
    await expect(page.locator("[data-field=why]")).to_be_focused()
    await page.keyboard.type("太早")
    assert await faults_of(page) == []
    await press(page, "Enter", "Control+Enter")
    await expect(page.locator("#tab-done")).to_contain_text("1")
    [done] = [event.data for event in await workbench.desk.served.published("visit.completed")]
    assert [(one["rating"], one["answers"]) for one in done["results"]] == [
        (5, {"who": "yes", "fixed": "yes", "rate": 5}),
        (2, {"who": "yes", "rate": 2, "why": "太早"}),
    ]


async def test_who_may_not_go_alone_is_asked_who_comes_along(workbench: Workbench) -> None:
    workbench.watch.tolerated.append(REFUSED)
    alone = {"channel": "on_site", "never_alone": ["salesperson"], "questionnaire": "gas-repair"}
    await workbench.desk.served.deliver(released("S1", customer="S1", **alone))
    page = await workbench.page()
    async with workbench.desk.served.client("supervisor") as boss:
        [visit] = (await boss.get("/api/v1/visits", params={"customer_id": "S1"})).json()["items"]
    await expect(page.get_by_role("button", name="领取下一单 Enter")).to_be_focused()
    await page.locator(f"[data-claim='{visit['id']}']").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("领取时请填写同行人员")).to_be_visible()
    await expect(page.get_by_label("同行人员的工号或姓名")).to_be_focused()
    assert await faults_of(page) == []
    await page.keyboard.type("1002")
    await page.keyboard.press("Enter")
    await expect(page.locator("[data-step=opening]")).to_be_focused()
    assert (await workbench.desk.visit(visit["id"]))["companion"] == "1002"


async def test_what_the_customer_speaks_is_said_with_the_barrier(workbench: Workbench) -> None:
    page = await workbench.page()
    await claimed(page)
    await press(page, "F2", "F4", "l")
    await page.get_by_label("客户所讲的语言").select_option("粤语")
    await page.locator("[data-field=note]").fill("只讲粤语")
    assert await faults_of(page) == []
    await page.keyboard.press("Control+Enter")
    await expect(page.locator("#tab-mine")).to_contain_text("2")
    async with workbench.desk.served.client("supervisor") as boss:
        visits = (await boss.get("/api/v1/visits")).json()["items"]
    assert [one["needs"] for one in visits if one["task_id"] == "T1"] == [["yue"]]


async def test_who_steps_away_is_handed_nothing(workbench: Workbench) -> None:
    page = await workbench.page()
    await expect(page.locator("#presence")).to_be_enabled()
    await page.locator("#presence").select_option("break")
    async with workbench.desk.served.client("supervisor") as boss:
        await expect(page.locator("#presence")).to_have_value("break")
        async with asyncio.timeout(SECONDS):
            while [one["state"] for one in (await boss.get("/api/v1/presence")).json()["items"]] != ["break"]:
                await page.wait_for_timeout(100)
    await page.get_by_role("button", name="领取下一单 Enter").click()
    assert "claimed" not in (await workbench.states()).values()
