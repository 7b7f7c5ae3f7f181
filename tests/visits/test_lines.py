"""Calls through the line's stand-in, spoken to over real HTTP: ringing, answered, busy, dropped, recorded, listened to."""

import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import pytest
from pydantic import ValidationError
from sqlalchemy import text
from standardwebhooks import Webhook

from deploy.standins.line import Exchange, Paces
from deploy.standins.line import create_app as create_line
from services.visits.settings import VisitsSettings
from shared.clock import ManualClock, SystemClock
from shared.embedded.processes import free_port
from tests.hostile.wire import listening
from tests.patience import PATIENCE
from tests.visits.conftest import HAPPY, Desk, open_desk

SECRET = "whsec_" + "c2VjcmV0LW9mLXRoZS1saW5lLW9mLXRlc3Rz"
EVENTS = "/ingress/v1/line/events"
QUICK = Paces(ring=0, answer=0, drop=0)


@dataclass
class Lined:
    """A desk whose calls go through a line."""

    desk: Desk
    exchange: Exchange

    async def post(self, path: str, agent: str = "1001", **options: Any) -> httpx.Response:
        async with self.desk.agent(agent) as client:
            return await client.post(path, **options)

    async def call(self, visit: UUID) -> dict[str, Any]:
        async with self.desk.agent() as client:
            answer = await client.get(f"/api/v1/visits/{visit}/line-call")
        assert answer.status_code == 200, answer.text
        return answer.json()  # type: ignore[no-any-return]

    async def until(self, visit: UUID, stage: str) -> dict[str, Any]:
        give_up = time.monotonic() + PATIENCE
        while (call := await self.call(visit))["stage"] != stage:
            assert time.monotonic() < give_up, f"the call never came to {stage}: {call}"
            await SystemClock().sleep(0.02)
        return call


@pytest.fixture
async def lined(service_dsn: Callable[[str], Awaitable[str]], clock: ManualClock) -> AsyncIterator[Lined]:
    exchange = Exchange("", SECRET, "", QUICK)
    async with listening(create_line(exchange, "key-of-the-line")) as port:
        exchange.own = url = f"http://127.0.0.1:{port}"
        settings = {"cti": "http", "cti_url": url, "cti_key": "key-of-the-line", "cti_webhook_secret": SECRET}
        async with (
            open_desk(await service_dsn("visits"), clock, **settings) as desk,
            listening(desk.served.app) as own_port,
        ):
            exchange.callback = f"http://127.0.0.1:{own_port}{EVENTS}"
            await desk.publish("gas-service")
            yield Lined(desk, exchange)
            await exchange.stop()


async def test_a_call_rings_is_answered_hung_up_and_kept_with_its_attempt(lined: Lined) -> None:
    visit = await lined.desk.claimed("T1")
    placed = await lined.post(f"/api/v1/visits/{visit}/line-calls")
    assert (placed.status_code, placed.json()["stage"]) == (200, "placed"), placed.text
    assert "13800138000" not in placed.text
    await lined.until(visit, "talking")
    assert (await lined.post(f"/api/v1/visits/{visit}/line-calls/hang-up")).status_code == 200
    assert (await lined.until(visit, "ended"))["likely_result"] is None
    [talk] = lined.exchange.talks.values()
    assert (talk.number, talk.agent) == ("+8613800138000", "1001")

    attempt = (await lined.desk.attempt(visit, result="completed", answers=HAPPY)).json()["attempt_id"]
    where = f"/api/v1/visits/{visit}/attempts/{attempt}/recording"
    assert (await lined.post(where)).status_code == 403
    async with lined.desk.served.client("supervisor") as boss:
        heard = await boss.post(where)
        nothing = await boss.post(f"/api/v1/visits/{visit}/attempts/{visit}/recording")
    assert heard.json()["url"].endswith(f"/recordings/{talk.id}.wav")
    assert (nothing.status_code, nothing.json()["title"]) == (404, "这次联系没有录音")
    async with lined.desk.served.runtime.db.read() as session:
        actions = list((await session.execute(text("SELECT action FROM audit_log ORDER BY at, id"))).scalars())
    assert [action for action in actions if action in ("phone.revealed", "recording.opened")] == [
        "phone.revealed",
        "recording.opened",
    ]


@pytest.mark.parametrize("fate", ["busy", "no_answer", "powered_off", "invalid_number"])
async def test_what_the_line_met_is_the_result_that_is_offered(lined: Lined, fate: Any) -> None:
    lined.exchange.fate = fate
    visit = await lined.desk.claimed("T1")
    await lined.post(f"/api/v1/visits/{visit}/line-calls")
    assert (await lined.until(visit, "ended"))["likely_result"] == fate


async def test_a_call_that_drops_ends_by_itself(lined: Lined) -> None:
    lined.exchange.fate = "drops"
    visit = await lined.desk.claimed("T1")
    await lined.post(f"/api/v1/visits/{visit}/line-calls")
    assert (await lined.until(visit, "ended"))["answered_at"] is not None


async def test_asking_again_while_a_call_goes_on_dials_once(lined: Lined) -> None:
    visit = await lined.desk.claimed("T1")
    calls = {(await lined.post(f"/api/v1/visits/{visit}/line-calls")).json()["id"] for _ in range(3)}
    assert len(calls) == len(lined.exchange.talks) == 1


async def test_only_who_holds_the_visit_calls(lined: Lined) -> None:
    visit = await lined.desk.claimed("T1")
    assert (await lined.post(f"/api/v1/visits/{visit}/line-calls", "1002")).status_code == 409
    assert lined.exchange.talks == {}


async def test_a_line_that_does_not_answer_is_told_and_the_next_try_is_a_call_of_its_own(lined: Lined) -> None:
    visit = await lined.desk.claimed("T1")
    settings: Any = lined.desk.served.runtime.settings
    url, settings.cti_url = settings.cti_url, f"http://127.0.0.1:{free_port()}"
    refused = await lined.post(f"/api/v1/visits/{visit}/line-calls")
    assert (refused.status_code, refused.json()["title"]) == (409, "话务线路没有接受这次拨打")
    settings.cti_url = url
    assert (await lined.post(f"/api/v1/visits/{visit}/line-calls")).status_code == 200
    await lined.until(visit, "talking")


async def test_events_that_the_line_did_not_sign_change_nothing(lined: Lined) -> None:
    visit = await lined.desk.claimed("T1")
    call = (await lined.post(f"/api/v1/visits/{visit}/line-calls")).json()
    await lined.until(visit, "talking")
    now = SystemClock().machine()
    body = json.dumps({"call_id": call["id"], "sign": "ended", "at": now.isoformat()})
    forged = Webhook("whsec_" + "b3RoZXItc2VjcmV0LW9mLXNvbWVib2R5").sign("msg_1", now, body)
    headers = {"webhook-id": "msg_1", "webhook-timestamp": str(int(now.timestamp())), "webhook-signature": forged}
    async with lined.desk.served.client(None) as line:
        assert (await line.post(EVENTS, content=body, headers=headers)).status_code == 401
        assert (await line.post(EVENTS, content=body)).status_code == 401
    assert (await lined.call(visit))["stage"] == "talking"


async def test_without_a_line_calls_are_dialled_by_hand(desk: Desk) -> None:
    visit = await desk.claimed("T1")
    async with desk.agent() as client:
        answer = await client.post(f"/api/v1/visits/{visit}/line-calls")
        told = await client.post(EVENTS, json={})
    assert (answer.status_code, answer.json()["detail"]) == (409, "请用本机电话拨打")
    assert told.status_code == 401


def test_a_line_without_address_or_secret_is_no_setting() -> None:
    with pytest.raises(ValidationError, match="HUIFANG_CTI_URL"):
        VisitsSettings(cti="http")
