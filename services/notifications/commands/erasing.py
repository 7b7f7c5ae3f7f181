"""Customers who asked for erasure: no message reaches them again, and nothing says what they were told."""

from collections.abc import Sequence

from services.notifications.domain.refusals import EVERYTHING
from services.notifications.domain.send import Channel, erased
from services.notifications.procedures.ledger import save_changes
from services.notifications.procedures.opt_outs import add_opt_out
from services.notifications.store import contacts, erasing, sends
from services.notifications.store.contacts import OptOut
from shared.ids import new_id
from shared.messaging import Work
from shared.privacy import Sealer

BY = "erasure"
CHANNELS: tuple[Channel, ...] = ("sms", "email")


async def erase(work: Work, sealer: Sealer, customers: Sequence[str]) -> None:
    """Refuse everything in their name, which outlives what is known of them; then overwrite that."""
    refused = {
        (one.customer_id, one.channel, one.scope)
        for one in await contacts.refusals(work.session, sealer, customers, [])
    }
    for customer in customers:
        for channel in CHANNELS:
            if (customer, channel, EVERYTHING) not in refused:
                opt_out = OptOut(new_id(), customer, "", channel, EVERYTHING, "by_hand", "", BY, work.now())
                await add_opt_out(work, sealer, opt_out)
    await erasing.forget(work.session, sealer, customers, work.now())
    found = await sends.lock_all_of(work.session, customers)
    await save_changes(work, found, [erased(send, work.now()) for send in found])
