"""What goes wrong at the workbench: reloads, dead networks, other windows, visits taken away; nothing typed is lost."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from playwright.async_api import Browser, Page, Route, expect

from deploy.standins.line import Exchange, Paces
from deploy.standins.line import create_app as create_line
from shared.clock import ManualClock
from tests.browser.kit import SECONDS
from tests.browser.workbench import REFUSED, Workbench, claimed, dialled, opened, press
from tests.hostile.wire import listening
from tests.visits.conftest import cancelled, changed, matter, released
from tests.visits.test_lines import SECRET
from tests.visits.test_several_matters import READING, REPAIR, joined

# as another window of the same agent keeps a result, here of a visit that is no more
KEEP_ANOTHER = """() => {
    const [name, visit] = ["huifang/1001/outbox", "00000000-0000-7000-8000-000000000000"];
    const another = {visit, name: "另一位", key: "another", url: `api/v1/visits/${visit}/attempts`, body: {result: "busy"}};
    localStorage.setItem(name, JSON.stringify([...JSON.parse(localStorage.getItem(name)), another]));
}"""


async def test_a_reload_goes_on_at_the_same_question_with_the_call_still_running(workbench: Workbench) -> None:
    page = await workbench.page()
    await claimed(page)
    await press(page, "F2", "2", "1", "1")
    await expect(page.locator(".saved")).to_contain_text("已保存")
    await page.reload()
    await expect(page.locator("[data-step=conduct]")).to_be_focused()
    await expect(page.locator(".said", has_text="确认本人")).to_contain_text("家属代答")
    await expect(page.locator(".call")).to_contain_text("通话中")


async def test_a_reload_keeps_every_field_of_the_wrap_up(workbench: Workbench) -> None:
    page = await workbench.page()
    await claimed(page)
    await press(page, "F2", "F6")
    await page.get_by_label("到时由我回呼").uncheck()
    await press(page, "x")
    await expect(page.locator("[data-field=corrected]")).to_be_focused()
    await page.keyboard.type("13700137000")
    await page.reload()
    await expect(page.locator("[data-field=corrected]")).to_have_value("13700137000")
    await press(page, "F6")
    await expect(page.get_by_label("到时由我回呼")).not_to_be_checked()
    await page.keyboard.press("x")
    await expect(page.locator("[data-field=corrected]")).to_be_focused()
    await page.keyboard.press("Control+Enter")
    await expect(page.locator("#tab-done")).to_contain_text("0")
    await expect(page.locator("[data-step=opening]")).to_be_focused()  # the next customer's
    assert (await workbench.states())["T1"] in ("open", "claimed")
    await expect(page.locator("[data-field=corrected]")).to_have_value("")


async def test_another_browser_goes_on_with_the_answers_that_were_saved(workbench: Workbench) -> None:
    page = await workbench.page()
    await claimed(page)
    await press(page, "F2", "1", "1", "1")
    await expect(page.locator(".saved")).to_contain_text("已保存")
    other = await workbench.page()
    await expect(other.locator("[data-step=opening]")).to_be_focused()  # who is speaking is asked again
    await other.keyboard.press("1")
    await expect(other.locator(".call")).to_contain_text("通话中")
    await expect(other.locator(".reading header")).to_contain_text("3 / ")


async def test_what_is_typed_while_the_network_is_dead_arrives_when_it_is_back(workbench: Workbench) -> None:
    page = await workbench.page()
    await claimed(page)
    await press(page, "F2", "1", *"111111", "4")
    await expect(page.locator("[data-step=reasons]")).to_be_focused()
    await page.context.set_offline(True)
    await press(page, "1", "3", "Enter")
    await expect(page.locator("[data-field=complaint]")).to_be_focused()
    await page.keyboard.type("换了 123 次阀门")
    await expect(page.get_by_text("网络已断开")).to_be_visible()
    await press(page, "Enter", "Control+Enter")
    await expect(page.get_by_text("小结已存本机")).to_be_visible()
    assert (await workbench.states())["T1"] == "claimed"
    await page.context.set_offline(False)
    await expect(page.locator("#tab-done")).to_contain_text("1")
    [told] = [event.data for event in await workbench.desk.served.published("visit.dissatisfied")]
    assert (told["answers"]["reasons"], told["answers"]["complaint"]) == (["quality", "late"], "换了 123 次阀门")


async def saved_answers(workbench: Workbench) -> dict[str, Any]:
    """What the platform has of the answers in hand."""
    async with workbench.desk.served.client("supervisor") as boss:
        [held] = (await boss.get("/api/v1/visits?state=claimed")).json()["items"]
    script = (await workbench.desk.visit(held["id"]))["script"]
    return {one["id"]: one["answer"] for one in script["questions"] if one["answer"]}


async def test_what_is_deleted_while_the_network_is_dead_does_not_come_back(workbench: Workbench) -> None:
    page = await workbench.page()
    await claimed(page)
    await dialled(page)
    await press(page, "1", *"111111", "4")
    await expect(page.locator("[data-step=reasons]")).to_be_focused()
    await press(page, "1", "3", "Enter")
    await expect(page.locator("[data-field=complaint]")).to_be_focused()
    await page.keyboard.type("换了阀门")
    async with asyncio.timeout(SECONDS):
        while (await saved_answers(workbench)).get("complaint") != "换了阀门":
            await page.wait_for_timeout(100)
    await page.context.set_offline(True)
    await page.locator("[data-field=complaint]").fill("")
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_text("小结已存本机")).to_be_visible()
    await page.context.set_offline(False)
    await expect(page.locator("#tab-done")).to_contain_text("1")
    [told] = [event.data for event in await workbench.desk.served.published("visit.dissatisfied")]
    assert (told["answers"]["reasons"], told["answers"].get("complaint")) == (["quality", "late"], None)


async def test_answers_at_which_the_server_failed_are_saved_without_another_key(workbench: Workbench) -> None:
    page = await workbench.page()
    await claimed(page)
    await dialled(page)
    tries = 0

    async def answer(route: Route) -> None:
        nonlocal tries
        tries += 1
        await (route.continue_() if tries > 2 else route.fulfill(status=(500, 429)[tries - 1], json={}))

    await page.route("**/answers", answer)
    await press(page, "1", "1")
    await expect(page.locator(".saved")).to_contain_text("已保存")
    assert await saved_answers(workbench) == {"fixed": "yes"}


async def test_answers_whose_result_was_refused_are_saved_all_the_same(workbench: Workbench) -> None:
    page = await workbench.page()
    await claimed(page)
    await dialled(page)
    await page.route("**/answers", lambda route: route.abort())
    await page.route("**/attempts", lambda route: route.fulfill(status=422, json={"title": "没有接受"}))
    await press(page, "1", "1", "F4")
    await expect(page.locator(".wrap-up [aria-pressed=true]")).to_contain_text("部分完成")
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_role("alert").filter(has_text="没有接受")).to_be_visible()
    await page.unroute("**/answers")
    await expect(page.locator(".saved")).to_contain_text("已保存")
    assert await saved_answers(workbench) == {"fixed": "yes"}


async def test_nothing_is_asked_of_a_visit_while_its_result_is_handed_in(workbench: Workbench) -> None:
    """The platform tells the page of the change before it answers, and the visit is nobody's by then."""
    page = await workbench.page()
    await claimed(page)
    await dialled(page)
    arrived, answered = asyncio.Event(), asyncio.Event()
    handed_in: list[str] = []

    async def hold(route: Route) -> None:
        handed_in.append(route.request.url.split("/")[-2])
        answer = await route.fetch()
        arrived.set()
        await answered.wait()
        await route.fulfill(response=answer)

    await page.route("**/attempts", hold)
    await press(page, "1", "1", "F4")
    await expect(page.locator(".wrap-up [aria-pressed=true]")).to_contain_text("部分完成")
    await page.keyboard.press("Control+Enter")
    await arrived.wait()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    async with page.expect_response("**/agent/queue*"):
        await page.evaluate(
            "document.dispatchEvent(new Event('visibilitychange'))"
        )  # all of the page is asked for again
    answered.set()
    await expect(page.locator("#tab-done")).to_contain_text("1")
    assert [url for url in asked if url.endswith(f"{handed_in[0]}/notices")] == []


async def test_a_dialog_keeps_what_was_typed_of_a_customer_and_nothing_of_the_one_before(workbench: Workbench) -> None:
    page = await workbench.page()
    await claimed(page)
    await dialled(page)
    await page.keyboard.press("F7")
    await page.get_by_label("严重程度").select_option("major")
    await page.get_by_label("投诉内容").fill("换了阀门还是打不着火")
    await press(page, "Escape", "F7")
    await expect(page.get_by_label("投诉内容")).to_have_value("换了阀门还是打不着火")
    await expect(page.get_by_label("严重程度")).to_have_value("major")
    await page.keyboard.press("Escape")
    await page.reload()
    await expect(page.locator("[data-step=opening]")).to_be_focused()
    await page.keyboard.press("F7")
    await expect(page.get_by_label("投诉内容")).to_have_value("换了阀门还是打不着火")
    await page.keyboard.press("Escape")

    await page.get_by_role("button", name="登记免打扰").click()
    await page.get_by_label("客户的说法").fill("不要再打")
    await page.reload()
    await expect(page.locator("[data-step=opening]")).to_be_focused()
    await page.get_by_role("button", name="登记免打扰").click()
    await expect(page.get_by_label("客户的说法")).to_have_value("不要再打")
    await page.get_by_label("不再向该客户发短信").uncheck()
    await page.get_by_label("客户不接受电话回访").check()
    await page.get_by_role("button", name="登记", exact=True).click()
    await expect(page.locator("[data-field=note]")).to_have_value("不要再打")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator("#tab-done")).to_contain_text("1")
    await expect(page.locator("[data-step=opening]")).to_be_focused()  # the next customer's

    await page.get_by_role("button", name="登记免打扰").click()
    await expect(page.get_by_label("不再向该客户发短信")).to_be_checked()
    await expect(page.get_by_label("客户不接受电话回访")).not_to_be_checked()
    await expect(page.get_by_label("客户的说法")).to_have_value("")
    await press(page, "Escape", "F7")
    await expect(page.get_by_label("投诉内容")).to_have_value("")
    await expect(page.get_by_label("严重程度")).to_have_value("general")


async def test_two_agents_never_have_one_customer_and_a_visit_taken_away_is_said_so(workbench: Workbench) -> None:
    workbench.watch.tolerated.append(REFUSED)
    first, second = await workbench.page("1001"), await workbench.page("1002")
    await claimed(first)
    await claimed(second)
    assert (await workbench.states()) == {"T1": "claimed", "T2": "claimed", "T3": "open"}
    await dialled(first)
    await press(first, "1", "1")
    await expect(first.locator(".saved")).to_contain_text("已保存")
    async with workbench.desk.served.client("supervisor") as boss:
        [mine] = (await boss.get("/api/v1/visits?agent=1001")).json()["items"]
        headers = {"If-Match": f'"{mine["version"]}"'}
        assert (
            await boss.post(f"/api/v1/visits/{mine['id']}/reassign", json={"team": "t2"}, headers=headers)
        ).is_success
    async with workbench.desk.agent("1003") as third:
        assert (await third.post("/api/v1/visits/claim", json={"team": "t2"})).json()["items"]
    await expect(first.get_by_role("heading", name="该单已被 1003 领取")).to_be_visible()
    await expect(first.locator(".lost")).to_contain_text("故障排除：是")


async def test_an_older_draft_meets_a_newer_answer_and_the_agent_chooses(workbench: Workbench) -> None:
    workbench.watch.tolerated.append(REFUSED)
    page = await workbench.page()
    await claimed(page)
    await dialled(page)
    await press(page, "1", "1")
    await expect(page.locator(".saved")).to_contain_text("已保存")
    async with workbench.desk.agent("1001") as same:
        [held] = (await same.get("/api/v1/visits?state=claimed")).json()["items"]
        headers = {"If-Match": f'"{held["version"]}"'}
        changed = await same.put(
            f"/api/v1/visits/{held['id']}/answers", json={"answers": {"fixed": "no"}}, headers=headers
        )
        assert changed.status_code == 200
    await page.keyboard.press("2")
    await expect(page.get_by_role("heading", name="这张单在别处被改过")).to_be_visible()
    await expect(page.get_by_text("故障排除：否")).to_be_visible()
    await page.get_by_role("button", name="用我这里的").click()
    await expect(page.locator(".saved")).to_contain_text("已保存")
    visit = await workbench.desk.visit(held["id"])
    assert {one["id"]: one["answer"] for one in visit["script"]["questions"] if one["answer"]} == {
        "fixed": "yes",
        "on_time": "no",
    }


async def test_a_task_called_off_in_the_middle_of_a_call_is_told_with_what_to_do(workbench: Workbench) -> None:
    page = await workbench.page()
    await claimed(page)
    await dialled(page)
    await press(page, "1")
    await expect(page.locator(".call")).to_contain_text("通话中")
    await workbench.desk.served.deliver(cancelled("T1"))
    await expect(page.get_by_role("alert").filter(has_text="该单已撤销")).to_contain_text("请向客户致歉")


async def test_a_matter_that_is_taken_away_in_a_call_is_asked_no_more_and_the_other_keeps_its_answers(
    workbench: Workbench,
) -> None:
    async with workbench.desk.served.client("policy_owner") as author:
        for definition in (REPAIR, READING):
            assert (await author.post("/api/v1/questionnaires", json=definition)).is_success
    both = {"questionnaire": "repair", "priority": 1, "matters": [matter("e1"), joined("e2", "reading")]}
    await workbench.desk.served.deliver(released("T9", customer="C9", deadline_at="2026-03-02T11:00:00+08:00", **both))
    page = await workbench.page()
    await claimed(page)
    await dialled(page)
    await press(page, "1", "1", "1", "5")
    await expect(page.locator("[data-step='rate~2']")).to_be_focused()
    await page.keyboard.press("2")
    await expect(page.locator("[data-field=why]")).to_be_focused()
    await page.keyboard.type("太早")
    async with asyncio.timeout(SECONDS):
        while (await saved_answers(workbench)).get("why") != "太早":
            await page.wait_for_timeout(100)
    left = [joined("e2", "reading")]
    await workbench.desk.served.deliver(changed("T9", "matters", matters=left, reason="fact_withdrawn"))
    await expect(page.get_by_role("alert").filter(has_text="该单内容有变更")).to_be_visible()
    await expect(page.locator("[data-step='rate~2']")).to_have_count(0)
    await page.keyboard.press("Control+Enter")
    await expect(page.locator("#tab-done")).to_contain_text("1")
    [done] = [event.data for event in await workbench.desk.served.published("visit.completed")]
    assert (done["rating"], done["answers"]) == (2, {"who": "yes", "rate": 2, "why": "太早"})


async def test_what_the_line_says_is_followed_and_prefills_the_result(
    browser: Browser, service_dsn: Callable[[str], Awaitable[str]], clock: ManualClock
) -> None:
    exchange = Exchange("", SECRET, "http://line", Paces(ring=0.1, answer=1))
    async with listening(create_line(exchange)) as port:
        line = {"cti": "http", "cti_url": f"http://127.0.0.1:{port}", "cti_webhook_secret": SECRET}
        async with opened(browser, await service_dsn("visits"), clock, **line) as workbench:
            exchange.callback = f"{workbench.address}/ingress/v1/line/events"
            page = await workbench.page()
            exchange.fate = "busy"
            await claimed(page)
            await page.keyboard.press("F2")
            await expect(page.locator(".wrap-up [aria-pressed=true]")).to_contain_text("占线")
            await page.keyboard.press("Control+Enter")
            await expect(page.locator("[data-step=opening]")).to_be_focused()  # the next customer
            exchange.fate = "answers"
            async with page.expect_response("**/line-calls"):
                await page.keyboard.press("F2")
            await press(page, "1", "1")
            talk = list(exchange.talks.values())[-1]
            async with asyncio.timeout(SECONDS):
                while "answered" not in talk.signs:
                    await page.wait_for_timeout(50)
            talk.hung_up.set()  # the customer does it
            await expect(page.locator(".wrap-up [aria-pressed=true]")).to_contain_text("部分完成")
            await page.keyboard.press("Control+Enter")
            await expect(page.locator("#tab-done")).to_contain_text("1")
            assert "13800138000" not in await page.content()
            await exchange.stop()


async def kept_here(page: Page) -> list[str]:
    """Names under which the workbench keeps something in this browser."""
    names: list[str] = await page.evaluate("Object.keys(localStorage).filter(name => name.startsWith('huifang/'))")
    return names


async def test_a_result_at_which_the_server_failed_is_sent_again_beside_what_another_window_kept(
    workbench: Workbench,
) -> None:
    workbench.watch.tolerated.append("status of (404|500)")
    page = await workbench.page()
    await claimed(page)
    await press(page, "F2", "F4", "r")
    await expect(page.locator("[data-field=note]")).to_be_focused()
    await page.keyboard.type("在开会")
    await page.context.set_offline(True)
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_text("小结已存本机")).to_be_visible()
    tries = 0

    async def answer(route: Route) -> None:
        nonlocal tries
        tries += 1
        if tries == 1:
            await route.fulfill(status=500, json={})
            return
        if tries == 2:
            await page.evaluate(KEEP_ANOTHER)
        await route.continue_()

    await page.route("**/attempts", answer)
    await page.context.set_offline(False)
    await expect(page.locator("#tab-done")).to_contain_text("1")
    assert (await workbench.states())["T1"] == "failed"
    await expect(page.get_by_text("另一位的小结没有被接受")).to_be_visible()
    assert await kept_here(page) == ["huifang/1001/outbox"]


async def test_who_signs_out_leaves_nothing_typed_but_what_is_still_in_hand(workbench: Workbench) -> None:
    page = await workbench.page()
    await page.evaluate("localStorage.setItem('huifang/1001/draft/old', '{}')")
    await page.evaluate("localStorage.setItem('huifang/1002/draft/hers', '{}')")
    await page.route("**/logout", lambda route: route.fulfill(body="signed out", content_type="text/html"))
    await claimed(page)
    await press(page, "F2", "F4", "r")
    await expect(page.locator("[data-field=note]")).to_be_focused()
    await page.keyboard.type("客户在医院")
    async with workbench.desk.served.client("supervisor") as boss:
        [held] = (await boss.get("/api/v1/visits?state=claimed")).json()["items"]
    await page.get_by_role("button", name="退出").click()
    await expect(page.get_by_text("signed out")).to_be_visible()
    assert sorted(await kept_here(page)) == [f"huifang/1001/draft/{held['id']}", "huifang/1002/draft/hers"]

    await page.goto("/agent")
    await expect(page.locator("[data-field=note]")).to_have_value("客户在医院")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator("#tab-done")).to_contain_text("1")
    await page.get_by_role("button", name="退回此单").click()
    await page.get_by_role("button", name="退出").click()
    await expect(page.get_by_text("signed out")).to_be_visible()
    assert await kept_here(page) == ["huifang/1002/draft/hers"]
