"""Nobody is handed work outside their shift; it is explained, supervisors see it, and its end gives back what was not begun."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.visits.domain.shifts import is_on
from shared.messaging import Event
from shared.testing.events import event, example
from tests.visits.conftest import HAPPY, Desk, released
from tests.visits.domain.builders import at


def shift_of(frames: str, agent: str = "1001", version: int = 1) -> Event:
    told = example("person.changed", person_id=agent, shift=frames, version=version, sessions_void_before=None)
    return event("person.changed", told, key=agent)


@pytest.mark.parametrize(
    ("shift", "moment", "on"),
    [
        ("", "03:00", True),
        ("08:30-12:00,14:00-18:00", "08:30", True),
        ("08:30-12:00,14:00-18:00", "12:00", False),
        ("08:30-12:00,14:00-18:00", "17:59", True),
        ("22:00-06:00", "23:30", True),
        ("22:00-06:00", "05:59", True),
        ("22:00-06:00", "06:00", False),
    ],
)
def test_a_shift_is_its_frames_in_local_time(shift: str, moment: str, on: bool) -> None:
    assert is_on(shift, at(f"2026-03-02T{moment}")) is on


async def asked(desk: Desk, agent: str = "1001", **person: Any) -> tuple[int, dict[str, Any]]:
    async with desk.agent(agent, **person) as client:
        answer = await client.post("/api/v1/visits/claim", json={"limit": 20})
    return answer.status_code, answer.json()


async def test_nobody_is_handed_work_outside_their_shift_and_is_told_why(desk: Desk) -> None:
    await desk.served.deliver(released("T1"), shift_of("14:00-18:00"))
    status, told = await asked(desk)
    assert (status, told["type"]) == (409, "urn:huifang:problem:agent-off-shift")
    assert "14:00-18:00" in told["detail"]
    async with desk.served.client("supervisor") as supervisor:
        [visit] = (await supervisor.get("/api/v1/visits")).json()["items"]
    path = f"/api/v1/visits/{visit['id']}"
    async with desk.agent() as agent:
        why = (await agent.get(f"{path}/claimable")).json()["reasons"]
        assert (await agent.post(f"{path}/claim", json={})).status_code == 409
    assert [reason["rule"] for reason in why] == ["shift"]
    desk.clock.move_to(at("2026-03-02T14:00"))
    assert (await asked(desk))[0] == 200


async def test_a_shift_is_what_was_told_last_and_others_have_none(desk: Desk) -> None:
    await desk.served.deliver(released("T1"), shift_of("08:00-18:00", version=3))
    await desk.served.deliver(shift_of("20:00-21:00", version=2))
    assert (await asked(desk))[0] == 200
    await desk.served.deliver(released("T2", customer="C2"), shift_of("", version=4), shift_of("20:00-21:00", "1002"))
    assert (await asked(desk, "1003"))[1]["items"]


async def test_supervisors_see_shifts_beside_who_is_there(desk: Desk) -> None:
    await desk.served.deliver(shift_of("14:00-18:00"))
    async with desk.agent(units=("B1",)) as agent:
        mine = (await agent.post("/api/v1/presence", json={"state": "ready"})).json()
        assert (await agent.get("/api/v1/presence/mine")).json() == mine
    assert (mine["shift"], mine["on_shift"]) == ("14:00-18:00", False)
    desk.clock.move_to(at("2026-03-02T14:30"))
    async with desk.agent("boss", "supervisor", units=("B1",)) as boss:
        [seen] = (await boss.get("/api/v1/presence")).json()["items"]
    assert (seen["shift"], seen["on_shift"]) == ("14:00-18:00", True)


async def held(desk: Desk, *tasks: str, **changes: Any) -> list[UUID]:
    return [await desk.claimed(task, customer=task, **changes) for task in tasks]


async def test_the_panel_of_who_is_there_says_who_is_outside_their_shift(desk: Desk) -> None:
    async with desk.agent("1001", units=("B1",)) as agent:
        await agent.post("/api/v1/presence", json={"state": "ready"})
    await desk.served.deliver(shift_of("14:00-18:00"))
    async with desk.agent("boss", "supervisor", units=("B1",)) as boss:
        assert (
            '14:00-18:00 <span class="pill plain">– 不在班次内</span>' in (await boss.get("/fragments/presence")).text
        )
        desk.clock.move_to(at("2026-03-02T14:00"))
        assert "不在班次内" not in (await boss.get("/fragments/presence")).text


async def test_the_end_of_a_shift_gives_back_what_was_not_begun_and_leaves_calls(desk: Desk) -> None:
    idle, dialled, answered = await held(desk, "idle", "dialled", "answered")
    [others] = await held(desk, "others", agent="1002")
    await desk.served.deliver(shift_of("08:00-18:00"), shift_of("08:00-20:00", "1002"))
    async with desk.agent() as agent:
        assert (await agent.post(f"/api/v1/visits/{dialled}/dial")).status_code == 200
        body = {"answers": {"conduct": "yes"}}
        saved = await agent.put(f"/api/v1/visits/{answered}/answers", json=body, headers=await desk.seen(answered))
        assert saved.status_code == 200, saved.text
    desk.clock.move_to(at("2026-03-02T17:59"))
    assert await desk.served.run_job("end-shifts") == 0
    desk.clock.move_to(at("2026-03-02T18:00"))
    assert await desk.served.run_job("end-shifts") == 1
    states = {one: (await desk.visit(one))["state"] for one in (idle, dialled, answered, others)}
    assert states == {idle: "open", dialled: "claimed", answered: "claimed", others: "claimed"}
    assert (await desk.attempt(dialled, result="completed", answers=HAPPY)).status_code == 201


async def test_who_is_on_the_way_to_a_customer_keeps_the_visit(desk: Desk) -> None:
    [site] = await held(desk, "site", channel="on_site")
    await desk.served.deliver(shift_of("08:00-18:00"))
    desk.clock.move_to(at("2026-03-02T18:30"))
    assert await desk.served.run_job("end-shifts") == 0
    assert (await desk.visit(site))["state"] == "claimed"


async def test_the_own_callback_of_somebody_off_shift_goes_to_everybody(desk: Desk) -> None:
    [visit] = await held(desk, "T1")
    body = {"result": "callback_agreed", "callback_at": "2026-03-02T19:00:00+08:00", "callback_owner": "me"}
    assert (await desk.attempt(visit, **body)).status_code == 201
    await desk.served.deliver(shift_of("08:00-18:00"))
    desk.clock.move_to(at("2026-03-02T19:00") - timedelta(minutes=4))
    for job in ("bring-back", "hand-over"):
        await desk.served.run_job(job)
    status, told = await asked(desk, "1002")
    assert (status, [item["id"] for item in told["items"]]) == (200, [str(visit)])
