"""The robot units: rectify the cases assigned to them after a few working hours."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from deploy.demo.platform import Caller, Platform
from shared.auth import Role
from shared.calendar import OFFICIAL

IDLE_SECONDS = 0.4
MEASURES = ("已上门复检并更换配件，向客户致歉", "已电话解释并减免费用，客户表示理解", "已对服务人员进行教育并回访致歉")


@dataclass
class Rectified:
    """How many cases the units resolved so far."""

    resolved: int = 0


async def rectify_all(platform: Platform, seed: int, rectified: Rectified, stopped: Callable[[], bool]) -> None:
    """Resolve first-round cases when their time has come; a raised case waits for a person."""
    clock = platform.clock()
    async with platform.client("complaints", Role.SUPERVISOR) as complaints:
        while not stopped():
            page = await complaints.get("/api/v1/cases", state="assigned", limit=200)
            for case in page["items"]:
                if case["round"] == 1 and _ready(case, seed) <= clock.now():
                    rectified.resolved += await _resolve(complaints, case, seed)
            await clock.sleep(IDLE_SECONDS)


def _ready(case: dict[str, Any], seed: int) -> datetime:
    hours = Random(f"{seed}/{case['id']}").uniform(2, 16)
    return OFFICIAL.add_working_time(datetime.fromisoformat(case["opened_at"]), timedelta(hours=hours))


async def _resolve(complaints: Caller, case: dict[str, Any], seed: int) -> bool:
    measures = Random(f"{seed}/{case['id']}/measures").choice(MEASURES)
    answer = await complaints.post(
        f"/api/v1/cases/{case['id']}/resolve", {"measures": measures}, **{"If-Match": f'"{case["version"]}"'}
    )
    return answer.status_code < 300
