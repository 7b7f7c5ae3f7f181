"""The compiled policies of this process."""

from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncSession

from services.scheduler.domain.book import PolicyBook
from services.scheduler.domain.policy import Policy
from services.scheduler.store import kinds, policies
from shared.messaging.partitions import Partitions


@dataclass
class Desk:
    """Where decisions are made: the policies in force, and the decisions' day partitions (given at start)."""

    book: PolicyBook = field(default_factory=lambda: PolicyBook(revision=-1))
    partitions: Partitions | None = None
    versions: dict[tuple[str, int], Policy] = field(default_factory=dict)

    async def current(self, session: AsyncSession) -> PolicyBook:
        """The policies in force now: one look at a number, and all of them again when it has changed."""
        revision = await policies.get_revision(session)
        if revision != self.book.revision:
            declared = await kinds.list_declared(session)
            self.book = PolicyBook(await policies.list_active(session), revision, kinds=declared)
        return self.book

    async def version(self, session: AsyncSession, policy_id: str, version: int) -> Policy:
        """A version, whether in force or not: what it has begun it also ends. Raises LookupError."""
        known = self.versions.get((policy_id, version))
        if known is None:
            known = self.versions[policy_id, version] = await policies.get_version(session, policy_id, version)
        return known
