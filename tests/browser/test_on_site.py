"""A visit in person on a phone, 390 points wide: the list, the door, the checklist, photographs, the signature, a cellar."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from shared.clock import ManualClock
from tests.browser.kit import PHONE, faults_of
from tests.browser.workbench import REFUSED, Workbench, opened
from tests.visits.conftest import matter, released
from tests.visits.pictures import photo
from tests.visits.test_attachments import listed

PLACE = "滨江区江南大道 100 号 3 幢 2 单元 1801 室"
SOON = "2026-03-02T11:30:00+08:00"


@pytest.fixture
async def site(
    browser: Browser, service_dsn: Callable[[str], Awaitable[str]], clock: ManualClock, tmp_path: Path
) -> AsyncIterator[Workbench]:
    """Somebody whom 1001 has an appointment with, and somebody who waits for one; nobody of them to be called."""
    async with opened(browser, await service_dsn("visits"), clock, files=str(tmp_path / "files")) as world:
        for task, customer in (("S1", "王女士"), ("S2", "李先生")):
            told = released(
                task,
                customer=task,
                channel="on_site",
                questionnaire="gas-repair",
                matters=[matter(f"W-{task}", service_address=PLACE)],
            )
            told.data["customer"] |= {"name": customer}
            await world.desk.served.deliver(told)
        async with world.desk.agent() as client:
            [one] = [visit for visit in await visits(world) if visit["task_id"] == "S1"]
            await client.post(f"/api/v1/visits/{one['id']}/claim", json={})
            agreed = {"result": "callback_agreed", "callback_at": SOON, "callback_owner": "me"}
            assert (await client.post(f"/api/v1/visits/{one['id']}/attempts", json=agreed)).status_code == 201
        yield world


async def visits(world: Workbench) -> list[dict[str, Any]]:
    async with world.desk.served.client("supervisor") as client:
        return (await client.get("/api/v1/visits")).json()["items"]  # type: ignore[no-any-return]


async def on_phone(site: Workbench, **options: Any) -> Page:
    return await site.page(at="/on-site", viewport=PHONE, has_touch=True, is_mobile=True, **options)


async def is_too_wide(page: Page) -> bool:
    answer: bool = await page.evaluate("document.scrollingElement.scrollWidth > innerWidth")
    return answer


async def arrived(page: Page, name: str = "王女士") -> None:
    await page.get_by_role("button", name=f"打开{name}的单").click()
    await page.get_by_role("button", name="已到达，开始回访").click()
    await expect(page.locator("[data-step=opening]")).to_be_visible()


async def answered(page: Page) -> None:
    """Every question of the checklist with its first answer, by tapping."""
    await page.get_by_role("button", name="本人", exact=True).click()
    while await page.locator(".question").count():
        question = page.locator(".question").last
        asked = await question.locator("[data-step]").get_attribute("data-step")
        if await question.locator(".answer").count():
            await question.locator(".answer").first.click()
        else:
            await page.get_by_role("button", name="下一题").click()
        await page.wait_for_function(
            "step => !document.querySelector(`.question.current [data-step='${step}']`)", arg=asked
        )


async def sign(page: Page) -> None:
    pad = page.locator("canvas.pad")
    await pad.scroll_into_view_if_needed()
    box = await pad.bounding_box()
    assert box
    await page.mouse.move(box["x"] + 30, box["y"] + 120)
    await page.mouse.down()
    for step in range(1, 8):
        await page.mouse.move(box["x"] + 30 + step * 35, box["y"] + 120 - (step % 2) * 60)
    await page.mouse.up()
    await expect(page.get_by_text("已签名")).to_be_visible()


async def take_photo(page: Page, content: bytes | None = None, name: str = "a.jpg") -> None:
    file = {"name": name, "mimeType": "image/jpeg", "buffer": content or photo(2600, 1900)}
    await page.locator("input[type=file]").set_input_files([file])


async def test_a_visit_from_the_list_to_the_signature(site: Workbench) -> None:
    page = await on_phone(site)
    await expect(page.get_by_role("heading", name="今天 1")).to_be_visible()
    await expect(page.locator("#queue-rows li").first).to_contain_text("11:30")
    await expect(page.locator("#queue-rows li").first).to_contain_text(PLACE)
    assert not await is_too_wide(page)
    assert await faults_of(page) == []
    await page.get_by_role("button", name="打开王女士的单").click()
    await page.get_by_role("button", name="客户已确认时间").click()
    await expect(page.get_by_text("（客户已确认）")).to_be_visible()
    assert not await is_too_wide(page)
    assert await faults_of(page) == []
    await page.get_by_role("button", name="已到达，开始回访").click()
    assert not await is_too_wide(page)
    assert await faults_of(page) == []
    await answered(page)
    await page.get_by_role("button", name="结束提问，签名与结果").click()
    await expect(page.locator(".wrap-up .answer[aria-pressed=true]")).to_have_text("完成")
    await page.get_by_role("button", name="提交", exact=True).click()
    await expect(page.locator(".wrap-up .error", has_text="还没有客户签名")).to_be_visible()
    await take_photo(page)
    await expect(page.locator(".shots img")).to_have_count(1)
    await sign(page)
    assert not await is_too_wide(page)
    assert await faults_of(page) == []
    await page.get_by_role("button", name="提交", exact=True).click()
    await expect(page.get_by_role("heading", name="今天已完成")).to_be_visible()
    [done] = [visit for visit in await visits(site) if visit["task_id"] == "S1"]
    assert (done["state"], done["outcome"]["effective"]) == ("completed", True)
    kept = await listed(site.desk, done["id"])
    assert sorted(one["kind"] for one in kept) == ["photo", "signature"]
    assert all(one["attempt_id"] for one in kept)
    assert max(one["width"] for one in kept) <= 2048


async def test_in_a_cellar_everything_is_kept_and_sent_in_order_afterwards(site: Workbench) -> None:
    page = await on_phone(site)
    await page.get_by_role("button", name="打开王女士的单").click()
    await expect(page.get_by_role("button", name="已到达，开始回访")).to_be_visible()
    await page.context.set_offline(True)
    await page.get_by_role("button", name="已到达，开始回访").click()
    await answered(page)
    await page.get_by_role("button", name="结束提问，签名与结果").click()
    await take_photo(page)
    await take_photo(page, photo(800, 600, "PNG"), "b.png")
    await expect(page.locator(".shots img")).to_have_count(2)
    await sign(page)
    await page.get_by_role("button", name="提交", exact=True).click()
    await expect(page.get_by_text("王女士的小结已存本机")).to_be_visible()
    [held] = [visit for visit in await visits(site) if visit["task_id"] == "S1"]
    assert (held["state"], await listed(site.desk, held["id"])) == ("claimed", [])
    await page.context.set_offline(False)
    await expect(page.get_by_role("heading", name="今天已完成")).to_be_visible()
    kept = await listed(site.desk, held["id"])
    assert [one["kind"] for one in kept] == ["photo", "photo", "signature"]
    assert all(one["attempt_id"] for one in kept)
    left = await page.evaluate(COUNT_KEPT)
    assert left == 0


COUNT_KEPT = """() => new Promise((resolve) => {
    const asked = indexedDB.open("huifang", 1);
    asked.onsuccess = () => {
        const all = asked.result.transaction("pictures").objectStore("pictures").count();
        all.onsuccess = () => resolve(all.result);
    };
})"""


async def test_a_claim_that_ran_out_below_ground_is_made_anew(site: Workbench) -> None:
    site.watch.tolerated.append(REFUSED)
    page = await on_phone(site)
    await arrived(page)
    await answered(page)
    await page.get_by_role("button", name="结束提问，签名与结果").click()
    await sign(page)
    await page.context.set_offline(True)
    await page.get_by_role("button", name="提交", exact=True).click()
    await expect(page.get_by_text("小结已存本机")).to_be_visible()
    [held] = [visit for visit in await visits(site) if visit["task_id"] == "S1"]
    async with site.desk.agent() as client:
        await client.post(f"/api/v1/visits/{held['id']}/release")
    await page.context.set_offline(False)
    await expect(page.get_by_role("heading", name="今天已完成")).to_be_visible()
    assert [one["kind"] for one in await listed(site.desk, held["id"])] == ["signature"]


async def test_a_reload_keeps_answers_photographs_and_the_signature(site: Workbench) -> None:
    page = await on_phone(site)
    await arrived(page)
    await answered(page)
    await page.get_by_role("button", name="结束提问，签名与结果").click()
    await take_photo(page)
    await expect(page.locator(".shots img")).to_have_count(1)
    await sign(page)
    await page.locator("[data-field=note]").fill("门铃坏了")
    await page.reload()
    await expect(page.get_by_text("已签名")).to_be_visible()
    await expect(page.locator(".shots img")).to_have_count(1)
    await expect(page.locator("[data-field=note]")).to_have_value("门铃坏了")
    await page.get_by_role("button", name="提交", exact=True).click()
    await expect(page.get_by_role("heading", name="今天已完成")).to_be_visible()


async def test_by_keyboard_alone_with_a_name_and_a_reason_instead_of_a_signature(site: Workbench) -> None:
    page = await site.page(at="/on-site", viewport=PHONE)
    await page.get_by_role("button", name="打开王女士的单").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="王女士")).to_be_focused()
    await page.get_by_role("button", name="已到达，开始回访").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("[data-step=opening]")).to_be_focused()
    for key in (*"11111111", "Enter"):
        await page.keyboard.press(key)
    await expect(page.locator("[data-step=closing]")).to_be_focused()
    await page.get_by_role("button", name="结束提问，签名与结果").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator(".wrap-up h2")).to_be_focused()
    await page.get_by_label("不能手写签名的，填客户姓名").focus()
    await page.keyboard.type("王芳")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator(".wrap-up .error", has_text="还没有客户签名")).to_be_visible()
    await page.get_by_label("没有签名的原因").focus()
    await page.keyboard.type("右手受伤")
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_role("heading", name="今天已完成")).to_be_visible()
    [done] = [visit for visit in await visits(site) if visit["task_id"] == "S1"]
    [*_, tried] = (await site.desk.visit(done["id"]))["history"]
    assert (tried["signer"], tried["unsigned_reason"]) == ("王芳", "右手受伤")


# Keys pressed within one frame: a step that is long past must not take the focus from where its person has gone since.
AT_ONCE = """keys => new Promise(done => {
  const closing = document.querySelector("[data-step=closing]");
  const button = document.querySelector(".bottom button");
  closing.addEventListener("focus", () => button.focus(), { once: true });
  const press = key => new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true });
  for (const key of keys) document.activeElement.dispatchEvent(press(key));
  let frames = 0;
  const look = () => ++frames < 20 ? requestAnimationFrame(look) : done(document.activeElement === button);
  look();
})"""


async def test_whoever_went_on_is_not_taken_back_by_a_step_that_is_past(site: Workbench) -> None:
    page = await site.page(at="/on-site", viewport=PHONE)
    await page.get_by_role("button", name="打开王女士的单").click()
    await page.get_by_role("button", name="已到达，开始回访").click()
    await expect(page.locator("[data-step=opening]")).to_be_focused()
    assert await page.evaluate(AT_ONCE, [*"11111111", "Enter"])
    await page.keyboard.press("Enter")
    await expect(page.locator(".wrap-up h2")).to_be_focused()


async def test_enter_at_the_end_of_the_script_does_not_begin_it_again(site: Workbench) -> None:
    page = await site.page(at="/on-site", viewport=PHONE)
    await page.get_by_role("button", name="打开王女士的单").click()
    await page.get_by_role("button", name="已到达，开始回访").click()
    await expect(page.locator("[data-step=opening]")).to_be_focused()
    for key in (*"11111111", "Enter", "Enter", "Enter"):
        await page.keyboard.press(key)
    await expect(page.locator("[data-step=closing]")).to_be_focused()
    await expect(page.locator(".question.current")).to_have_count(0)


async def test_an_appointment_is_moved_with_the_reason(site: Workbench) -> None:
    page = await on_phone(site)
    await page.get_by_role("button", name="打开王女士的单").click()
    await page.get_by_role("button", name="改约").click()
    await page.get_by_role("button", name="明天 10:00").click()
    await page.get_by_role("button", name="提交", exact=True).click()
    await expect(page.get_by_text("改约须写明原因")).to_be_visible()
    await page.locator("[data-field=note]").fill("客户临时出差")
    assert await faults_of(page) == []
    await page.get_by_role("button", name="提交", exact=True).click()
    await expect(page.get_by_role("heading", name="以后 1")).to_be_visible()
    [moved] = [visit for visit in await visits(site) if visit["task_id"] == "S1"]
    assert (moved["state"], moved["callback_at"]) == ("appointed", "2026-03-03T02:00:00Z")


async def test_what_is_no_photograph_is_told_and_one_can_be_removed(site: Workbench) -> None:
    page = await on_phone(site)
    await arrived(page)
    await page.get_by_role("button", name="结束提问，签名与结果").click()
    await take_photo(page, b"<svg onload='alert(1)'>", "x.svg")
    await expect(page.get_by_text("「x.svg」不是可用的照片")).to_be_visible()
    await take_photo(page)
    await expect(page.locator(".shots img")).to_have_count(1)
    [held] = [visit for visit in await visits(site) if visit["task_id"] == "S1"]
    await page.get_by_role("button", name="删除这张照片").click()
    await expect(page.locator(".shots img")).to_have_count(0)
    assert await page.evaluate(COUNT_KEPT) == 0
    await page.wait_for_load_state("networkidle")
    assert await listed(site.desk, held["id"]) == []


async def test_who_may_not_go_alone_names_who_comes_along(site: Workbench) -> None:
    site.watch.tolerated.append(REFUSED)
    alone: dict[str, Any] = {"channel": "on_site", "never_alone": ["salesperson"], "questionnaire": "gas-repair"}
    await site.desk.served.deliver(released("S3", customer="S3", **alone))
    page = await on_phone(site)
    await page.locator("#queue-rows li", has_text="张三").get_by_role("button").click()
    await expect(page.get_by_text("领取时请填写同行人员")).to_be_visible()
    await page.get_by_label("同行人员的工号或姓名").fill("1002")
    assert await faults_of(page) == []
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="已到达，开始回访")).to_be_visible()
    [held] = [visit for visit in await visits(site) if visit["task_id"] == "S3"]
    assert held["companion"] == "1002"


async def test_a_day_without_visits_says_what_comes_next(
    browser: Browser, service_dsn: Callable[[str], Awaitable[str]], clock: ManualClock
) -> None:
    async with opened(browser, await service_dsn("visits"), clock) as world:
        page = await on_phone(world)
        await expect(page.get_by_text("今天没有上门的约定")).to_be_visible()
        assert await faults_of(page) == []
        assert not await is_too_wide(page)
