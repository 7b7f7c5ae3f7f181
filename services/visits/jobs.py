"""What visits do as time passes."""

from collections.abc import Iterable, Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from services.visits.adapters.files import files_of
from services.visits.commands import attachments, erasing, invitations, passing
from services.visits.domain.visit import UNFINISHED, State
from services.visits.domain.work_rules import WorkRules
from services.visits.store import guesses, queries
from services.visits.store.work_rules import KeptRules
from shared.erasure import Erasure
from shared.jobs import Job
from shared.messaging import Work
from shared.observability.catalogue import BRANCHES, TEAMS, counter, gauge
from shared.runtime import Runtime

VISITS = gauge("huifang_visits_visits", "Unfinished visits by state", "未办结回访单数", labels={"state": tuple(State)})
QUEUE = gauge(
    "huifang_visits_queue", "Visits that wait to be claimed, by team", "待领取回访单数", labels={"team": TEAMS}
)
OVERDUE = gauge(
    "huifang_visits_overdue", "Unfinished visits that are past their deadline, by branch", "超期未办结回访单数",
    labels={"branch": BRANCHES},
)  # fmt: skip
MISSED = gauge(
    "huifang_visits_callbacks_overdue", "Agreed callbacks that are not made yet and would not count as kept any more",
    "逾时未回呼的预约数", labels={"branch": BRANCHES},
)  # fmt: skip
LOST = counter(
    "huifang_visits_leases_lost_total", "Claimed visits taken back because nobody worked on them", "领取过期数"
)


async def return_leases(runtime: Runtime) -> int:
    async with runtime.db.work(background=True) as work:
        lost = await passing.return_leases(work)
    LOST.inc(lost)
    return lost


async def bring_back(runtime: Runtime) -> int:
    async with runtime.db.work(background=True) as work:
        return await passing.bring_back(work, await _rules(runtime, work.session))


async def hand_over(runtime: Runtime) -> int:
    async with runtime.db.work(background=True) as work:
        return await passing.hand_over(work, await _rules(runtime, work.session))


async def end_shifts(runtime: Runtime) -> int:
    async with runtime.db.work(background=True) as work:
        return await passing.give_back_unbegun(work)


async def expire(runtime: Runtime) -> int:
    async with runtime.db.work(background=True, notify=True) as work:
        return await passing.expire(work, await _rules(runtime, work.session))


async def forget_left_over(runtime: Runtime) -> int:
    async with runtime.db.work(background=True) as work:
        return await attachments.forget_left_over(work, files_of(runtime))


async def forget_guesses(runtime: Runtime) -> int:
    async with runtime.db.work(background=True) as work:
        return await guesses.forget_before(work.session, work.clock.machine())


async def invite(runtime: Runtime) -> int:
    async with runtime.db.work(background=True, notify=True) as work:
        return await invitations.invite_waiting(work, runtime.sealer, await _rules(runtime, work.session))


async def lapse_invitations(runtime: Runtime) -> int:
    async with runtime.db.work(background=True, notify=True) as work:
        return await invitations.lapse(work)


async def erase(runtime: Runtime, work: Work, due: Sequence[Erasure]) -> None:
    await erasing.erase(work, files_of(runtime), [one.customer for one in due])


async def _rules(runtime: Runtime, session: AsyncSession) -> WorkRules:
    kept: KeptRules = runtime.state["work_rules"]
    return (await kept.current(session)).rules


async def count_visits(runtime: Runtime) -> int:
    """Bring the gauges up to date."""
    now = runtime.clock.now()
    async with runtime.db.read() as session:
        patience = (await _rules(runtime, session)).callback_kept_within
        standing = await queries.count_unfinished(session, now, now - patience)
    VISITS.show({(state,): sum(row.visits for row in standing if row.state == state) for state in UNFINISHED})
    QUEUE.show(_summed((row.team, row.visits) for row in standing if row.state == State.OPEN))
    OVERDUE.show(_summed((row.branch, row.overdue) for row in standing))
    MISSED.show(_summed((row.branch, row.missed) for row in standing))
    return 0


def _summed(pairs: Iterable[tuple[str, int]]) -> dict[tuple[object, ...], float]:
    total: dict[tuple[object, ...], float] = {}
    for name, number in pairs:
        total[name,] = total.get((name,), 0) + number
    return total


JOBS = (
    Job("return-leases", every=1, run=return_leases),
    Job("bring-back", every=0.5, run=bring_back),
    Job("hand-over", every=2, run=hand_over),
    Job("end-shifts", every=5, run=end_shifts),
    Job("expire", every=1, run=expire),
    Job("forget-left-over", every=600, run=forget_left_over),
    Job("forget-guesses", every=60, run=forget_guesses),
    Job("invite", every=1, run=invite),
    Job("lapse-invitations", every=5, run=lapse_invitations),
    Job("count-visits", every=5, run=count_visits),
)
