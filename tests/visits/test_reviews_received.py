"""What agents read of their supervisors' remarks: those on their own visits, and of no colleague's any."""

from datetime import timedelta
from uuid import UUID

import httpx

from tests.visits.conftest import HAPPY, Desk

MARCH = {"first": "2026-03-01", "last": "2026-03-31"}


async def finished(desk: Desk, task: str, agent: str = "1001", customer: str = "C1") -> UUID:
    visit = await desk.claimed(task, agent=agent, customer=customer)
    answer = await desk.attempt(visit, agent=agent, result="completed", answers=HAPPY)
    assert answer.status_code == 201, answer.text
    return visit


async def remarked(desk: Desk, visit: UUID, remark: str) -> None:
    async with desk.served.client("supervisor") as client:
        answer = await client.post(f"/api/v1/visits/{visit}/review", json={"remark": remark})
    assert answer.status_code == 201, answer.text


async def received(desk: Desk, agent: str = "1001", **params: str) -> httpx.Response:
    async with desk.agent(agent) as client:
        return await client.get("/fragments/reviews", params=MARCH | params)


async def test_a_remark_is_read_by_whose_visit_it_is_and_by_nobody_else(desk: Desk) -> None:
    await remarked(desk, await finished(desk, "T1"), "开场白很清楚")
    await remarked(desk, await finished(desk, "T2", "1002", customer="C2"), "请确认本人")
    mine, theirs = (await received(desk)).text, (await received(desk, "1002")).text
    assert "开场白很清楚" in mine
    assert "请确认本人" not in mine
    assert "请确认本人" in theirs
    for shown in ("张三", "key:test-supervisor"):
        assert shown in mine


async def test_the_newest_stands_first_and_only_the_days_asked_for_count(desk: Desk) -> None:
    visit = await finished(desk, "T1")
    await remarked(desk, visit, "第一条")
    desk.clock.advance(timedelta(days=1))
    await remarked(desk, visit, "第二条")
    both = (await received(desk)).text
    assert both.index("第二条") < both.index("第一条")
    first_day = (await received(desk, last="2026-03-02")).text
    assert "第一条" in first_day
    assert "第二条" not in first_day


async def test_the_last_day_counts_to_its_end_in_the_organisations_zone(desk: Desk) -> None:
    visit = await finished(desk, "T1")
    desk.clock.advance(timedelta(hours=13, minutes=30))
    await remarked(desk, visit, "夜里写的")  # at 23:30
    assert "夜里写的" in (await received(desk, first="2026-03-02", last="2026-03-02")).text
    assert "夜里写的" not in (await received(desk, first="2026-03-03", last="2026-03-03")).text


async def test_without_any_it_says_so(desk: Desk) -> None:
    assert "还没有收到复核意见" in (await received(desk)).text


async def test_a_remark_is_text_and_never_run(desk: Desk) -> None:
    await remarked(desk, await finished(desk, "T1"), "<script>alert(1)</script>")
    assert "<script>" not in (await received(desk)).text


async def test_no_more_are_shown_than_fit_and_the_rest_is_counted(desk: Desk) -> None:
    visit = await finished(desk, "T1")
    for number in range(23):
        await remarked(desk, visit, f"意见{number}号")
    shown = (await received(desk)).text
    assert shown.count("<li>") == 20
    assert "另有 3 条" in shown
    assert "意见0号" not in shown


async def test_who_does_no_calls_has_no_such_panel(desk: Desk) -> None:
    async with desk.served.client("auditor") as client:
        assert (await client.get("/fragments/reviews", params=MARCH)).status_code == 403
