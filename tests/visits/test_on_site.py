"""Visits on site: appointed, set out for, confirmed, moved, arrived at; held for as long as a way and a cellar take."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from services.visits.domain.claiming import Circumstances, Claimant, reasons_against
from services.visits.domain.visit import State
from tests.visits.conftest import HAPPY, Desk, cancelled, matter, postponed, released
from tests.visits.domain.builders import open_one
from tests.visits.pictures import signature
from tests.visits.test_attachments import added, listed

SOON = "2026-03-02T11:30:00+08:00"
LATER = "2026-03-03T15:00:00+08:00"


async def act(desk: Desk, visit: Any, what: str, agent: str = "1001", **body: Any) -> httpx.Response:
    async with desk.agent(agent) as client:
        return await client.post(f"/api/v1/visits/{visit}/{what}", json=body or None)


async def appointed(desk: Desk, at: str = SOON, owner: str = "me") -> str:
    """A visit on site that 1001 has agreed a time for."""
    visit = await desk.claimed(channel="on_site")
    answer = await desk.attempt(visit, result="callback_agreed", callback_at=at, callback_owner=owner)
    assert answer.status_code == 201, answer.text
    return str(visit)


async def state(desk: Desk, visit: Any) -> tuple[str, str, bool]:
    told = await desk.visit(visit)
    return told["state"], told["agent"], told["confirmed"]


async def test_who_has_the_appointment_sets_out_before_its_time_and_nobody_else(desk: Desk) -> None:
    visit = await appointed(desk)
    refused = await act(desk, visit, "claim", "1002", companion="")
    assert (refused.status_code, refused.json()["title"]) == (409, "不能领取该单")
    async with desk.agent() as client:
        assert (await client.get(f"/api/v1/visits/{visit}/claimable")).json() == {"claimable": True, "reasons": []}
    assert (await act(desk, visit, "claim", companion="")).status_code == 200
    assert await state(desk, visit) == ("claimed", "1001", False)


async def test_an_appointment_of_the_queues_is_nobodys_before_its_time(desk: Desk) -> None:
    visit = await appointed(desk, owner="queue")
    assert (await act(desk, visit, "claim", companion="")).status_code == 409


async def test_a_callback_by_phone_is_not_brought_forward(desk: Desk) -> None:
    visit = await desk.claimed()
    await desk.attempt(visit, result="callback_agreed", callback_at=SOON, callback_owner="me")
    assert (await act(desk, visit, "claim", companion="")).status_code == 409


async def test_given_back_it_stays_appointed_for_whose_it_is(desk: Desk) -> None:
    visit = await appointed(desk)
    await act(desk, visit, "claim", companion="")
    assert (await act(desk, visit, "release")).json()["state"] == "appointed"
    told = await desk.visit(visit)  # type: ignore[arg-type]
    assert (told["next_at"], told["callback_owner"]) == ("2026-03-02T03:30:00Z", "1001")
    assert (await act(desk, visit, "claim", companion="")).status_code == 200
    desk.clock.advance(timedelta(hours=3))
    assert (await act(desk, visit, "release")).json()["state"] == "open"


async def test_a_postponed_task_takes_the_visit_also_from_who_had_set_out(desk: Desk) -> None:
    visit = await appointed(desk)
    await act(desk, visit, "claim", companion="")
    await desk.served.deliver(postponed("T1"))
    refused = await act(desk, visit, "arrive")
    assert (refused.status_code, refused.json()["title"]) == (409, "该单已推迟，现在不要联系客户")
    assert (await act(desk, visit, "release")).json()["state"] == "postponed"


async def test_the_customer_confirms_and_a_moved_appointment_is_confirmed_anew(desk: Desk) -> None:
    visit = await appointed(desk)
    for agent in ("1001", "1001"):
        told = await act(desk, visit, "confirm-appointment", agent)
        assert (told.status_code, told.json()["confirmed"]) == (200, True)
    assert (await act(desk, visit, "confirm-appointment", "1002")).json()["title"] == "该单已被他人领取"
    await act(desk, visit, "claim", companion="")
    assert await state(desk, visit) == ("claimed", "1001", True)
    moved: dict[str, Any] = {"result": "callback_agreed", "callback_at": LATER, "callback_owner": "me"}
    refused = await desk.attempt(visit, **moved)  # type: ignore[arg-type]
    assert (refused.status_code, refused.json()["detail"]) == (422, "改约须在备注中说明原因")
    assert (await desk.attempt(visit, **moved, note="客户临时出差")).status_code == 201  # type: ignore[arg-type]
    assert await state(desk, visit) == ("appointed", "", False)


async def test_there_is_nothing_to_confirm_without_an_appointment_or_by_phone(desk: Desk) -> None:
    visit = await desk.claimed(channel="on_site")
    assert (await act(desk, visit, "confirm-appointment")).json()["title"] == "还没有与客户约定上门时间"
    by_phone = await desk.claimed("T2", customer="C2")
    for what in ("confirm-appointment", "arrive"):
        assert (await act(desk, by_phone, what)).json()["title"] == "该单不是上门回访"
    assert (await desk.visit(by_phone))["call"]["started_at"] is None


async def test_arriving_is_counted_as_the_contact_and_shows_no_number(desk: Desk) -> None:
    visit = await appointed(desk)
    await act(desk, visit, "claim", companion="")
    desk.clock.advance(timedelta(minutes=85))
    arrived = await act(desk, visit, "arrive")
    assert set(arrived.json()) == {"started_at", "ended_at"}
    desk.clock.advance(timedelta(minutes=20))
    assert (await act(desk, visit, "arrive")).json() == arrived.json()
    await desk.attempt(visit, result="no_answer")  # type: ignore[arg-type]
    [_, tried] = (await desk.visit(visit))["history"]  # type: ignore[arg-type]
    assert (tried["started_at"], tried["callback_kept"]) == (arrived.json()["started_at"], True)


async def test_a_claim_on_site_outlives_a_way_and_a_cellar(desk: Desk) -> None:
    visit = await desk.claimed(channel="on_site")
    by_phone = await desk.claimed("T2", customer="C2")
    desk.clock.advance(timedelta(hours=11))
    assert await desk.served.run_job("return-leases") == 1
    assert [(await desk.visit(one))["state"] for one in (visit, by_phone)] == ["claimed", "open"]
    async with desk.agent() as client:
        saved = await client.put(
            f"/api/v1/visits/{visit}/answers", json={"answers": {}}, headers=await desk.seen(visit)
        )
    assert saved.status_code == 200
    desk.clock.advance(timedelta(hours=11))
    assert await desk.served.run_job("return-leases") == 0
    desk.clock.advance(timedelta(hours=2))
    assert await desk.served.run_job("return-leases") == 1


async def test_a_cancelled_visit_is_not_begun_at_the_door(desk: Desk) -> None:
    visit = await appointed(desk)
    await act(desk, visit, "claim", companion="")
    await desk.served.deliver(cancelled("T1"))
    assert (await act(desk, visit, "arrive")).json()["title"] == "该单已撤销，不要再联系客户"


@pytest.mark.parametrize("companion", ["", "1002"])
async def test_setting_out_alone_is_refused_to_who_may_not(desk: Desk, companion: str) -> None:
    await desk.served.deliver(released("T1", channel="on_site", never_alone=["sales"]))
    async with desk.served.client("supervisor") as boss:
        [visit] = (await boss.get("/api/v1/visits")).json()["items"]
    assert (await act(desk, visit["id"], "claim", companion="1003")).status_code == 200
    await desk.attempt(visit["id"], result="callback_agreed", callback_at=SOON, callback_owner="me")
    answer = await act(desk, visit["id"], "claim", companion=companion)
    assert answer.status_code == (200 if companion else 409), answer.text
    assert (await desk.visit(visit["id"]))["state"] == ("claimed" if companion else "appointed")


def test_the_rules_name_no_state_to_whose_appointment_it_is() -> None:
    visit = replace(open_one(), channel="on_site", state=State.APPOINTED, callback_owner="1001")
    shut = Circumstances(open_now=False)
    assert reasons_against(visit, Claimant("1001"), shut) == []
    assert [reason.rule for reason in reasons_against(visit, Claimant("1002"), shut)] == [
        "state", "callback_owner", "hours",
    ]  # fmt: skip


async def asked(desk: Desk, task: str = "T1", **changes: Any) -> Any:
    """A visit on site that is held, all questions asked but the result not handed in."""
    return await desk.claimed(task, customer=f"C-{task}", channel="on_site", **changes)


async def test_a_completed_visit_carries_the_customers_signature(desk: Desk) -> None:
    visit = await asked(desk)
    done: dict[str, Any] = {"result": "completed", "answers": HAPPY}
    refused = await desk.attempt(visit, **done)
    assert (refused.status_code, refused.json()["type"]) == (422, "urn:huifang:problem:signature-missing")
    assert (await state(desk, visit))[0] == "claimed"
    await added(desk, visit, signature(), "signature", "1001")
    told = await desk.attempt(visit, **done)
    assert (told.status_code, told.json()["state"]) == (201, "completed")
    [kept] = await listed(desk, visit)
    assert (kept["kind"], kept["attempt_id"]) == ("signature", told.json()["attempt_id"])
    [completed] = await desk.served.published("visit.completed")
    assert completed.data["channel"] == "on_site"


async def test_who_does_not_sign_is_named_with_the_reason(desk: Desk) -> None:
    visit = await asked(desk)
    done: dict[str, Any] = {"result": "completed", "answers": HAPPY}
    refused = await desk.attempt(visit, **done, unsigned_reason="右手受伤")
    assert (refused.status_code, refused.json()["detail"]) == (422, "没有签名的，须填写客户姓名")
    assert (await desk.attempt(visit, **done, signer="张三")).status_code == 422
    assert (await desk.attempt(visit, **done, signer="张三", unsigned_reason="右手受伤")).status_code == 201
    [tried] = (await desk.visit(visit))["history"]
    assert (tried["signer"], tried["unsigned_reason"]) == ("张三", "右手受伤")


async def test_a_signature_of_an_earlier_try_does_not_count(desk: Desk) -> None:
    visit = await asked(desk)
    await added(desk, visit, signature(), "signature", "1001")
    await desk.attempt(visit, result="no_answer")
    desk.clock.advance(timedelta(hours=4))
    await desk.served.run_job("bring-back")
    await act(desk, visit, "claim", companion="")
    refused = await desk.attempt(visit, result="completed", answers=HAPPY)
    assert refused.json()["title"] == "还没有客户签名"


async def test_only_a_completed_visit_on_site_is_signed(desk: Desk) -> None:
    visit = await asked(desk)
    assert (await desk.attempt(visit, result="refused", note="不开门")).status_code == 201
    by_phone = await desk.claimed("T2", customer="C2")
    odd = await desk.attempt(by_phone, result="completed", answers=HAPPY, signer="张三", unsigned_reason="电话")
    assert (odd.status_code, odd.json()["title"]) == (422, "通话小结填写有误")
    assert (await desk.attempt(by_phone, result="completed", answers=HAPPY)).status_code == 201


async def test_the_days_stops_are_listed_with_time_and_address(desk: Desk) -> None:
    visit = await appointed(desk)
    place = matter(service_address="滨江区江南大道 100 号")
    await desk.served.deliver(released("T5", customer="C5", channel="on_site", matters=[place]))
    async with desk.agent() as client, desk.agent("1002") as another:
        page = (await client.get("/on-site", headers={"Accept": "text/html"})).text
        other = (await another.get("/on-site/list")).text
    assert "11:30" in page
    assert "滨江区江南大道 100 号" in page
    assert page.index("<h2>今天") < page.index(visit) < page.index("<h2>可领取")
    assert visit not in other
    assert "江南大道" in other


async def test_an_empty_day_says_so(desk: Desk) -> None:
    async with desk.agent() as client:
        assert "今天没有上门的约定" in (await client.get("/on-site/list")).text
