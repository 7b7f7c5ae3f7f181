"""What the scheduler tells of its own pace and of what waits."""

from datetime import date, timedelta
from pathlib import Path

from services.scheduler.commands.measure import note_pace
from shared.clock import ManualClock
from shared.messaging.partitions import Partitions
from shared.observability.build import built_version
from shared.observability.storage import ends_of, measure_storage
from shared.testing import Served
from shared.testing.events import NOON
from shared.testing.figures import figure
from tests.certificates import certificate
from tests.scheduler.builders import at, contents
from tests.scheduler.conftest import apply
from tests.scheduler.test_draws import NIGHT, TWENTY, crowd
from tests.scheduler.test_handlers import sent


def decided() -> tuple[float, float]:
    return tuple(figure("huifang_scheduler_facts_decided_total", pace=pace) for pace in ("in_time", "late"))


async def test_facts_decided_within_a_minute_of_their_arrival_are_in_time(empty: Served, clock: ManualClock) -> None:
    now = int(clock.machine().timestamp() * 1000)
    in_time, late = decided()
    delays = figure("huifang_scheduler_decision_delay_seconds_sum")
    facts = [sent("repair.closed", id=f"e{ms}").taken(now - ms) for ms in (0, 59_000, 61_000, 3_600_000)]
    async with empty.runtime.db.work() as work:
        note_pace(work, facts)
        note_pace(work, [])
    assert decided() == (in_time + 2, late + 2)
    assert figure("huifang_scheduler_decision_delay_seconds_sum") - delays == 3600


async def test_every_fact_that_is_consumed_is_counted(served: Served) -> None:
    before = sum(decided())
    await served.deliver(sent("repair.closed", id="e1"), sent("repair.closed", "C2", id="e2"))
    assert sum(decided()) == before + 2


async def test_what_is_due_and_not_released_shows_until_it_is(served: Served, clock: ManualClock) -> None:
    await served.deliver(sent("repair.closed"))
    await served.run_job("measure")
    assert figure("huifang_scheduler_due_tasks") == 0
    clock.move_to(NOON.replace(day=3, hour=9) + timedelta(minutes=5))
    await served.run_job("measure")
    assert (figure("huifang_scheduler_due_tasks"), figure("huifang_scheduler_due_age_seconds")) == (1, 300)
    await served.run_job("release")
    await served.run_job("measure")
    assert (figure("huifang_scheduler_due_tasks"), figure("huifang_scheduler_due_age_seconds")) == (0, 0)


async def test_what_was_held_until_its_window_opened_is_late_from_then_on_only(
    served: Served, clock: ManualClock
) -> None:
    clock.move_to(at("2026-03-03 19:30"))
    await served.deliver(sent("repair.closed"))  # due at nine in the morning, heard of when nobody may be called
    await served.run_job("release")
    before = figure("huifang_scheduler_release_lateness_seconds_sum")
    clock.move_to(at("2026-03-04 09:00") + timedelta(seconds=20))
    assert await served.run_job("release") == 1
    assert figure("huifang_scheduler_release_lateness_seconds_sum") - before == 20


async def test_what_was_heard_of_late_is_not_released_late(served: Served, clock: ManualClock) -> None:
    clock.move_to(at("2026-03-03 11:00"))
    await served.deliver(sent("repair.closed"))  # of the day before, so that its contact was due at nine
    before = figure("huifang_scheduler_release_lateness_seconds_sum")
    clock.advance(timedelta(seconds=5))
    assert await served.run_job("release") == 1
    assert figure("huifang_scheduler_release_lateness_seconds_sum") - before == 5


async def test_draws_that_are_due_and_not_made_show(empty: Served, clock: ManualClock) -> None:
    await apply(empty, contents(TWENTY))
    await empty.deliver(*crowd(5))
    await empty.run_job("measure")
    assert figure("huifang_scheduler_draws_late") == 0
    clock.move_to(NIGHT)
    await empty.run_job("measure")
    assert figure("huifang_scheduler_draws_late") == 1
    await empty.run_job("draw")
    await empty.run_job("measure")
    assert (figure("huifang_scheduler_draws_late"), figure("huifang_scheduler_draws_set_aside")) == (0, 0)


async def test_what_the_database_holds_and_when_a_certificate_ends_is_told(empty: Served, tmp_path: Path) -> None:
    runtime = empty.runtime
    runtime.settings.kafka_ca_file = certificate(tmp_path, "authority").with_name("authority.crt")
    await measure_storage(runtime)
    ahead = figure("huifang_partitions_ahead_days", service="scheduler", table="decision")
    assert figure("huifang_database_bytes", service="scheduler") > 1 << 20
    await Partitions(runtime.db.engine).ensure("decision", [date(2026, 8, 1), date(2026, 8, 2), date(2025, 8, 1)])
    await measure_storage(runtime)
    assert figure("huifang_partitions_ahead_days", service="scheduler", table="decision") == ahead + 2
    ends = figure("huifang_certificate_ends_timestamp_seconds", service="scheduler", file="authority.crt")
    assert ends == ends_of((tmp_path / "authority.crt").read_bytes()).timestamp()


async def test_which_build_runs_is_told(empty: Served) -> None:
    commit = empty.runtime.settings.build_commit or "unknown"
    assert figure("huifang_build_info", service="scheduler", version=built_version(), commit=commit) == 1
