"""The operators' page tells how a service does, and what to do about its dead letters."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

import pytest

from services.visits.app import create_app
from services.visits.settings import VisitsSettings
from shared.clock import ManualClock
from shared.deployments import note_deployment
from shared.observability.build import built_version
from shared.testing import Served, event, example, serve


@pytest.fixture
async def served(service_dsn: Callable[[str], Awaitable[str]], clock: ManualClock) -> AsyncIterator[Served]:
    async with serve(create_app, VisitsSettings, await service_dsn("visits"), clock=clock) as served:
        yield served


async def shown(served: Served, path: str, role: str = "ops") -> str:
    async with served.client(role) as client:
        answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.text


async def dead(served: Served, *ids: str) -> None:
    broken = example("followup.released") | {"due_at": "never"}
    for name in ids:
        await served.deliver(event("followup.released", broken, key=name, id=name))


async def test_a_panel_tells_dead_letters_by_reason_and_all_is_well_without_any(served: Served) -> None:
    assert "没有待处理的死信" in await shown(served, "/fragments/ops")
    await dead(served, "e1", "e2")
    panel = await shown(served, "/fragments/ops")
    assert "ValidationError 2 封" in panel
    assert "/fragments/ops/letters?reason=ValidationError" in panel


async def test_letters_of_one_reason_are_listed_and_only_operators_may_settle_them(served: Served) -> None:
    await dead(served, "e1", "e2")
    where = "/fragments/ops/letters?reason=ValidationError"
    for role, buttons in (("ops", 2), ("auditor", 0)):
        text = await shown(served, where, role)
        assert text.count('data-letter="') == 2
        assert text.count('data-do="discard"') == buttons
    assert 'data-letter="' not in await shown(served, "/fragments/ops/letters?reason=KeyError")


@pytest.mark.parametrize("path", ["/ops", "/fragments/ops", "/fragments/ops/letters"])
async def test_others_may_not_see_it(served: Served, path: str) -> None:
    for role in ("agent", "supervisor", "policy_owner", "integrator"):
        async with served.client(role) as client:
            assert (await client.get(path)).status_code == 403


async def test_a_job_that_has_not_ended_well_for_long_is_told(served: Served, clock: ManualClock) -> None:
    from shared.observability.metrics import JOB_EVERY, JOB_SUCCESS

    served.runtime.jobs_running.append("sweep")
    JOB_EVERY.labels("visits", "sweep").set(30)
    JOB_SUCCESS.labels("visits", "sweep").set(clock.machine().timestamp() - 20)
    assert "都在按时运行" in await shown(served, "/fragments/ops")
    JOB_SUCCESS.labels("visits", "sweep").set(clock.machine().timestamp() - 100)
    assert "1 项久未成功" in await shown(served, "/fragments/ops")


async def test_a_process_that_can_not_work_says_why(served: Served) -> None:
    served.runtime.settings.relay_enabled = True
    served.runtime.relay.last_error = "ConnectionRefusedError: broker"
    panel = await shown(served, "/fragments/ops")
    assert "未就绪" in panel
    assert "ConnectionRefusedError" in panel


async def test_the_builds_that_ran_are_told_with_when_and_which_runs_now(served: Served, clock: ManualClock) -> None:
    settings = served.runtime.settings
    for commit, hours in (("a" * 40, 0), ("b" * 40, 5), ("a" * 40, 7)):
        clock.advance(timedelta(hours=hours))
        settings.build_commit = commit
        await note_deployment(served.runtime)
        await note_deployment(served.runtime)  # noted again and again
    panel = await shown(served, "/fragments/ops")
    assert "最近上线 2 版" in panel
    listed = re.findall(
        rf"<dt>{re.escape(built_version())}（(\w+)）</dt><dd>(.*?)</dd>", panel.partition("最近上线")[2]
    )
    assert listed == [
        ("a" * 12, "03-02 10:00:00 上线，现在在运行"),
        ("b" * 12, "03-02 15:00:00 上线，最后运行于 03-02 15:00:00"),
    ]
