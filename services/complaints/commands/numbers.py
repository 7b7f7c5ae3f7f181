"""Numbers that were learned in calls to be wrong or right."""

from collections.abc import Sequence

from services.complaints import store
from services.complaints.domain import handling
from services.complaints.domain.numbers import learn
from services.complaints.procedures.book import Book
from shared.contracts.visits import CustomerNumberCorrected
from shared.messaging.event import Event
from shared.messaging.work import Work


async def take_numbers(work: Work, events: Sequence[Event]) -> None:
    """Unfinished cases have the numbers by which their customers are reached; what was learned is kept for later ones."""
    read = [(event, event.read(CustomerNumberCorrected)) for event in events]
    customers = {correction.customer.id for _, correction in read}
    await store.lock_customers(work.session, customers)
    known = await store.learned_of(work.session, customers)
    book = Book(work)
    book.hold(await store.lock_unfinished_of(work.session, customers))
    for event, correction in read:
        known[correction.customer.id] = learn(known.get(correction.customer.id), correction)
        for case in [one for one in book.cases.values() if one.customer.id == correction.customer.id]:
            book.apply(handling.note_number(case, correction, work.now()), event)
    await store.save_learned(work.session, known.values())
    await book.save()
