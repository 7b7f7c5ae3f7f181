"""The operators' page in a real browser: every service's state, and a dead letter that is looked at, mended and discarded."""

import json

from playwright.async_api import expect

from shared.contracts.registry import wire_type
from shared.ids import new_id
from shared.messaging.broker import Message
from shared.messaging.event import Event, encode
from shared.messaging.kafka import KafkaBroker
from shared.testing import example
from shared.testing.events import NOON
from shared.web.navigation import SITES
from tests.browser.kit import People, crowded, faults_of
from tests.local_platform import Local


async def poison(platform: Local, *customers: str) -> None:
    """Visits gets released tasks that it can't read."""
    broken = example("followup.released") | {"due_at": "never"}
    producer = await KafkaBroker(platform.run["kafka"]).producer()
    for customer in customers:
        told = Event(str(new_id()), "/huifang/scheduler", wire_type("followup.released"), NOON, customer, broken)
        await producer.publish([Message("tasks-v1", customer, *encode(told))])
    await producer.stop()


async def test_an_operator_sees_all_services_and_settles_dead_letters(
    page_as: People, platform: Local, tolerated: list[str]
) -> None:
    tolerated.append("409")
    page = await page_as("ops")
    await page.goto("/gateway/ops")
    services = [site.title for site in SITES.values() if site.is_service]
    for title in services:
        await expect(page.locator(f'[data-panel="{title}"]').locator(".title").get_by_text("✓ 正常")).to_be_visible()
    assert await faults_of(page) == []
    assert await crowded(page) == []

    await poison(platform, "ops-1", "ops-2")
    visits = page.locator('[data-panel="回访作业"]')
    opener = visits.get_by_role("button", name="ValidationError")
    await expect(opener).to_contain_text("2 封")
    await opener.press("Enter")
    letters = page.locator("#letters [data-letter]")
    await expect(letters).to_have_count(2)
    assert await faults_of(page) == []

    first = letters.first
    await first.get_by_role("button", name="丢弃").click()
    await expect(first.get_by_text("请写明丢弃的原因")).to_be_visible()
    await first.get_by_role("button", name="重放").click()
    await expect(first.get_by_text("重放仍未成功")).to_be_visible()
    await first.get_by_label("处理说明").fill("测试数据")
    await first.get_by_role("button", name="丢弃").click()
    await expect(letters).to_have_count(1)

    await letters.first.get_by_text("改好数据再重放").click()
    data = letters.first.get_by_label("更正后的事件数据")
    await data.fill("{")
    await letters.first.get_by_role("button", name="重放").click()
    await expect(letters.first.get_by_text("不是 JSON")).to_be_visible()
    card = {"id": "ops-2", "name": "甲女士", "phone": "13900006002"}
    await data.fill(json.dumps(example("followup.released", task_id=str(new_id()), team="nobody", customer=card)))
    await letters.first.get_by_role("button", name="重放").click()
    await expect(page.locator("#letters").get_by_text("这类死信都处理完了")).to_be_visible()
    await page.get_by_role("button", name="关闭").click()
    await expect(visits.get_by_text("没有待处理的死信")).to_be_visible()
