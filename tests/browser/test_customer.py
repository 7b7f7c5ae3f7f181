"""A customer answers on a phone: 390 px, by keyboard, without scripts, and nothing keeps anybody out."""

import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from uuid import UUID

import pytest
from playwright.async_api import Browser, Page, expect

from shared.clock import ManualClock
from shared.contracts.visits import VisitCompleted, VisitInvited
from shared.privacy.codes import show_codes
from tests.browser.kit import PHONE, faults_of
from tests.browser.workbench import Workbench, opened, press
from tests.visits.asked_by_message import SEALER, fields_of, form, post
from tests.visits.conftest import released

BY_HAND: Mapping[str, str] = {"conduct": "yes", "attitude": "good", "guidance": "clear", "convenience": "fast"}


async def code_for(world: Workbench, task_id: str = "M1") -> str:
    """The code that a customer is sent."""
    await world.desk.publish("gas-service")
    await world.desk.served.deliver(released(task_id, customer="M", channel="sms"))
    await world.desk.served.run_job("invite")
    return show_codes(SEALER, (await world.desk.served.published("visit.invited"))[-1].read(VisitInvited).code)


async def customer(world: Workbench, scripts: bool) -> Page:
    """The fixed address as somebody has it open who never signed in."""
    # not the workbench: it asks for its queue, and would be refused that once nobody is signed in
    page = await world.page(at="/q", viewport=PHONE, is_mobile=True, has_touch=True, java_script_enabled=scripts)
    await page.context.clear_cookies()
    await page.goto("/q")
    return page


async def sound(page: Page, scripts: bool = True) -> None:
    """Nothing keeps anybody out, and the page is no wider than the phone; axe itself needs scripts."""
    if not scripts:
        return
    assert await faults_of(page) == []
    assert await page.evaluate("document.scrollingElement.scrollWidth <= document.scrollingElement.clientWidth")


@pytest.mark.parametrize("scripts", [False, True], ids=["without scripts", "with scripts"])
async def test_a_dissatisfied_customer_answers_by_keyboard(workbench: Workbench, scripts: bool) -> None:
    code = await code_for(workbench)
    page = await customer(workbench, scripts)
    await sound(page, scripts)
    await expect(page.get_by_label("短信中的回访编号")).to_be_focused()
    await page.keyboard.type(code.replace("-", "").lower())
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading")).to_have_text("燃气上门服务回访")
    await expect(page.get_by_text("张三")).to_have_count(0)
    await sound(page, scripts)
    for _ in range(4):
        await press(page, "Tab", "Space")  # the first answer of each
    await press(page, "Tab", "Tab", "Space", "ArrowDown", "ArrowDown", "ArrowDown")  # 遗留隐患 may be left out
    await expect(page.locator("input[value=dissatisfied]")).to_be_checked()
    await press(page, "Tab", "Tab", "Enter")
    await expect(page.get_by_role("alert")).to_contain_text("还有 2 个问题")
    await expect(page.locator("input[value=dissatisfied]")).to_be_checked()
    await sound(page, scripts)
    await page.get_by_label("没有按约定时间上门").check()
    await page.get_by_role("button", name="提交").press("Enter")
    await expect(page.get_by_role("heading")).to_have_text("已收到您的回答")
    assert page.url.endswith("/q/thanks")
    await sound(page, scripts)
    (told,) = await workbench.desk.served.published("visit.completed")
    said = told.read(VisitCompleted)
    assert (said.channel, said.satisfaction, said.reasons) == ("sms", "dissatisfied", ["没有按约定时间上门"])


async def test_what_is_missing_is_shown_where_it_is_and_nothing_is_lost(workbench: Workbench) -> None:
    code = await code_for(workbench)
    page = await customer(workbench, True)
    await page.get_by_label("短信中的回访编号").fill(code)
    await page.get_by_role("button", name="开始").click()
    for question, value in BY_HAND.items():
        await page.locator(f"input[name='q.{question}'][value={value}]").check()
    await page.locator("textarea").fill("师傅很好")
    await page.evaluate("document.querySelector('form').noValidate = true")  # as browsers that don't check forms
    workbench.watch.tolerated.append("status of 422")
    await page.get_by_role("button", name="提交").click()
    await expect(page.get_by_role("alert")).to_contain_text("还有 1 处")
    await sound(page)
    await page.get_by_role("alert").get_by_role("link").click()
    await expect(page.locator("#q-satisfaction")).to_be_in_viewport()
    await expect(page.locator("textarea")).to_have_value("师傅很好")
    await page.locator("input[value=very_satisfied]").check()
    await page.get_by_role("button", name="提交").click()
    await expect(page.get_by_role("heading")).to_have_text("已收到您的回答")


async def test_a_code_that_serves_no_more_says_what_to_do(workbench: Workbench) -> None:
    page = await customer(workbench, True)
    workbench.watch.tolerated.append("status of 422")
    await page.get_by_label("短信中的回访编号").fill("7K3QF-9M2XP")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("这个编号现在不能使用")
    await expect(page.get_by_label("短信中的回访编号")).to_be_focused()
    await sound(page)


async def test_an_agent_who_has_the_visit_open_sees_that_the_customer_answered(
    browser: Browser, service_dsn: Callable[[str], Awaitable[str]], clock: ManualClock
) -> None:
    async with opened(browser, await service_dsn("visits"), clock, visit_invite_after="no_answer") as world:
        await world.desk.served.deliver(released("T0", customer="C0", questionnaire="gas-repair"))
        async with world.desk.served.client("supervisor") as client:
            found = (await client.get("/api/v1/visits", params={"customer_id": "C0"})).json()["items"]
        visit_id = UUID(found[0]["id"])
        async with world.desk.agent() as agent:
            assert (await agent.post(f"/api/v1/visits/{visit_id}/claim", json={})).status_code == 200
        await world.desk.attempt(visit_id, result="no_answer")
        world.desk.clock.move_to(datetime.fromisoformat((await world.desk.visit(visit_id))["next_at"]))
        await world.desk.served.run_job("bring-back")
        async with world.desk.agent() as agent:
            assert (await agent.post(f"/api/v1/visits/{visit_id}/claim", json={})).status_code == 200
        page = await world.page()
        await expect(page.get_by_text("已给客户发编号")).to_be_visible()
        told = (await world.desk.served.published("visit.invited"))[-1].read(VisitInvited)
        world.watch.tolerated.append("status of 409")
        code = show_codes(SEALER, told.code)
        asked = fields_of((await post(world.desk, {"code": code})).text)
        answers = dict.fromkeys(asked, "yes") | {"satisfaction": "satisfied"}
        while (answer := await post(world.desk, form(code, answers, asked))).status_code != 303:
            offered = re.findall(r'type="radio" name="q\.([^"]+)" value="([^"]+)"', answer.text)
            answers |= {name: value for name, value in offered if name != "satisfaction"}
            asked = fields_of(answer.text)
        await expect(page.get_by_role("alert").filter(has_text="客户已经自助作答")).to_be_visible()
        assert await faults_of(page) == []
