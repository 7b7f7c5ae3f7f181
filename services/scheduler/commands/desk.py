"""The compiled policies of this process, on the official calendar as it is published."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from services.scheduler.domain.book import PolicyBook
from services.scheduler.domain.policy import Policy
from services.scheduler.domain.rule import Rule, compile_policy
from services.scheduler.domain.steps.chain import Heeded, chains_of, heeded_by
from services.scheduler.store import kinds, policies
from shared.calendar import OFFICIAL, WorkCalendar
from shared.official import get_official


@dataclass
class Desk:
    """Where decisions are made: the policies in force and the calendar.

    Draws close so long (`grace`) after the midnight that ends their period.
    `chained` are all versions with several steps, whether in force or not: their runs go on as they began. `heeded` are
    the events that any of them listens for.
    """

    book: PolicyBook = field(default_factory=lambda: PolicyBook(revision=-1))
    calendar: WorkCalendar = OFFICIAL
    grace: timedelta = timedelta()
    versions: dict[tuple[str, int], Policy] = field(default_factory=dict)
    chained: dict[tuple[str, int], Policy] = field(default_factory=dict)
    heeded: Heeded = field(default_factory=dict)
    rules: dict[tuple[str, int], Rule] = field(default_factory=dict)

    async def current(self, session: AsyncSession) -> PolicyBook:
        """The policies in force now: one look at a number, and all of them again when it has changed."""
        revision = await policies.get_revision(session)
        if revision != self.book.revision:
            calendar = WorkCalendar(official=await get_official(session))
            declared = await kinds.list_declared(session)
            book = PolicyBook(await policies.list_active(session, calendar), revision, kinds=declared)
            chained = {**self.chained, **chains_of(await policies.list_chained(session, calendar))}
            # versions stay as they are, but reckon with days that may have become known
            self.book, self.calendar, self.versions, self.rules = book, calendar, {}, {}
            self.chained, self.heeded = chained, heeded_by(chained)
        return self.book

    async def version(self, session: AsyncSession, policy_id: str, version: int) -> Policy:
        """A version, whether in force or not: what it has begun it also ends; ask for `current` first. Raises LookupError."""
        versions, calendar = self.versions, self.calendar
        known = versions.get((policy_id, version))
        if known is None:
            known = versions[policy_id, version] = await policies.get_version(session, policy_id, version, calendar)
        return known

    async def rule(self, session: AsyncSession, policy_id: str, version: int) -> Rule:
        """A version compiled, to be asked again. Raises LookupError."""
        rules = self.rules
        known = rules.get((policy_id, version))
        if known is None:
            known = rules[policy_id, version] = compile_policy(await self.version(session, policy_id, version))
        return known

    async def add_chains(self, session: AsyncSession, wanted: Iterable[tuple[str, int]]) -> None:
        """Know these versions too, which another replica may have begun runs of just now."""
        for policy_id, version in set(wanted) - self.chained.keys():
            self.chained[policy_id, version] = await self.version(session, policy_id, version)

    def listens(self, wire: str) -> bool:
        """Whether a policy is triggered by this event type, or a run may wait for it."""
        return self.book.triggered_by(wire) or wire in self.heeded
