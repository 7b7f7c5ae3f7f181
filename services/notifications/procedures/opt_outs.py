"""Opt-outs are recorded and told of, and so is their end."""

from dataclasses import dataclass
from typing import get_args
from uuid import UUID

from services.notifications.domain.refusals import FORGOTTEN, RefusedChannel, scopes_of
from services.notifications.store import contacts
from services.notifications.store.contacts import OptOut
from shared.contracts.notifications import (
    NotificationOptedOut,
    NotificationOptOutRevoked,
)
from shared.ids import new_id
from shared.messaging import Work
from shared.observability.catalogue import counter
from shared.privacy import Sealer

OPT_OUTS = counter(
    "huifang_notifications_opt_outs_total", "Opt-outs by channel and what they refuse", "退订数",
    labels={"channel": get_args(RefusedChannel), "scope": 8},
)  # fmt: skip


@dataclass(frozen=True)
class Answered:
    """Whose reply it is and, where there is one, the message that it answers."""

    customer_id: str = ""
    category: str = ""
    lineage: str = ""
    send_id: UUID | None = None


async def refuse(work: Work, sealer: Sealer, number: str, answered: Answered, *, note: str, by: str) -> None:
    """Opt a number out of what its reply refuses, as far as that is not refused already."""
    known = {one.scope for one in await contacts.refusals(work.session, sealer, [], [number]) if one.channel == "sms"}
    for scope in scopes_of(answered.category):
        if scope not in known:
            opt_out = OptOut(new_id(), answered.customer_id, number, "sms", scope, "reply", note, by, work.now())
            await add_opt_out(work, sealer, opt_out, lineage=answered.lineage)


async def add_opt_out(work: Work, sealer: Sealer, opt_out: OptOut, lineage: str = "") -> None:
    """Record an opt-out and tell the others; `lineage` is that of the message it answers."""
    await contacts.add_opt_out(work.session, opt_out)
    OPT_OUTS.labels(opt_out.channel, opt_out.scope).inc()
    work.publish(
        NotificationOptedOut(
            customer_id=opt_out.customer_id,
            phone_masked=_shown_phone(opt_out, sealer),
            channel=opt_out.channel,
            purpose=opt_out.scope,
            opted_out_at=opt_out.created_at,
        ),
        key=opt_out.customer_id or str(opt_out.id),
        lineage=lineage,
        subject=str(opt_out.id),
    )


async def tell_of_revocation(work: Work, sealer: Sealer, revoked: OptOut) -> None:
    """Tell the others that nothing refuses this any more, unless another opt-out still does."""
    customers = [revoked.customer_id] if revoked.customer_id else []
    recipients = [revoked.recipient] if revoked.recipient else []
    others = await contacts.refusals(work.session, sealer, customers, recipients)
    if any((other.channel, other.scope) == (revoked.channel, revoked.scope) for other in others):
        return
    work.publish(
        NotificationOptOutRevoked(
            customer_id=revoked.customer_id,
            phone_masked=_shown_phone(revoked, sealer),
            channel=revoked.channel,
            purpose=revoked.scope,
            revoked_at=work.now(),
        ),
        key=revoked.customer_id or str(revoked.id),
        subject=str(revoked.id),
    )


def _shown_phone(opt_out: OptOut, sealer: Sealer) -> str:
    """The number that refused, masked; an address is told to nobody else, and one that was erased cannot be."""
    is_number = opt_out.channel != "email" and not opt_out.recipient.startswith(FORGOTTEN)
    return sealer.masked(opt_out.recipient) if is_number else ""
