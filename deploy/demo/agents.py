"""The robot agents: claim, call, record; one per seat, through the public visits API."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any

from deploy.demo import outcomes
from deploy.demo.platform import Caller, Platform
from shared.auth import Role
from shared.clock import Clock
from shared.zone import ORG_ZONE

IDLE_SECONDS = 0.1
CLAIM = 5
CALL_BACK = timedelta(hours=20)
SEATS = 9
# people call in office hours only
SHIFT = ((time(9), time(12)), (time(14), time(19)))


@dataclass
class Called:
    """What the agents did so far."""

    attempts: int = 0
    results: Counter[str] = field(default_factory=Counter)
    dissatisfied: int = 0
    refused: list[str] = field(default_factory=list)


async def work_all(platform: Platform, seed: int, called: Called, stopped: Callable[[], bool]) -> None:
    """Let every seat work until the demo is over."""
    async with asyncio.TaskGroup() as seats:
        for seat in range(SEATS):
            seats.create_task(_seat(platform, f"agent-{seat + 1:02d}", seed, called, stopped))


async def _seat(platform: Platform, agent: str, seed: int, called: Called, stopped: Callable[[], bool]) -> None:
    clock = platform.clock()
    async with platform.client("visits", Role.AGENT, agent) as visits:
        while not stopped():
            claimed: list[dict[str, Any]] = []
            if on_shift(clock.now()):
                claimed = (await visits.post("/api/v1/visits/claim", {"limit": CLAIM})).json()["items"]
            idle = not claimed
            while claimed:
                visit = next_of(claimed, clock.now())
                claimed.remove(visit)
                await until_agreed(visit, clock, stopped)
                await _call(visits, visit, seed, called, clock)
            if idle:
                await clock.sleep(IDLE_SECONDS)


def next_of(claimed: Sequence[dict[str, Any]], now: datetime) -> dict[str, Any]:
    """Whoever to call next: at an agreed time that has come, then whom no time was agreed with, then the earliest to come."""

    def turn(visit: dict[str, Any]) -> tuple[int, str]:
        agreed = visit["callback_at"] or ""
        return (1 if not agreed else 0 if datetime.fromisoformat(agreed) <= now else 2, agreed)

    return min(claimed, key=turn)


async def until_agreed(visit: dict[str, Any], clock: Clock, stopped: Callable[[], bool]) -> None:
    """Nobody calls before the time that the customer named."""
    if visit["callback_at"] is None:
        return
    agreed = clock.machine_at(datetime.fromisoformat(visit["callback_at"]))
    while not stopped() and (left := (agreed - clock.machine()).total_seconds()) > 0:
        await clock.sleep(min(left, IDLE_SECONDS))


def on_shift(now: datetime) -> bool:
    local = now.astimezone(ORG_ZONE).time()
    return any(start <= local < end for start, end in SHIFT)


async def _call(visits: Caller, visit: dict[str, Any], seed: int, called: Called, clock: Clock) -> None:
    attempt = visit["attempts"] + 1
    answered = outcomes.call(seed, visit["task_id"], attempt, visit["round"])
    if answered.result == "callback_agreed" and _too_late_to_call_back(visit, clock.now()):
        answered = outcomes.Answered("busy", 0, answered.wrap_up_seconds)
    answers = await _interview(visits, visit, seed, answered) if answered.talked else {}
    answer = await visits.post(
        f"/api/v1/visits/{visit['id']}/attempts",
        _record(answered, answers, clock.now()) | _at_the_door(visit, answered),
        **{"Idempotency-Key": f"demo-{visit['id']}-{attempt}"},
    )
    if answer.status_code >= 400:
        called.refused.append(f"{visit['id']} {answered.result}: {answer.text[:300]}")
        return
    called.attempts += 1
    called.results[answered.result] += 1
    called.dissatisfied += answered.dissatisfied


async def _interview(visits: Caller, visit: dict[str, Any], seed: int, answered: outcomes.Answered) -> dict[str, Any]:
    """Ask what is visible; when an answer opens further questions, save and ask those too, as an agent does."""
    answers: dict[str, Any] = {}
    script, seen = visit["script"], f'"{visit["version"]}"'
    while questions := [question for question in script["questions"] if question["id"] not in answers]:
        for question in questions:
            answers[question["id"]] = outcomes.answer(seed, visit["task_id"], question, answered.dissatisfied)
            if answered.result == "partly":
                return answers
        if not answered.dissatisfied:
            break
        given = {question: value for question, value in answers.items() if value is not None}
        path, headers = f"/api/v1/visits/{visit['id']}/answers", {"If-Match": seen}
        saved = await visits.call("PUT", path, json={"answers": given}, headers=headers)
        script, seen = saved.json(), saved.headers["ETag"]
    return {question: value for question, value in answers.items() if value is not None}


def _too_late_to_call_back(visit: dict[str, Any], now: datetime) -> bool:
    deadline = visit["deadline_at"]
    return deadline is not None and now + CALL_BACK >= datetime.fromisoformat(deadline)


def _at_the_door(visit: dict[str, Any], answered: outcomes.Answered) -> dict[str, Any]:
    """What a visit on site is recorded with beside; nobody of the demo draws a signature."""
    if visit["channel"] != "on_site":
        return {}
    if answered.result == "callback_agreed":
        return {"note": "客户另约时间"}
    name = visit["customer"]["name"] or "客户"
    return {"signer": name, "unsigned_reason": "演示"} if answered.result == "completed" else {}


def _record(answered: outcomes.Answered, answers: dict[str, Any], now: datetime) -> dict[str, Any]:
    record: dict[str, Any] = {
        "result": answered.result,
        "talk_seconds": answered.talk_seconds,
        "wrap_up_seconds": answered.wrap_up_seconds,
        "answers": answers,
        "note": "" if answered.talked else "客户未能完成回访",
    }
    if answered.result == "callback_agreed":
        record["callback_at"] = (now + CALL_BACK).isoformat()
    return record
