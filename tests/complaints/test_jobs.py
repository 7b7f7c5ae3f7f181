from collections.abc import Awaitable, Callable
from datetime import timedelta

from prometheus_client import REGISTRY

from services.complaints import store
from services.complaints.app import create_app
from services.complaints.domain.case import Case
from services.complaints.settings import ComplaintsSettings
from shared.clock import ManualClock
from shared.testing import Served, event, serve
from tests.complaints.builders import DAY, dissatisfied


def sample(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(name, labels)


async def open_cases(served: Served, count: int = 1) -> None:
    await served.deliver(*(event(dissatisfied(f"V{n}"), key=f"C{n}") for n in range(count)))


async def cases(served: Served) -> list[Case]:
    async with served.runtime.db.read() as session:
        return await store.list_cases(session, store.CaseFilter(), served.runtime.clock.now(), None, 500)


async def test_new_cases_go_to_the_unit_responsible_for_them(served: Served) -> None:
    await open_cases(served, 3)
    assert await served.run_job("assign") == 3
    assert {(case.state, case.responsible_unit) for case in await cases(served)} == {("assigned", "CD")}
    assert len(await served.published("complaint.assigned")) == 3


async def test_cases_without_a_responsible_unit_wait_for_somebody(served: Served) -> None:
    await served.deliver(event(dissatisfied("V1", branch="", matters=[])))
    assert await served.run_job("assign") == 0


async def test_nothing_is_assigned_by_itself_when_the_setting_is_off(
    service_dsn: Callable[[str], Awaitable[str]], clock: ManualClock
) -> None:
    dsn = await service_dsn("complaints")
    async with serve(create_app, ComplaintsSettings, dsn, clock=clock, complaints_auto_assign=False) as served:
        await open_cases(served)
        assert await served.run_job("assign") == 0


async def test_late_cases_are_raised_once_per_step_in_batches(served: Served, clock: ManualClock) -> None:
    await open_cases(served, 250)
    clock.advance(2 * DAY)
    assert await served.run_job("escalate") == 0
    clock.advance(DAY + timedelta(minutes=1))
    assert await served.run_job("escalate") == 250
    assert await served.run_job("escalate") == 0
    clock.advance(DAY)
    assert await served.run_job("escalate") == 250
    assert {case.level for case in await cases(served)} == {2}
    raised = await served.published("complaint.escalated")
    assert len(raised) == 500
    assert {sent.data["reason"] for sent in raised} == {"overdue"}


async def test_a_case_held_by_another_replica_is_skipped_not_waited_for(served: Served, clock: ManualClock) -> None:
    await open_cases(served, 2)
    clock.advance(4 * DAY)
    async with served.runtime.db.work() as other:
        held = await store.lock_late(other.session, clock.now(), 1)
        assert await served.run_job("escalate") == 1
    assert {case.id: case.level for case in await cases(served)}[held[0].id] == 0


async def test_the_gauges_show_cases_by_state_and_grade_and_the_late_ones(served: Served, clock: ManualClock) -> None:
    await open_cases(served, 2)
    clock.advance(4 * DAY)
    await served.run_job("measure")
    await served.run_job("measure")  # measured again, nothing is counted twice
    assert sample("huifang_complaints_cases", state="opened", grade="general") == 2
    assert sample("huifang_complaints_open", branch="CD", level="0") == 2
    assert sample("huifang_complaints_overdue", branch="CD") == 2
    assert sample("huifang_complaints_oldest_age_seconds", grade="general") == 4 * 86400
    assert sample("huifang_complaints_promises_overdue", branch="CD") == 0
    assert sample("huifang_complaints_reworked_open", branch="CD") == 0


async def test_what_becomes_of_cases_is_counted_by_unit(served: Served) -> None:
    what = ("opened", "assigned")
    before = [sample("huifang_complaints_entries_total", what=each, branch="CD") or 0 for each in what]
    await open_cases(served, 3)
    await served.run_job("assign")
    after = [sample("huifang_complaints_entries_total", what=each, branch="CD") for each in what]
    assert after == [number + 3 for number in before]
