"""The customers of a batch, locked once, in the order that everybody locks them in: so batches wait for each other."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from services.scheduler.domain.customer import Customer
from services.scheduler.store import customers as store

Ways = Mapping[str, datetime]


class Turn:
    """Customers under lock until the transaction ends, as they are by now: what is learnt of them is written and kept here.

    `known` are those who have a row; `skip` leaves out those whom another transaction has.
    """

    def __init__(self, session: AsyncSession, skip: bool = False) -> None:
        self.known: dict[str, Customer] = {}
        self._session = session
        self._skip = skip
        self._asked: set[str] = set()

    async def of(self, names: Iterable[str]) -> dict[str, Customer]:
        """Those of these names who are known; whoever was not asked for yet is locked now, all of them at once."""
        names = set(names) - {""}
        if asked := names - self._asked:
            self._asked |= asked
            self.known |= await store.lock_customers(self._session, asked, self._skip)
        return {name: self.known[name] for name in names if name in self.known}

    async def meet(self, names: Iterable[str]) -> dict[str, Customer]:
        """As `of`, for those who have come to be known since they were asked for."""
        self._asked -= set(names)
        return await self.of(names)

    def note(self, customers: Iterable[Customer]) -> None:
        """These have been written as they are here."""
        self.known |= {customer.id: customer for customer in customers}

    async def learn(self, customers: Iterable[Customer]) -> None:
        """Write what was learnt of these."""
        learned = list(customers)
        await store.save_customers(self._session, learned)
        self.note(learned)

    async def add_refusals(self, refusals: Mapping[str, Ways]) -> None:
        """Remember that these refused ways of contact, known or not; the first refusal of a way stays."""
        await store.save_refusals(self._session, refusals)
        known = refusals.keys() & self.known.keys()
        self.note(self.known[name].refusing(refusals[name]) for name in known)
        await self.meet(refusals.keys() - known)

    async def replace_refusals(self, refusals: Mapping[str, Ways]) -> None:
        """Write all that these known ones refuse."""
        await store.replace_refusals(self._session, refusals)
        self.note(self.known[name]._replace(opted_out=ways) for name, ways in refusals.items())


async def take_turn(session: AsyncSession, names: Iterable[str], skip: bool = False) -> Turn:
    """Lock these customers."""
    turn = Turn(session, skip)
    await turn.of(names)
    return turn
