"""An agent's call behind the front door of the whole platform: from the facts that came in to the case that stands."""

import json
import re
from typing import Any

import httpx
import stamina
from playwright.async_api import Page, expect

from shared.ids import new_id
from tests.browser.kit import SECONDS, People, faults_of
from tests.browser.workbench import dialled, press
from tests.local_platform import Local

TEL = "scheme does not have a registered handler|Failed to launch 'tel:"
DISSATISFIED = "1111114"  # the last of the seven questions of the repair call: not satisfied


def repair(customer: str, name: str, number: str) -> dict[str, Any]:
    """A repair that was closed on the Friday before the platform's Monday, so its call is due now."""
    org = {"code": "CB", "name": "城北分公司", "region_code": "510106"}
    return {
        "specversion": "1.0", "id": str(new_id()), "source": "/erp/journey", "type": "repair.closed",
        "time": "2026-02-27T16:05:00+08:00",
        "data": {
            "work_order_no": number, "result": "repaired", "closed_at": "2026-02-27T16:05:00+08:00",
            "is_rework": False, "product": {"category": "燃气灶"}, "fault": {"description": "打不着火"},
            "provider": {"code": "CB", "name": "城北分公司"}, "org": org, "engineer": {"code": "E31", "name": "何师傅"},
            "customer": {"id": customer, "name": name, "level": "B", "phone": "13900006001", "do_not_contact": False},
            "service_address": "梧桐里 3 号",
        },
    }  # fmt: skip


@stamina.retry(on=AssertionError, timeout=2 * SECONDS, wait_initial=0.3, wait_max=1, attempts=None)
async def found(
    platform: Local, service: str, path: str, least: int, role: str = "supervisor", **params: Any
) -> list[dict[str, Any]]:
    """What a list of the service holds, once there are `least` of it."""
    async with httpx.AsyncClient(base_url=platform.run["services"][service], timeout=SECONDS) as client:
        headers = {"Authorization": f"Bearer {platform.run['keys'][role]}"}
        answer = await client.get(path, params=params, headers=headers)
        items: list[dict[str, Any]] = answer.json()["items"]
        assert len(items) >= least, answer.text
        return items


async def arrived(platform: Local, *facts: dict[str, Any]) -> None:
    """Post facts as a source does, and wait until each customer has a visit."""
    content = {"Content-Type": "application/cloudevents-batch+json"}
    headers = {"Authorization": f"Bearer {platform.run['keys']['integrator']}", **content}
    async with httpx.AsyncClient(base_url=platform.run["services"]["gateway"], timeout=SECONDS) as gateway:
        answer = await gateway.post("/api/v1/events", content=json.dumps(facts), headers=headers)
    assert {item["status"] for item in answer.json()["items"]} == {"accepted"}, answer.text
    for fact in facts:
        await found(platform, "visits", "/api/v1/visits", 1, customer_id=fact["data"]["customer"]["id"])


async def signed_in(page: Page, platform: Local, login: str) -> None:
    """Sign in as people do."""
    await page.goto("/visits/agent")
    await page.get_by_label("登录名").fill(login)
    await page.get_by_label("密码", exact=True).fill(json.loads((platform.var / "people.json").read_text())[login])
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="领取下一单 Enter")).to_be_focused()


async def test_a_dissatisfied_call_goes_from_the_fact_to_the_case(
    page_as: People, platform: Local, tolerated: list[str]
) -> None:
    tolerated.append(TEL)
    marked = new_id().hex[-6:]
    people = {f"journey-{marked}-{n}": name for n, name in enumerate(("丁女士", "戴先生"))}
    await arrived(platform, *(repair(each, name, f"WX-{each}") for each, name in people.items()))
    page = await page_as()
    await signed_in(page, platform, "agent")
    await expect(page.locator("#tab-open")).to_contain_text(re.compile("[1-9]"))

    await page.keyboard.press("Enter")
    await expect(page.locator("[data-step=opening]")).to_be_focused()
    cases, messages = page.locator("[data-panel=未结投诉]"), page.locator("[data-panel=已发消息]")
    await expect(cases).to_contain_text("没有未结的投诉")
    await expect(messages.get_by_role("heading", name="已发消息")).to_be_visible()
    await expect(page.locator(".fragment.missing")).to_have_count(0)
    assert await faults_of(page) == []

    [held] = await found(platform, "visits", "/api/v1/visits", 1, state="claimed", agent=await agent_of(page))
    customer = held["customer"]["id"]
    assert people[customer] == held["customer"]["name"]
    assert "13900006001" not in await page.content()
    await page.get_by_role("button", name="显示号码").click()
    await page.get_by_label("查看原因").select_option("verify")
    await page.get_by_role("dialog").get_by_role("button", name="显示号码").click()
    await expect(page.locator(".call .number")).to_contain_text("13900006001")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    revealed = await found(platform, "visits", "/api/v1/audit-log", 1, "auditor", object=held["id"])
    assert "phone.revealed" in [entry["action"] for entry in revealed]

    await dialled(page)
    await page.keyboard.press("1")
    for place, key in enumerate(DISSATISFIED, 2):
        await page.keyboard.press(key)
        await expect(page.locator(".said")).to_have_count(min(place, 7))
    await expect(page.locator("[data-step=reasons]")).to_be_focused()
    await page.keyboard.press("1")
    await page.keyboard.press("Enter")
    await expect(page.locator("[data-field=complaint]")).to_be_focused()
    await page.keyboard.type("换了阀门还是打不着火")
    await expect(page.get_by_text("提交后会自动立案")).to_be_visible()

    await page.get_by_role("button", name="转投诉 F7").click()
    assert await faults_of(page) == []
    await expect(page.get_by_label("投诉内容")).to_have_value(re.compile("不满意.*换了阀门还是打不着火"))
    await page.get_by_label("严重程度").select_option("major")
    await page.get_by_role("button", name="登记投诉").click()
    await expect(page.get_by_text("已登记投诉")).to_be_visible()
    await expect(cases).to_contain_text(re.compile("重大 · (待派发|整改中)"))  # a job assigns it within a minute

    await page.get_by_role("button", name="登记免打扰").click()
    await page.get_by_label("客户的说法").fill("短信太多")
    await page.get_by_role("button", name="登记", exact=True).click()
    await expect(page.get_by_text("不再向" + people[customer] + "发短信")).to_be_visible()

    await page.keyboard.press("Control+Enter")
    await expect(page.locator("#tab-done")).to_contain_text(re.compile("[1-9]"))
    await expect(page.locator("[data-step=opening]")).to_be_focused()  # the other customer's
    await expect(page.locator("#aside h2")).to_contain_text(next(n for c, n in people.items() if c != customer))

    await dialled(page)
    await press(page, "F4", "r")
    await expect(page.locator("[data-field=note]")).to_be_focused()
    await page.keyboard.type("在开会")
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_role("heading", name="现在没有可领取的单")).to_be_visible()

    [case] = await found(platform, "complaints", "/api/v1/cases", 1, customer_id=customer)
    assert (case["grade"], case["origin"]) == ("major", "visit")  # also what the customer answered is in it
    refused = await found(platform, "notifications", "/api/v1/opt-outs", 1, customer_id=customer)
    assert [each["channel"] for each in refused] == ["sms"]
    [visit] = await found(platform, "visits", "/api/v1/visits", 1, customer_id=customer)
    assert (visit["state"], visit["outcome"]["rating"]) == ("completed", 2)


async def agent_of(page: Page) -> str:
    """Who the page's agent is for the services."""
    told: dict[str, Any] = json.loads(await page.locator("#desk-data").inner_text())
    return str(told["agent"])
