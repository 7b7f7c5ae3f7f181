"""What complaints does when time passes."""

from typing import cast

from prometheus_client import Gauge

from services.complaints import commands, store
from services.complaints.domain.rules import Rules
from services.complaints.settings import ComplaintsSettings
from services.complaints.store import CaseFilter
from shared.jobs import Job
from shared.messaging import Work
from shared.official import KeptCalendar
from shared.service import Runtime

BATCH = 200
CASES = Gauge("huifang_complaints_cases", "Complaint cases by state and grade", ["state", "grade"])
OVERDUE = Gauge("huifang_complaints_overdue", "Complaint cases that are late on the working-time clock")


def settings_of(runtime: Runtime) -> ComplaintsSettings:
    return cast(ComplaintsSettings, runtime.settings)


async def rules_of(runtime: Runtime, work: Work) -> Rules:
    calendar: KeptCalendar = runtime.state["calendar"]
    return settings_of(runtime).rules.on(await calendar.current(work.session))


async def assign_new(runtime: Runtime) -> int:
    if not settings_of(runtime).complaints_auto_assign:
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
    async with runtime.db.read() as session:
        counts = await store.count_cases(session, CaseFilter(), runtime.clock.now(), ["state", "grade"])
    CASES.clear()
    for count in counts:
        CASES.labels(count["state"], count["grade"]).set(count["cases"])
    OVERDUE.set(sum(count["overdue"] for count in counts))
    return 0


JOBS = (
    Job("assign", 0.5, assign_new),
    Job("escalate", 1.0, escalate_late),
    Job("recompute", 5.0, recompute),
    Job("measure", 15.0, measure),
)
