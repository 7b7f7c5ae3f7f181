"""Trial runs: a pack is tried on facts in the background; nothing but the trial's own record changes."""

import asyncio
import zlib
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from services.scheduler.adapters.recorded import TooManyFacts, record_events
from services.scheduler.adapters.trial_process import TrialBroken, run_trial
from services.scheduler.domain.packs.pack import Pack, policy_of, read_pack
from services.scheduler.domain.packs.plan import DraftNotFound
from services.scheduler.domain.simulation.limits import Limits
from services.scheduler.domain.simulation.report import Rules, TrialRequest
from services.scheduler.domain.simulation.trial import lead_of
from services.scheduler.store import drafts, kinds, policies, trials
from services.scheduler.store.trials import StoredTrial
from shared.auth import Principal
from shared.calendar import WorkCalendar
from shared.clock import Clock
from shared.db import Database
from shared.errors import Conflict, InvalidInput, NotFound
from shared.http import audit
from shared.ids import new_id
from shared.leases import MOST_ATTEMPTS, set_aside
from shared.messaging import Work
from shared.messaging.broker import Broker, BrokerUnavailable
from shared.official import get_official

log = structlog.get_logger(__name__)
LEASE = timedelta(seconds=60)
PART_BYTES = 1 << 20
PROGRESS_SECONDS = 1.0


class TrialNotFound(NotFound):
    title = "没有这次试算"
    code = "trial-not-found"


class TrialEnded(Conflict):
    title = "试算已经结束"
    code = "trial-ended"


@dataclass(frozen=True)
class Source:
    """Where recorded facts are read, how many at most, and what trying them may take."""

    broker: Broker
    topics: Sequence[str]
    most: int
    limits: Limits


async def files_of_draft(session: AsyncSession, draft_id: UUID) -> tuple[str, Mapping[str, str]]:
    """A stored draft's pack. Raises DraftNotFound."""
    draft = await drafts.get_draft(session, draft_id)
    if draft is None:
        raise DraftNotFound(f"草稿编号 {draft_id}")
    return draft.pack, draft.files


async def add_trial(
    work: Work,
    by: Principal,
    name: str,
    files: Mapping[str, str],
    days: int,
    agents: Mapping[str, int],
    until: datetime | None = None,
) -> StoredTrial:
    """Queue a trial of a pack on the facts of the last `days`, or (0) on uploaded ones, of those before `until`.

    Raises PackInvalid.
    """
    pack = await asyncio.to_thread(read_pack, files, name)
    now = work.now()
    request = {"files": dict(files), "days": days, "agents": dict(agents), "until": until and until.isoformat()}
    trial = StoredTrial(new_id(), pack.name, pack.title, "queued", request, 0, 0, None, "", now, by.id, now)
    await trials.add_trial(work.session, trial)
    await audit(work, by, "trial.added", str(trial.id), pack=pack.name, days=days)
    return trial


async def compress_facts(chunks: AsyncIterator[bytes]) -> list[bytes]:
    """An uploaded file of facts in compressed parts of `PART_BYTES`. Raises InvalidInput when it is empty."""
    waiting, parts = bytearray(), []
    async for chunk in chunks:
        waiting += chunk
        while len(waiting) >= PART_BYTES:
            parts.append(await asyncio.to_thread(zlib.compress, bytes(waiting[:PART_BYTES]), 1))
            del waiting[:PART_BYTES]
    if waiting:
        parts.append(await asyncio.to_thread(zlib.compress, bytes(waiting), 1))
    if not parts:
        raise InvalidInput("文件是空的：应每行一个 CloudEvents JSON")
    return parts


async def keep_facts(work: Work, trial_id: UUID, parts: Sequence[bytes]) -> None:
    """Keep the parts of an uploaded file until the trial ends."""
    for number, part in enumerate(parts):
        await trials.add_facts(work.session, trial_id, number, part)


async def cancel_trial(work: Work, by: Principal, trial_id: UUID) -> None:
    """Raises TrialNotFound, TrialEnded."""
    if await trials.get_trial(work.session, trial_id) is None:
        raise TrialNotFound(f"试算编号 {trial_id}")
    if not await trials.cancel_trial(work.session, trial_id, work.now()):
        raise TrialEnded(f"试算编号 {trial_id}")
    await audit(work, by, "trial.cancelled", str(trial_id))


async def run_next(db: Database, clock: Clock, source: Source) -> int:
    """Run the trial that waits longest to its end; returns how many were run. Those that runners died of are set aside."""
    async with db.work(background=True) as work:
        machine = clock.machine()
        for lost in await trials.list_lost(work.session, machine, MOST_ATTEMPTS):
            await trials.settle_trial(work.session, lost, "failed", clock.now(), None, set_aside())
        trial = await trials.claim_trial(work.session, clock.now(), machine, machine + LEASE)
    if trial is None:
        return 0
    try:
        result, error = await _run(db, clock, source, trial)
    except (BrokerUnavailable, TooManyFacts, TrialBroken, zlib.error) as failure:
        log.warning("trial_failed", trial=str(trial.id), error=repr(failure))
        result, error = None, _why(failure)
    async with db.work(background=True) as work:
        await trials.settle_trial(work.session, trial.id, "failed" if error else "done", clock.now(), result, error)
    return 1


def _why(failure: Exception) -> str:
    if isinstance(failure, BrokerUnavailable):
        return "消息系统暂时不可用，取不到事实"
    return f"{TooManyFacts.title}：{failure}" if isinstance(failure, TooManyFacts) else f"试算中断：{failure}"


async def _run(db: Database, clock: Clock, source: Source, trial: StoredTrial) -> tuple[Mapping[str, Any] | None, str]:
    """The report, or why there is none; both empty when it was cancelled."""
    async with db.read() as session:
        request = await _request(session, trial, *_span(trial.request, clock.now()))
    with NamedTemporaryFile(suffix=".jsonl") as file:
        await _gather(db, clock, source, trial, request, file)
        file.flush()
        return await _listen(db, clock, trial.id, run_trial(request, Path(file.name), source.limits))


def _span(asked: Mapping[str, Any], now: datetime) -> tuple[datetime | None, datetime | None]:
    """Since when facts are shown and until when time goes on. Of uploaded facts all, and by default to the last one."""
    if days := int(asked["days"]):
        return now - timedelta(days=days), now
    until = asked.get("until")  # trials of before had none
    return None, until and datetime.fromisoformat(until)


async def _gather(
    db: Database, clock: Clock, source: Source, trial: StoredTrial, request: TrialRequest, out: Any
) -> None:
    if request.since is None:
        async with db.read() as session:
            async for part in trials.read_facts(session, trial.id):
                out.write(zlib.decompress(part))
        return
    first = request.since - lead_of([*request.draft.policies, *request.published.policies])
    until = request.until or clock.now()
    spool = await record_events(source.broker, source.topics, clock, first, until, source.most)
    out.writelines(spool.lines())


async def _request(
    session: AsyncSession, trial: StoredTrial, since: datetime | None, until: datetime | None
) -> TrialRequest:
    """The draft takes the place of its pack's published policies; those of other packs go on beside it."""
    pack = read_pack(trial.request["files"], trial.pack)
    calendar = WorkCalendar(official=await get_official(session))
    published = await policies.list_active(session, calendar)
    declared = await kinds.list_kinds(session)
    owners = {policy.id: policy.pack for policy in await policies.list_policies(session)}
    others = [policy for policy in published if owners[policy.id] != pack.name]
    kept = [kind for name, of in declared.items() if name != pack.name for kind in of.values()]
    draft = Rules([*others, *_policies(pack, calendar)], [*kept, *pack.kinds])
    real = Rules(published, await kinds.list_declared(session))
    return TrialRequest(draft, real, since, until, trial.request["agents"])


def _policies(pack: Pack, calendar: WorkCalendar) -> list[Any]:
    enabled = [draft for draft in pack.drafts if draft.enabled]
    return [policy_of(draft.content, 1, calendar, valid_from=draft.valid_from) for draft in enabled]


async def _listen(
    db: Database, clock: Clock, trial_id: UUID, running: AsyncGenerator[dict[str, Any], None]
) -> tuple[Mapping[str, Any] | None, str]:
    noted = clock.machine() - LEASE
    async with aclosing(running) as lines:
        async for line in lines:
            if "total" not in line:
                return line.get("result"), line.get("error", "")
            if (clock.machine() - noted).total_seconds() >= PROGRESS_SECONDS:
                noted = clock.machine()
                async with db.work(background=True) as work:
                    wanted = await trials.note_progress(
                        work.session, trial_id, line["done"], line["total"], noted + LEASE
                    )
                if not wanted:
                    return None, ""
    raise TrialBroken("没有结果")
