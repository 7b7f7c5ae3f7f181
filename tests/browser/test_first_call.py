"""Acceptance: somebody who has never been here signs in and finishes a follow-up with a dissatisfied customer, by what the
pages say alone. `make pictures` takes its pictures on the same way."""

import json

from playwright.async_api import expect

from shared.ids import new_id
from tests.browser.first_call import SAID, first_call
from tests.browser.kit import People
from tests.browser.test_agent_front_door import TEL, arrived, found, repair
from tests.local_platform import Local


async def test_a_newcomer_finishes_a_call_with_a_dissatisfied_customer(
    page_as: People, platform: Local, tolerated: list[str]
) -> None:
    tolerated.append(TEL)
    customer = f"first-{new_id().hex[-6:]}"
    await arrived(platform, repair(customer, "冯女士", f"WX-{customer}"))
    page = await page_as()
    seen: list[str] = []

    async def note(name: str) -> None:
        seen.append(name)

    password = json.loads((platform.var / "people.json").read_text())["agent"]
    await first_call(page, "agent", password, note)
    assert list(dict.fromkeys(seen)) == ["sign-in", "workbench", "opening", "dissatisfied", "wrap-up"]
    await expect(page.get_by_role("heading", name="现在没有可领取的单")).to_be_visible()
    [visit] = await found(platform, "visits", "/api/v1/visits", 1, customer_id=customer)
    assert (visit["state"], visit["outcome"]["rating"]) == ("completed", 2)
    [case] = await found(platform, "complaints", "/api/v1/cases", 1, customer_id=customer)
    assert SAID in case["description"]
