"""How quickly facts are decided on, and what waits."""

from collections.abc import Sequence
from datetime import timedelta

from services.scheduler.store.backlog import count_backlog
from shared.messaging import Event, Work
from shared.observability.catalogue import counter, gauge, histogram
from shared.zone import local_day

PROMISED_MS = 60_000
DECIDED = counter(
    "huifang_scheduler_facts_decided_total",
    "Facts decided on within a minute of their arrival in Kafka (in_time), or later (late)",
    "已决定的业务事实数",
    labels={"pace": ("in_time", "late")},
)
DELAY = histogram(
    "huifang_scheduler_decision_delay_seconds",
    "Machine time from the arrival of a batch's oldest fact in Kafka to its decision",
    "决定延迟",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 14400),
)
DUE = gauge("huifang_scheduler_due_tasks", "Tasks that are due and not released yet", "到期待下达回访数")
DUE_AGE = gauge(
    "huifang_scheduler_due_age_seconds",
    "Machine time since the oldest task that is not released yet was due",
    "到期待下达的最长等待",
    "s",
)
DRAWS_LATE = gauge(
    "huifang_scheduler_draws_late", "Draws whose period is over and that are not made", "应抽未抽的抽取数"
)
DRAWS_SET_ASIDE = gauge(
    "huifang_scheduler_draws_set_aside", "Draws given up after several processes died of them", "已搁置的抽取数"
)
_IN_TIME, _LATE = DECIDED.labels("in_time"), DECIDED.labels("late")


def note_pace(work: Work, facts: Sequence[Event]) -> None:
    """How many of a batch's facts are decided within a minute; what has no time of arrival counts as in time."""
    if not facts:
        return
    now = int(work.clock.machine().timestamp() * 1000)
    taken = [fact.taken_ms for fact in facts if fact.taken_ms]
    oldest = min(taken, default=now)
    late = sum(at < now - PROMISED_MS for at in taken) if oldest < now - PROMISED_MS else 0
    _IN_TIME.inc(len(facts) - late)
    _LATE.inc(late)
    DELAY.observe(max(0, now - oldest) / 1000)


async def measure_backlog(work: Work, grace: timedelta) -> int:
    """Set the gauges; never asks to be run again at once."""
    backlog = await count_backlog(work.session, work.now(), local_day(work.now() - grace))
    DUE.set(backlog.due)
    waited = work.clock.machine() - work.clock.machine_at(backlog.oldest) if backlog.oldest else None
    DUE_AGE.set(max(0.0, waited.total_seconds()) if waited else 0.0)
    DRAWS_LATE.set(backlog.draws_late)
    DRAWS_SET_ASIDE.set(backlog.draws_set_aside)
    return 0
