"""Which builds of a service have run on its database, and from when until when: the operators' page shows the latest.

A row is a version and a commit; every process notes its own once a minute. A rollback shows as the older build's later end.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.jobs import Job
from shared.observability.build import built_version

if TYPE_CHECKING:
    from shared.runtime import Runtime

EVERY = 60.0  # seconds
STILL_RUNS = timedelta(seconds=3 * EVERY)
SHOWN = 5
_NOTE = text("""
    INSERT INTO deployment (version, build_commit, first_at, last_at) VALUES (:version, :build_commit, :at, :at)
    ON CONFLICT (version, build_commit) DO UPDATE SET last_at = greatest(deployment.last_at, excluded.last_at)
""")
_LATEST = text("""
    SELECT version, build_commit, first_at, last_at FROM deployment ORDER BY last_at DESC, first_at DESC LIMIT :most
""")


@dataclass(frozen=True)
class Deployment:
    """A build, and the machine times at which it first and last ran."""

    version: str
    commit: str
    first_at: datetime
    last_at: datetime

    def runs(self, now: datetime) -> bool:
        return now - self.last_at < STILL_RUNS


async def note_deployment(runtime: "Runtime") -> int:
    """Note that this build runs now; nothing is left to do at once."""
    build = {"version": built_version(), "build_commit": runtime.settings.build_commit}
    async with runtime.db.work(background=True) as work:
        await work.session.execute(_NOTE, build | {"at": runtime.clock.machine()})
    return 0


async def latest_deployments(session: AsyncSession, most: int = SHOWN) -> Sequence[Deployment]:
    """Those that ran last, the newest first."""
    return [Deployment(*row) for row in await session.execute(_LATEST, {"most": most})]


NOTE_DEPLOYMENT = Job("note_deployment", every=EVERY, run=note_deployment)
