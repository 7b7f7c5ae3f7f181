"""「回访资料」: pictures, recordings and stray replies for those who oversee visits; who saw which is in the audit log."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import insert, text

from services.visits.adapters.thumbnails import SIDE, thumbnail_of
from services.visits.models import LineCallRow
from shared.clock import ManualClock
from shared.ids import new_id
from tests.visits.asked_by_message import invited
from tests.visits.conftest import Desk, open_desk
from tests.visits.pictures import photo, read, signature
from tests.visits.test_attachments import added, kept_files
from tests.visits.test_digit_replies import ASK, invitation_of, replied, stray

CALLS = LineCallRow.__table__  # type: ignore[attr-defined]


@pytest.fixture
async def asking(
    service_dsn: Callable[[str], Awaitable[str]], clock: ManualClock, tmp_path: Path
) -> AsyncIterator[Desk]:
    async with open_desk(await service_dsn("visits"), clock, files=str(tmp_path / "files")) as desk:
        async with desk.served.client("policy_owner") as author:
            await author.post(
                "/api/v1/questionnaires", content=ASK.encode(), headers={"Content-Type": "application/yaml"}
            )
        yield desk


async def shown(desk: Desk, part: str, role: str = "supervisor", **query: Any) -> str:
    async with desk.agent("boss", role, **query.pop("claims", {})) as client:
        answer = await client.get(f"/materials{part}", params=query, headers={"Accept": "text/html"})
    assert answer.status_code == 200, answer.text
    return answer.text


async def audited(desk: Desk, action: str) -> list[tuple[str, str, Any]]:
    async with desk.served.runtime.db.read() as session:
        found = await session.execute(
            text("SELECT principal, object, detail FROM audit_log WHERE action = :action"), {"action": action}
        )
        return [tuple(row) for row in found]


async def visited(desk: Desk, task: str = "T1", **changes: Any) -> tuple[UUID, str, str]:
    """A visit on site with a photograph and a signature, handed in."""
    visit = await desk.claimed(task, channel="on_site", questionnaire="ask", **changes)
    one = await added(desk, visit, photo())
    other = await added(desk, visit, signature(), "signature")
    done = await desk.attempt(visit, result="completed", answers={"satisfaction": "satisfied"})
    assert done.status_code == 201, done.text
    return visit, one["id"], other["id"]


async def test_a_thumbnail_is_small_and_drawn_of_either_kind() -> None:
    for content in (photo(1600, 1200), signature()):
        drawn = read(await thumbnail_of(content))
        assert (drawn.format, max(drawn.size)) == ("JPEG", SIDE)


async def test_pictures_are_shown_small_and_whoever_saw_them_is_in_the_audit_log(asking: Desk) -> None:
    visit, one, other = await visited(asking)
    page = await shown(asking, "/pictures")
    for word in ("照片", "客户签名", "张三", "1001", f"/api/v1/visits/{visit}/attachments/{one}"):
        assert word in page
    assert page.count("data:image/jpeg;base64,") == 2
    [(who, _, detail)] = await audited(asking, "attachment.previewed")
    assert (who, sorted(detail["attachments"]), detail["visits"]) == ("boss", sorted([one, other]), [str(visit)])


async def test_what_was_not_handed_in_is_not_shown_and_nobody_is_said_to_have_seen_it(asking: Desk) -> None:
    visit = await asking.claimed(channel="on_site", questionnaire="ask")
    await added(asking, visit, photo())
    assert "这段时间没有照片和签名" in await shown(asking, "/pictures")
    assert await audited(asking, "attachment.previewed") == []


async def test_pictures_are_found_by_day_agent_and_customer(asking: Desk) -> None:
    _, one, _ = await visited(asking)
    for query in ({"agent": "1001"}, {"customer": "C1"}, {"from": "2026-03-02", "to": "2026-03-02"}):
        assert one in await shown(asking, "/pictures", **query), query
    for query in (
        {"agent": "1002"},
        {"customer": "C2"},
        {"from": "2026-03-03", "to": "2026-03-09"},
        {"to": "2026-03-01"},
    ):
        assert one not in await shown(asking, "/pictures", **query), query


async def test_a_picture_whose_file_is_gone_costs_one_tile(asking: Desk) -> None:
    await visited(asking)
    kept_files(asking)[0].unlink()
    page = await shown(asking, "/pictures")
    assert (page.count("暂时打不开"), page.count("data:image/jpeg;base64,")) == (1, 1)


async def test_many_pictures_come_in_portions(asking: Desk) -> None:
    visit = await asking.claimed(channel="on_site", questionnaire="ask")
    sent = [(await added(asking, visit, photo(colour=(n, n, n))))["id"] for n in range(14)]
    await asking.attempt(visit, result="no_answer")
    first = await shown(asking, "/pictures")
    assert [one for one in sent if one in first] == sent[2:]
    older = first.split("/materials/pictures?")[1].split('"')[0]
    second = await shown(asking, "/pictures", **dict(httpx.QueryParams(older.replace("&amp;", "&"))))
    assert [one for one in sent if one in second] == sent[:2]


async def recording(desk: Desk, visit: UUID, address: str) -> None:
    """The line has told of a call about a visit that 1001 holds."""
    row = {"id": new_id(), "visit_id": visit, "agent": "1001", "phone_masked": "", "placed_at": desk.clock.now()}
    async with desk.served.runtime.db.work() as work:
        await work.session.execute(insert(CALLS).values(**row, cause="hung_up", recording=address))


async def recorded(desk: Desk, task: str, address: str, **changes: Any) -> tuple[UUID, str]:
    visit = await desk.claimed(task, questionnaire="ask", **changes)
    await recording(desk, visit, address)
    answer = await desk.attempt(visit, result="completed", answers={"satisfaction": "satisfied"}, talk_seconds=95)
    return visit, answer.json()["attempt_id"]


async def test_recordings_are_listed_with_their_calls_and_never_with_their_address(asking: Desk) -> None:
    visit, attempt = await recorded(asking, "T1", "https://line.example/r/1")
    page = await shown(asking, "/recordings")
    for word in (f"/api/v1/visits/{visit}/attempts/{attempt}/recording", "张三", "1001", "1:35", "完成"):
        assert word in page
    assert "line.example" not in page
    assert "这段时间没有录音" in await shown(asking, "/recordings", agent="1002")


async def test_a_call_that_was_not_recorded_is_not_listed(asking: Desk) -> None:
    await recorded(asking, "T1", "")
    assert "这段时间没有录音" in await shown(asking, "/recordings")


async def test_a_stray_reply_says_what_it_would_mean_in_each_visit_it_may_be_about(asking: Desk) -> None:
    first, _ = await invited(asking, "T1", questionnaire="ask")
    second, _ = await invited(asking, "T2", questionnaire="ask")
    await asking.served.deliver(replied(3, await invitation_of(asking, "T2"), await invitation_of(asking, "T1")))
    page = await shown(asking, "/replies")
    assert page.count("的回答：不满意") == 2
    for word in ("138****8000", str(first), str(second), "这个号码有几张单都可以作答"):
        assert word in page
    assert '<b class="pill warn">1</b>' in await shown(asking, "")


async def test_an_auditor_sees_replies_and_decides_nothing(asking: Desk) -> None:
    await invited(asking, "T1", questionnaire="ask")
    await invited(asking, "T2", questionnaire="ask")
    await asking.served.deliver(replied(1, await invitation_of(asking, "T2"), await invitation_of(asking, "T1")))
    page = await shown(asking, "/replies", role="auditor")
    assert "138****8000" in page
    assert "<form" not in page


async def settle(desk: Desk, **body: Any) -> httpx.Response:
    [waiting] = await stray(desk)
    async with desk.served.client("supervisor") as client:
        return await client.post(f"/api/v1/stray-replies/{waiting['id']}/settle", json=body)


async def test_a_reply_taken_for_a_refusal_ends_the_visits_that_nobody_holds(asking: Desk) -> None:
    first, _ = await invited(asking, "T1", questionnaire="ask")
    second, _ = await invited(asking, "T2", questionnaire="ask")
    await asking.served.deliver(replied(9, await invitation_of(asking, "T2"), await invitation_of(asking, "T1")))
    answer = await settle(asking, refuses=True, remark="回复 9 表示不愿回访")
    assert (answer.status_code, answer.json()["refused"]) == (200, True), answer.text
    assert {(await asking.visit(one))["state"] for one in (first, second)} == {"failed"}
    told = await asking.served.published("visit.failed")
    assert [one.data["reason"] for one in told] == ["refused", "refused"]
    assert len(await asking.served.published("visit.invitation_ended")) == 2
    page = await shown(asking, "/replies", settled="1")
    assert "客户拒访" in page
    assert "回复 9 表示不愿回访" in page
    [(_, _, detail)] = await audited(asking, "stray_reply.settled")
    assert detail["refused"] is True


async def test_a_refusal_leaves_a_visit_alone_that_an_agent_holds(asking: Desk) -> None:
    first, _ = await invited(asking, "T1", questionnaire="ask")
    await invited(asking, "T2", questionnaire="ask")
    await asking.served.deliver(replied(9, await invitation_of(asking, "T2"), await invitation_of(asking, "T1")))
    async with asking.served.runtime.db.work() as work:
        await work.session.execute(
            text(
                "UPDATE visit SET state = 'claimed', agent = '1001', lease_until = now() + interval '1 day' WHERE id = :id"
            ),
            {"id": first},
        )
    assert (await settle(asking, refuses=True)).status_code == 200
    assert (await asking.visit(first))["state"] == "claimed"


async def test_a_reply_is_not_an_answer_and_a_refusal_at_once(asking: Desk) -> None:
    first, _ = await invited(asking, "T1", questionnaire="ask")
    await invited(asking, "T2", questionnaire="ask")
    await asking.served.deliver(replied(1, await invitation_of(asking, "T2"), await invitation_of(asking, "T1")))
    assert (await settle(asking, refuses=True, visit_id=str(first))).status_code == 422


@pytest.mark.parametrize("part", ["", "/pictures", "/recordings", "/replies"])
async def test_agents_do_not_get_the_page(asking: Desk, part: str) -> None:
    async with asking.agent() as client:
        assert (await client.get(f"/materials{part}")).status_code == 403


async def test_a_supervisor_of_a_branch_sees_what_came_with_its_visits(asking: Desk) -> None:
    _, ours, _ = await visited(asking, "T1")
    _, theirs, _ = await visited(asking, "T2", customer="C2", branch="B2", team="other")
    page = await shown(asking, "/pictures", claims={"units": ("B1",)})
    assert ours in page
    assert theirs not in page


async def test_nothing_of_a_practice_call_is_shown(asking: Desk) -> None:
    async with asking.agent() as client:
        visit = (await client.post("/api/v1/practice")).json()["id"]
    await recording(asking, visit, "https://line.example/r/1")
    assert (await asking.attempt(visit, result="no_answer")).status_code == 201
    assert "这段时间没有录音" in await shown(asking, "/recordings")
