"""The demo's own work rules: at its pace the half hour in which a callback is kept is the blink of an eye.

A robot needs a moment of machine time to be handed a callback and to dial, as a person needs some minutes. So long as
business time runs fast, callbacks come to the front earlier and count as kept for longer, by as much as such a moment is.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from deploy.demo.platform import Caller, PlatformRefused

# machine time: the job that brings callbacks back looks twice a second
LEAD_SECONDS, KEPT_SECONDS = 2.0, 2.0
DAY = 86_400
UNITS = {"days": 86_400, "hours": 3600, "minutes": 60, "seconds": 1}
PATH = "/api/v1/work-rules"


def at_pace(rules: dict[str, Any], speed: int) -> dict[str, Any]:
    """The same work rules for a clock that runs `speed` times as fast; a day is the most that they take."""
    callback = dict(rules["callback"])
    for name, seconds in (("lead", LEAD_SECONDS), ("kept_within", KEPT_SECONDS)):
        usual = sum(UNITS[unit] * amount for unit, amount in callback[name].items())
        callback[name] = {"seconds": min(DAY, max(usual, round(seconds * speed)))}
    return rules | {"callback": callback}


@asynccontextmanager
async def hurried(visits: Caller, speed: int) -> AsyncIterator[None]:
    """Play by the demo's rules, and by the usual ones again however the play ends. `visits` acts for somebody who may
    set them."""
    usual: dict[str, Any] = (await visits.get(PATH))["rules"]
    await put_rules(visits, at_pace(usual, speed), f"演示期间业务时间以 {speed} 倍速运行")
    try:
        yield
    finally:
        await put_rules(visits, usual, "演示的一个月已结束，恢复平时的作业规则")


async def put_rules(visits: Caller, rules: dict[str, Any], reason: str) -> None:
    """Let these be the work rules. Raises PlatformRefused."""
    seen = (await visits.call("GET", PATH)).headers["ETag"]
    answer = await visits.call("PUT", PATH, json={"rules": rules, "reason": reason}, headers={"If-Match": seen})
    if answer.status_code != 200:
        raise PlatformRefused(f"PUT {PATH} → {answer.status_code}: {answer.text[:300]}")
