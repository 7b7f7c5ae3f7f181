"""Where the retry plan says so, who was not reached by phone is sent a code, and may answer while agents go on trying."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from services.visits.settings import VisitsSettings
from shared.clock import ManualClock
from shared.contracts.visits import VisitCompleted, VisitFailed, VisitInvited
from shared.privacy.codes import show_codes
from tests.visits.asked_by_message import SEALER, form, post
from tests.visits.conftest import HAPPY, Desk, cancelled, open_desk


@pytest.fixture
async def desk(service_dsn: Callable[[str], Awaitable[str]], clock: ManualClock) -> AsyncIterator[Desk]:
    async with open_desk(await service_dsn("visits"), clock, visit_invite_after="no_answer, busy") as desk:
        await desk.publish("gas-service", "gas-repair")
        yield desk


async def code_of(desk: Desk) -> str:
    (told,) = await desk.served.published("visit.invited")
    return show_codes(SEALER, told.read(VisitInvited).code)


async def tried(desk: Desk, **changes: Any) -> Any:
    """A visit at which nobody picked up."""
    visit_id = await desk.claimed(**changes)
    answer = await desk.attempt(visit_id, result="no_answer")
    assert answer.status_code == 201, answer.text
    return visit_id


async def again(desk: Desk) -> None:
    """The next try's time has come, and the agent has it."""
    async with desk.served.client("supervisor") as client:
        waiting = (await client.get("/api/v1/visits", params={"state": "waiting"})).json()["items"]
    desk.clock.move_to(datetime.fromisoformat(waiting[0]["next_at"]))
    await desk.served.run_job("bring-back")
    async with desk.agent() as agent:
        assert (await agent.post("/api/v1/visits/claim", json={"limit": 1})).json()["items"]


async def test_who_does_not_answer_the_phone_is_invited_once_and_called_again(desk: Desk) -> None:
    visit_id = await tried(desk)
    assert (await desk.visit(visit_id))["state"] == "waiting"
    await again(desk)
    assert (await desk.attempt(visit_id, result="busy")).status_code == 201
    assert len(await desk.served.published("visit.invited")) == 1


async def test_an_agent_who_has_the_visit_sees_that_the_customer_answered(desk: Desk) -> None:
    visit_id = await tried(desk)
    await again(desk)
    async with desk.agent() as agent:
        assert "自助作答" in (await agent.get(f"/agent/visits/{visit_id}/aside")).text
        seen = await desk.seen(visit_id)
        assert (await post(desk, form(await code_of(desk)))).status_code == 303
        told = (await agent.get(f"/agent/visits/{visit_id}/notices")).json()
        assert (told["type"].rpartition(":")[2], "自助作答" in told["detail"]) == ("answered-by-customer", True)
        saved = await agent.put(f"/api/v1/visits/{visit_id}/answers", json={"answers": {"conduct": "no"}}, headers=seen)
        dialled = await agent.post(f"/api/v1/visits/{visit_id}/dial")
        recorded = await desk.attempt(visit_id, result="completed", answers=HAPPY)
    assert [answer.status_code for answer in (saved, dialled, recorded)] == [409, 409, 409]
    (done,) = await desk.served.published("visit.completed")
    told = done.read(VisitCompleted)
    assert (told.channel, told.agent, told.attempts, told.effective) == ("sms", "", 1, True)
    kept = await desk.visit(visit_id)
    assert (kept["state"], kept["agent"], kept["lease_until"]) == ("completed", "", None)


async def test_the_next_agent_reads_what_the_customer_said_among_the_contacts(desk: Desk) -> None:
    await tried(desk)
    await post(desk, form(await code_of(desk)))
    visit_id = await desk.claimed("T2")
    async with desk.agent() as agent:
        aside = (await agent.get(f"/agent/visits/{visit_id}/aside")).text
    assert "客户自助" in aside
    assert aside.count("4 分") == 1, "the try that reached nobody has no rating"
    assert "无人接听" in aside


async def test_what_an_agent_completes_first_kills_the_code(desk: Desk) -> None:
    visit_id = await tried(desk)
    await again(desk)
    assert (await desk.attempt(visit_id, result="completed", answers=HAPPY)).status_code == 201
    assert (await post(desk, form(await code_of(desk)))).status_code == 422
    assert len(await desk.served.published("visit.completed")) == 1
    assert len(await desk.served.published("visit.invitation_ended")) == 1


async def test_a_code_serves_nobody_while_the_visit_is_about_to_be_cancelled(desk: Desk) -> None:
    await tried(desk)
    await again(desk)
    await desk.served.deliver(cancelled("T1"))
    assert (await post(desk, {"code": await code_of(desk)})).status_code == 422


async def test_after_the_last_try_the_customer_may_still_answer_until_the_code_ends(desk: Desk) -> None:
    visit_id = await tried(desk)
    for _ in range(2):
        await again(desk)
        await desk.attempt(visit_id, result="powered_off")
    assert (await desk.visit(visit_id))["state"] == "invited"
    assert await desk.served.published("visit.failed") == []
    assert (await post(desk, {"code": await code_of(desk)})).status_code == 200
    desk.clock.advance(timedelta(hours=72))
    await desk.served.run_job("lapse-invitations")
    (failed,) = await desk.served.published("visit.failed")
    assert (failed.read(VisitFailed).reason, failed.read(VisitFailed).attempts) == ("unreachable", 3)


async def test_other_results_and_customers_without_a_number_are_not_invited(desk: Desk) -> None:
    visit_id = await desk.claimed()
    await desk.attempt(visit_id, result="powered_off")
    await tried(desk, task_id="T2", customer="C2", questionnaire="")
    assert await desk.served.published("visit.invited") == []


def test_only_results_of_unanswered_calls_can_lead_to_an_invitation() -> None:
    for wrong in ("completed", "refused", "no-such"):
        with pytest.raises(ValidationError, match="nobody answered"):
            VisitsSettings(visit_invite_after=wrong)
