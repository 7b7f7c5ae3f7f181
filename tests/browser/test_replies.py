"""Replies that people decide about, on the whole platform: what is settled on a page of visits is in force in notifications."""

import asyncio
from typing import Any

import httpx
import stamina
from playwright.async_api import Page, expect

from shared.contracts.registry import wire_type
from shared.ids import new_id
from shared.messaging.broker import Message
from shared.messaging.event import Event, encode
from shared.messaging.kafka import KafkaBroker
from shared.testing import example
from shared.testing.events import NOON
from tests.browser.kit import SECONDS, People, faults_of, heights
from tests.browser.test_agent_front_door import arrived, found, repair
from tests.local_platform import Local


async def opt_outs(platform: Local, **wanted: str) -> list[dict[str, Any]]:
    """Those in force."""
    address = platform.run["services"]["notifications"]
    key = {"Authorization": f"Bearer {platform.run['keys']['auditor']}"}
    async with httpx.AsyncClient(base_url=address, headers=key, timeout=SECONDS) as client:
        answer = await client.get("/api/v1/opt-outs", params=wanted)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def digit_from(platform: Local, customer: str, *visits: str) -> None:
    """Visits hears of a digit from a customer, who was asked about these visits, if at all."""
    asked = [{"send_id": str(new_id()), "cause_id": visit, "sent_at": NOON.isoformat()} for visit in visits]
    told = example("notification.replied", customer_id=customer, answers=asked)
    producer = await KafkaBroker(platform.run["kafka"]).producer()
    event = Event(str(new_id()), "/huifang/notifications", wire_type("notification.replied"), NOON, customer, told)
    await producer.publish([Message("notifications-v1", customer, *encode(event))])
    await producer.stop()


async def text_from(platform: Local, phone: str, content: str) -> None:
    """The provider brings notifications what somebody wrote."""
    token = (platform.var / "sms-callback.token").read_text().strip()
    address = f"{platform.run['services']['notifications']}/ingress/v1/sms/aliyun/{token}/replies"
    row = {
        "phone_number": phone,
        "content": content,
        "send_time": "2026-03-02 10:01:00",
        "sequence_id": new_id().int % 10**9,
    }
    async with httpx.AsyncClient(timeout=SECONDS) as client:
        answer = await client.post(address, json=[row])
    assert answer.status_code == 200, answer.text


async def test_a_reply_taken_for_a_refusal_ends_messages_to_the_customer_too(page_as: People, platform: Local) -> None:
    customer = f"reply-{new_id()}"
    await digit_from(platform, customer)
    page = await page_as("supervisor")
    waiting = page.locator(f"form[data-customer='{customer}']")
    await page.goto("/visits/materials?show=replies")
    while not await waiting.count():  # until visits has heard of it
        await page.wait_for_timeout(500)
        await page.reload()
        await expect(page.locator("#list .loading")).to_have_count(0)
    await waiting.get_by_label("客户拒访").check()
    await expect(waiting.get_by_label("同时登记：不再向该客户发短信")).to_be_checked()
    await waiting.get_by_label("备注").fill("来电说不要再发")
    await waiting.get_by_role("button", name="处理").click()
    await expect(waiting).to_have_count(0)
    kept = await opt_outs(platform, customer_id=customer)
    assert [(one["channel"], one["scope"], one["note"]) for one in kept] == [("sms", "all", "来电说不要再发")]


async def overseer(page_as: People, platform: Local, unit: str) -> Page:
    """Somebody who supervises this unit alone, by a key of their own."""
    body = {"owner": f"overseer-{unit.lower()}-{new_id().hex[-6:]}", "roles": ["supervisor"], "units": [unit]}
    headers = {"Authorization": f"Bearer {platform.run['keys']['admin']}"}
    async with httpx.AsyncClient(base_url=platform.run["services"]["gateway"], timeout=SECONDS) as gateway:
        issued = await gateway.post("/api/v1/keys", json=body, headers=headers)
    assert issued.status_code == 201, issued.text
    return await let_in(page_as, issued.json()["key"])


@stamina.retry(on=AssertionError, timeout=2 * SECONDS, wait_initial=1, wait_max=2, attempts=None)
async def let_in(page_as: People, key: str) -> Page:
    """Signed in with a new key, of which a process hears a few seconds later."""
    return await page_as(key=key)


async def look_at_replies(page: Page) -> None:
    """Open the replies that wait, and be let in: visits hears of new keys, too."""
    async with asyncio.timeout(2 * SECONDS):
        await page.goto("/visits/materials?show=replies")
        while not await page.locator("#list").count():
            await page.wait_for_timeout(500)
            await page.goto("/visits/materials?show=replies")
    await expect(page.locator("#list .loading")).to_have_count(0)


async def test_a_supervisor_of_a_branch_settles_its_replies_and_no_others_are_seen(
    page_as: People, platform: Local
) -> None:
    page_as.watch.tolerated += ["status of 40[14]", "Response Status Error Code 401"]  # before a service has heard
    customer = f"branch-{new_id().hex[-6:]}"
    await arrived(platform, repair(customer, "柳女士", f"WX-{customer}"))  # of the branch CB
    [visit] = await found(platform, "visits", "/api/v1/visits", 1, customer_id=customer)
    await digit_from(platform, customer, visit["id"])
    ours, theirs = await overseer(page_as, platform, "CB"), await overseer(page_as, platform, "CN")
    form, foreign = (page.locator(f"form[data-customer='{customer}']") for page in (ours, theirs))
    await look_at_replies(ours)
    while not await form.count():  # until visits has heard of it
        await ours.wait_for_timeout(500)
        await look_at_replies(ours)
    await look_at_replies(theirs)
    await expect(foreign).to_have_count(0)

    await form.get_by_label("客户拒访").check()
    await form.get_by_label("备注").fill("来电说不要再联系")
    while True:  # until notifications has heard of the customer
        async with ours.expect_response("**/api/v1/opt-outs") as answered:
            await form.get_by_role("button", name="处理").click()
        if (await answered.value).ok:
            break
        await expect(form.get_by_role("alert")).to_contain_text("没有登记不再发短信")
        await ours.wait_for_timeout(500)
    await expect(form).to_have_count(0)
    kept = await opt_outs(platform, customer_id=customer)
    assert [(one["channel"], one["note"]) for one in kept] == [("sms", "来电说不要再联系")]
    [ended] = await found(platform, "visits", "/api/v1/visits", 1, customer_id=customer)
    assert (ended["state"], ended["ended"]) == ("failed", "refused")


async def test_a_reply_that_may_be_an_opt_out_is_decided_where_replies_are_settled(
    page_as: People, platform: Local
) -> None:
    digits = f"{new_id().int % 10**7:07}"
    phone = f"1390{digits}"
    await text_from(platform, phone, "你们别太过分")
    page = await page_as("supervisor")
    await page.goto("/visits/materials")
    tab = page.get_by_role("link", name="疑似退订")
    await expect(tab.locator(".pill")).to_be_visible()
    await tab.click()
    one = page.locator(".replies > li", has_text=phone[-4:])
    await expect(one).to_contain_text("你们别太过分")
    assert await faults_of(page) == []
    assert len(await heights(page)) == 1

    await one.get_by_role("button", name="判定").click()
    await expect(one.get_by_role("alert")).to_have_text("请先选一项。")
    await one.get_by_label("是退订：不再发推广").check()
    await one.get_by_label("备注").fill("已致电核实")
    await page.keyboard.press("Enter")
    await expect(one).to_have_count(0)
    kept = [each for each in await opt_outs(platform, limit="200") if each["phone_masked"].endswith(phone[-4:])]
    assert [(each["channel"], each["scope"]) for each in kept] == [("sms", "*")]

    await page.get_by_label("处理状态").select_option("1")
    await page.get_by_role("button", name="查询").click()
    await expect(one).to_contain_text("已致电核实")
    await expect(one).to_contain_text("退订")
