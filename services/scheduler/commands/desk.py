"""The compiled policies of this process, on the official calendar as it is published."""

from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncSession

from services.scheduler.domain.book import PolicyBook
from services.scheduler.domain.policy import Policy
from services.scheduler.store import calendars, kinds, policies
from shared.calendar import OFFICIAL, WorkCalendar
from shared.messaging.partitions import Partitions


@dataclass
class Desk:
    """Where decisions are made: the policies in force, the calendar, and the decisions' day partitions (given at start)."""

    book: PolicyBook = field(default_factory=lambda: PolicyBook(revision=-1))
    calendar: WorkCalendar = OFFICIAL
    partitions: Partitions | None = None
    versions: dict[tuple[str, int], Policy] = field(default_factory=dict)

    async def current(self, session: AsyncSession) -> PolicyBook:
        """The policies in force now: one look at a number, and all of them again when it has changed."""
        revision = await policies.get_revision(session)
        if revision != self.book.revision:
            calendar = WorkCalendar(official=await calendars.get_official(session))
            declared = await kinds.list_declared(session)
            book = PolicyBook(await policies.list_active(session, calendar), revision, kinds=declared)
            # versions stay as they are, but reckon with days that may have become known
            self.book, self.calendar, self.versions = book, calendar, {}
        return self.book

    async def version(self, session: AsyncSession, policy_id: str, version: int) -> Policy:
        """A version, whether in force or not: what it has begun it also ends; ask for `current` first. Raises LookupError."""
        versions, calendar = self.versions, self.calendar
        known = versions.get((policy_id, version))
        if known is None:
            known = versions[policy_id, version] = await policies.get_version(session, policy_id, version, calendar)
        return known
