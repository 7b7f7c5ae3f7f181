"""What complaints does when time passes."""

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from services.complaints import commands, store
from services.complaints.domain.case import State
from services.complaints.domain.rules import Rules
from services.complaints.settings import ComplaintsSettings
from services.complaints.store import CaseFilter
from shared.contracts.complaints import Grade
from shared.erasure import Erasure
from shared.jobs import Job
from shared.messaging import Work
from shared.observability.catalogue import BRANCHES, gauge
from shared.official import KeptCalendar
from shared.runtime import Runtime

BATCH = 200
GRADES = get_args(Grade)
CASES = gauge(
    "huifang_complaints_cases", "Complaint cases by state and grade", "投诉数",
    labels={"state": get_args(State), "grade": GRADES},
)  # fmt: skip
OPEN = gauge(
    "huifang_complaints_open", "Complaint cases that are not closed, by responsible unit and level", "未办结投诉数",
    labels={"branch": BRANCHES, "level": 6},
)  # fmt: skip
OVERDUE = gauge(
    "huifang_complaints_overdue", "Complaint cases that are late on the working-time clock, by responsible unit",
    "超时投诉数", labels={"branch": BRANCHES},
)  # fmt: skip
OLDEST = gauge(
    "huifang_complaints_oldest_age_seconds", "Business time since the oldest case that is not closed was opened",
    "最久未办结投诉的时长", "s", labels={"grade": GRADES},
)  # fmt: skip
PROMISES = gauge(
    "huifang_complaints_promises_overdue", "Unclosed cases whose promised reply is past its time, by responsible unit",
    "承诺回复已逾期的投诉数", labels={"branch": BRANCHES},
)  # fmt: skip
REWORKED = gauge(
    "huifang_complaints_reworked_open", "Unclosed cases that were sent back for rework, by responsible unit",
    "返工中的投诉数", labels={"branch": BRANCHES},
)  # fmt: skip


async def rules_of(runtime: Runtime, work: Work) -> Rules:
    calendar: KeptCalendar = runtime.state["calendar"]
    return runtime.settings_as(ComplaintsSettings).rules.on(await calendar.current(work.session))


async def assign_new(runtime: Runtime) -> int:
    if not runtime.settings_as(ComplaintsSettings).complaints_auto_assign:
        return 0
    async with runtime.db.work(background=True, notify=True) as work:
        return await commands.assign_new_cases(work, await rules_of(runtime, work), BATCH)


async def escalate_late(runtime: Runtime) -> int:
    async with runtime.db.work(background=True, notify=True) as work:
        return await commands.escalate_late_cases(work, await rules_of(runtime, work), BATCH)


async def recompute(runtime: Runtime) -> int:
    async with runtime.db.work(background=True) as work:
        return await commands.recompute_provisional_cases(work, await rules_of(runtime, work), BATCH)


async def measure(runtime: Runtime) -> int:
    """Set the gauges; never asks to be run again at once."""
    now = runtime.clock.now()
    async with runtime.db.read() as session:
        counts = await store.count_cases(session, CaseFilter(), now, ["state", "grade"])
        standing = await store.count_standing(session, now)
    CASES.show({(count["state"], count["grade"]): count["cases"] for count in counts})
    OPEN.show(_summed(standing, ("branch", "level"), "cases"))
    OVERDUE.show(_summed(standing, ("branch",), "overdue"))
    PROMISES.show(_summed(standing, ("branch",), "promises"))
    REWORKED.show(_summed(standing, ("branch",), "reworked"))
    for grade in GRADES:
        oldest = min((row["oldest"] for row in standing if row["grade"] == grade), default=now)
        OLDEST.labels(grade).set((now - oldest).total_seconds())
    return 0


async def erase(runtime: Runtime, work: Work, due: Sequence[Erasure]) -> None:
    await commands.erase(work, [one.customer for one in due])


def _summed(rows: Sequence[Mapping[str, Any]], by: Sequence[str], what: str) -> dict[tuple[object, ...], float]:
    total: dict[tuple[object, ...], float] = {}
    for row in rows:
        key = tuple(row[name] for name in by)
        total[key] = total.get(key, 0) + row[what]
    return total


JOBS = (
    Job("assign", 0.5, assign_new),
    Job("escalate", 1.0, escalate_late),
    Job("recompute", 5.0, recompute),
    Job("measure", 15.0, measure),
)
