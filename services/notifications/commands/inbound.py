"""What providers call back with: receipts settle sends, replies opt out at once."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from services.notifications.commands.ledger import save_changes
from services.notifications.domain.answers import Receipt, Reply
from services.notifications.domain.refusals import digit_of, is_refusal, scopes_of
from services.notifications.domain.send import Send, take_receipt
from services.notifications.store import contacts, inbound, sends
from services.notifications.store.contacts import OptOut
from shared.contracts.notifications import NotificationOptedOut
from shared.ids import new_id
from shared.messaging import Work
from shared.privacy import Sealer, e164


async def take_receipts(work: Work, sealer: Sealer, provider: str, receipts: Sequence[Receipt]) -> int:
    """Take in receipts; those seen before, late ones and those of messages not ours change nothing."""
    numbers = {receipt: _token(sealer, receipt.phone) for receipt in receipts}
    rows = {
        (receipt.ref, number, receipt.status): {
            "provider": provider,
            "provider_ref": receipt.ref,
            "recipient": number,
            "status": receipt.status,
            "send_id": _uuid(receipt.out_id),
            "code": receipt.code,
            "reported_at": receipt.reported_at,
            "received_at": work.now(),
        }
        for receipt, number in numbers.items()
    }
    fresh = await inbound.add_receipts(work.session, list(rows.values()))
    news = {_uuid(r.out_id): r for r, number in numbers.items() if (r.ref, number, r.status) in fresh}
    before = await sends.lock(work.session, (send_id for send_id in news if send_id))
    changes = [take_receipt(send, news[send.id], work.now()) for send in before.values()]
    return await save_changes(work, before.values(), changes)


async def take_replies(work: Work, sealer: Sealer, provider: str, replies: Sequence[Reply]) -> int:
    """Keep replies; a refusal opts the number out before this transaction is answered. Returns how many are new."""
    numbers = [_token(sealer, reply.phone) for reply in replies]
    last = await sends.last_to(work.session, numbers)
    owners = await contacts.owners_of(work.session, numbers)
    told = list(zip(replies, numbers, strict=True))
    rows = {(r.sequence, number): _reply_row(work, provider, r, number, last, owners) for r, number in told}
    fresh = await inbound.add_replies(work.session, list(rows.values()))
    for reply, number in told:
        if (reply.sequence, number) in fresh and is_refusal(reply.content):
            customer_id = str(rows[reply.sequence, number]["customer_id"])
            await _refuse(work, sealer, customer_id, number, last.get(number), reply)
    return len(fresh)


def _reply_row(
    work: Work, provider: str, reply: Reply, number: str, last: Mapping[str, Send], owners: Mapping[str, str]
) -> dict[str, object]:
    answered = last.get(number)
    return {
        "provider": provider,
        "sequence": reply.sequence,
        "recipient": number,
        "content": reply.content,
        "customer_id": answered.customer_id if answered else owners.get(number, ""),
        "send_id": answered.id if answered else None,
        "digit": digit_of(reply.content),
        "refused": is_refusal(reply.content),
        "received_at": work.now(),
    }


async def _refuse(
    work: Work, sealer: Sealer, customer_id: str, number: str, answered: Send | None, reply: Reply
) -> None:
    known = {refusal.scope for refusal in await contacts.refusals(work.session, [], [number])}
    for scope in scopes_of(answered.category if answered else None):
        if scope not in known:
            opt_out = OptOut(
                new_id(), customer_id, number, "sms", scope, "reply", reply.content[:20], "customer", work.now()
            )
            await add_opt_out(work, sealer, opt_out, lineage=answered.lineage if answered else "")


async def add_opt_out(work: Work, sealer: Sealer, opt_out: OptOut, lineage: str = "") -> None:
    """Record an opt-out and tell the others; `lineage` is that of the message it answers."""
    await contacts.add_opt_out(work.session, opt_out)
    by_sms = opt_out.channel == "sms"
    work.publish(
        NotificationOptedOut(
            customer_id=opt_out.customer_id,
            phone_masked=sealer.masked(opt_out.recipient) if by_sms else "",
            channel="sms" if by_sms else "email",
            purpose=opt_out.scope,
            opted_out_at=opt_out.created_at,
        ),
        key=opt_out.customer_id or str(opt_out.id),
        lineage=lineage,
        subject=str(opt_out.id),
    )


def _token(sealer: Sealer, phone: str) -> str:
    """The number a provider names; what is none is kept as it was told, and is nobody's."""
    return sealer.seal(e164(phone) or phone)


def _uuid(value: str) -> UUID | None:
    try:
        return UUID(value)
    except ValueError:
        return None
