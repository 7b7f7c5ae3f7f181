"""The compiled policies of this process."""

from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncSession

from services.scheduler.domain.book import PolicyBook
from services.scheduler.store import policies
from shared.messaging.partitions import Partitions


@dataclass
class Desk:
    """Where decisions are made: the policies in force, and the decisions' day partitions (given at start)."""

    book: PolicyBook = field(default_factory=lambda: PolicyBook(revision=-1))
    partitions: Partitions | None = None

    async def current(self, session: AsyncSession) -> PolicyBook:
        """The policies in force now: one look at a number, and all of them again when it has changed."""
        revision = await policies.get_revision(session)
        if revision != self.book.revision:
            self.book = PolicyBook(await policies.list_active(session), revision)
        return self.book
