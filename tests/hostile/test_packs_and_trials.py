"""Packs without end, and trials that ask for more time or memory than there is: the scheduler lives on and says why."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from shared.testing.served import Served
from tests.hostile.unharmed import unharmed
from tests.scheduler.builders import contents
from tests.scheduler.conftest import empty
from tests.scheduler.domain.packs.test_check import FILES
from tests.scheduler.domain.packs.test_limits import HUGE
from tests.scheduler.test_policy_life import draft
from tests.scheduler.test_trials import CENTURIES, NOON, WEEKLY, finished, line

__all__ = ["empty"]
PART = 64 << 10  # bytes
GREATEST: dict[str, tuple[dict[str, int], list[str], str]] = {
    "memory": ({"trial_memory_mb": 256}, [line(NOON, note="x" * 500_000 + "😀")] * 150, "内存超过上限（256 MB）"),
    "time": (
        {"trial_cpu_seconds": 2},
        [CENTURIES.replace("C1", f"C{number}") for number in range(40)],
        "计算时间超过上限（2 秒）",
    ),
    "a line": ({}, [line(NOON, note="x" * (1 << 20))], "第 1 行超过 1 MB"),
    "depth": ({}, [line(NOON, note="N").replace('"N"', "[" * 100_000 + "]" * 100_000)], "第 1 行"),
    "digits": ({}, [line(NOON, amount=1).replace("1}", "9" * 400 + "}")], ""),
    "quotes": ({}, ['{"id": "' + '\\"' * 400_000], "第 1 行"),
}


@pytest.mark.parametrize("route", ["/api/v1/packs/plan", "/api/v1/drafts"])
async def test_no_pack_holds_or_fills_the_scheduler(empty: Served, route: str) -> None:
    async with empty.client("policy_owner") as client:
        for name, (files, says) in HUGE.items():
            async with unharmed(empty):
                answer = await client.post(route, json={"name": "test", "files": {**FILES, **files}})
            assert answer.status_code in (413, 422), (name, answer.text[:300])
            assert says in answer.text or answer.status_code == 413, (name, answer.text[:500])


@pytest.mark.parametrize("name", GREATEST)
async def test_no_trial_ends_holds_or_fills_the_scheduler(empty: Served, name: str) -> None:
    limits, lines, says = GREATEST[name]
    own = empty.runtime.service.settings.__dict__
    usual = {limit: own[limit] for limit in limits}
    own.update(limits)
    sent = [f"{each}\n".encode() for each in lines]
    async with unharmed(empty):
        told = await tried(empty, sent)
        assert told["state"] in (("failed",) if says else ("done", "failed"))
        assert says in told["error"]
        own.update(usual)
        sound = await tried(empty, [line(NOON).encode()])
        assert (sound["state"], sound["result"]["facts"]) == ("done", 1)


async def tried(served: Served, sent: list[bytes]) -> dict[str, Any]:
    """How a trial of this file ended, which arrives in parts as from a socket."""

    async def parts() -> AsyncIterator[bytes]:
        for each in sent:
            for start in range(0, len(each), PART):
                yield each[start : start + PART]

    draft_id = await draft(served, contents(WEEKLY))
    async with served.client("policy_owner") as client:
        answer = await client.post("/api/v1/trials/upload", params={"draft_id": draft_id}, content=parts())
    assert answer.status_code == 202, answer.text
    return await finished(served, answer.json())
