"""The cases of customers who asked for erasure."""

from collections.abc import Collection

from services.complaints import store
from services.complaints.domain.erasing import erased
from services.complaints.procedures.book import Book
from shared.messaging.work import Work


async def erase(work: Work, customers: Collection[str]) -> None:
    """Take what is said of these customers out of their cases and timelines, finished and unfinished ones."""
    await store.forget_learned(work.session, customers)
    cases = await store.lock_all_of(work.session, customers)
    await store.erase_details(work.session, [case.id for case in cases])
    book = Book(work)
    book.hold(cases)
    for case in cases:
        change = erased(case, work.now())
        if change.entries:
            book.apply(change)
    await book.save()
