"""The compiled policies of this process, on the official calendar as it is published."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import cast

from sqlalchemy.ext.asyncio import AsyncSession

from services.scheduler.domain.book import PolicyBook
from services.scheduler.domain.policy import Policy
from services.scheduler.domain.rule import Rule, compile_policy
from services.scheduler.domain.steps.chain import Heeded, chains_of, heeded_by
from services.scheduler.store import kinds, policies
from shared.calendar import WorkCalendar
from shared.official import get_official
from shared.runtime import Runtime

Version = tuple[str, int]


@dataclass(frozen=True)
class Policies:
    """The policies in force, as a transaction found them when it opened them.

    Draws close so long (`grace`) after the midnight that ends their period.
    `chained` are all versions with several steps, whether in force or not: their runs go on as they began. `heeded` are
    the events that any of them listens for.
    """

    session: AsyncSession
    grace: timedelta
    book: PolicyBook
    calendar: WorkCalendar
    chained: dict[Version, Policy]
    heeded: Heeded
    _versions: dict[Version, Policy] = field(default_factory=dict)
    _rules: dict[Version, Rule] = field(default_factory=dict)

    async def version(self, policy_id: str, version: int) -> Policy:
        """A version, whether in force or not: what it has begun it also ends. Raises LookupError."""
        known = self._versions.get((policy_id, version))
        if known is None:
            known = await policies.get_version(self.session, policy_id, version, self.calendar)
            self._versions[policy_id, version] = known
        return known

    async def rule(self, policy_id: str, version: int) -> Rule:
        """A version compiled, to be asked again. Raises LookupError."""
        known = self._rules.get((policy_id, version))
        if known is None:
            known = self._rules[policy_id, version] = compile_policy(await self.version(policy_id, version))
        return known

    async def add_chains(self, wanted: Iterable[Version]) -> None:
        """Know these versions too, which another replica may have begun runs of just now."""
        for policy_id, version in set(wanted) - self.chained.keys():
            self.chained[policy_id, version] = await self.version(policy_id, version)

    def listens(self, wire: str) -> bool:
        """Whether a policy is triggered by this event type, or a run may wait for it."""
        return self.book.triggered_by(wire) or wire in self.heeded


class PolicyCache:
    """Keeps the policies of this process compiled from one transaction to the next, until any of them changes."""

    def __init__(self, grace: timedelta = timedelta()) -> None:
        self.grace = grace
        self._last: Policies | None = None

    async def open(self, session: AsyncSession) -> Policies:
        """The policies in force now: one look at a number, and all of them again when it has changed."""
        revision = await policies.get_revision(session)
        if self._last is None or self._last.book.revision != revision:
            self._last = await self._read(session, revision)
        return replace(self._last, session=session)

    async def _read(self, session: AsyncSession, revision: int) -> Policies:
        """Versions stay as they are, but reckon with days that may have become known."""
        calendar = WorkCalendar(official=await get_official(session))
        declared = await kinds.list_declared(session)
        book = PolicyBook(await policies.list_active(session, calendar), revision, kinds=declared)
        begun = self._last.chained if self._last else {}
        chained = {**begun, **chains_of(await policies.list_chained(session, calendar))}
        return Policies(session, self.grace, book, calendar, chained, heeded_by(chained))


def policies_of(runtime: Runtime) -> PolicyCache:
    """Those of this process."""
    return cast(PolicyCache, runtime.state["policies"])
