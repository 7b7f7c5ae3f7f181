"""What providers call back with: receipts settle sends, replies opt out at once."""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from services.notifications.domain.answers import Receipt, Reply, Unreadable, decisive
from services.notifications.domain.refusals import NOTICES, Meaning, digit_of, meaning_of, scopes_of
from services.notifications.domain.send import Send, State, take_receipt
from services.notifications.procedures.ledger import save_changes
from services.notifications.procedures.opt_outs import Answered, refuse
from services.notifications.store import contacts, doubtful, inbound, sends
from services.notifications.store.doubtful import BrokenRow, DoubtfulReply
from shared.contracts.notifications import (
    Answerable,
    NotificationReplied,
)
from shared.ids import new_id
from shared.messaging import Work
from shared.observability.catalogue import PROVIDERS, counter, histogram
from shared.privacy import Sealer, e164

CUSTOMER = "customer"
SURVEY = "survey"  # the purpose of messages with questions
ANSWERED_WITHIN = timedelta(days=7)  # of a message, by a digit sent back
ROWS = counter(
    "huifang_notifications_callback_rows_total", "Rows of providers' calls", "服务商回调行数",
    labels={"provider": PROVIDERS, "kind": 6, "outcome": ("taken", "broken")},
)  # fmt: skip
RECEIPT_DELAY = histogram(
    "huifang_notifications_receipt_delay_seconds", "Machine time from a message's acceptance to its first receipt",
    "回执延迟", labels={"provider": PROVIDERS}, buckets=(0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900, 3600, 14400, 86400),
)  # fmt: skip


async def take_receipts(work: Work, sealer: Sealer, provider: str, receipts: Sequence[Receipt]) -> int:
    """Take in receipts; those seen before, late ones and those of messages not ours change nothing.

    Of several new ones for one message the decisive one counts; a message that is settled already stays as it is.
    """
    by_message: dict[tuple[str, str, str], list[Receipt]] = defaultdict(list)
    for receipt in receipts:
        by_message[receipt.ref, _token(sealer, receipt.phone), receipt.status].append(receipt)
    rows = [
        {
            "provider": provider,
            "provider_ref": ref,
            "recipient": number,
            "status": status,
            "send_id": _uuid((receipt := decisive(same)).out_id),
            "code": receipt.code,
            "reported_at": receipt.reported_at,
            "received_at": work.now(),
        }
        for (ref, number, status), same in by_message.items()
    ]
    fresh = await inbound.add_receipts(work.session, rows)
    news: dict[UUID, list[Receipt]] = defaultdict(list)
    for key in fresh:
        for receipt in by_message[key]:
            if send_id := _uuid(receipt.out_id):
                news[send_id].append(receipt)
    before = await sends.lock(work.session, news)
    for send in before.values():
        _note_delay(work, send)
    changes = [take_receipt(send, decisive(news[send.id]), work.now()) for send in before.values()]
    return await save_changes(work, before.values(), changes)


def _note_delay(work: Work, send: Send) -> None:
    """How long the first receipt of an accepted message was waited for."""
    if send.state is State.ACCEPTED and send.accepted_at is not None:
        waited = work.clock.machine() - work.clock.machine_at(send.accepted_at)
        RECEIPT_DELAY.labels(send.provider).observe(max(0.0, waited.total_seconds()))


async def keep_broken(work: Work, provider: str, kind: str, taken: int, rows: Sequence[Unreadable]) -> None:
    """Keep the rows of a call that could not be read, for people to look at; `taken` were read."""
    ROWS.labels(provider, kind, "taken").inc(taken)
    ROWS.labels(provider, kind, "broken").inc(len(rows))
    unique = {_digest(row): row for row in rows}
    kept = [
        BrokenRow(new_id(), provider, kind, digest, row.content, row.reason, work.now())
        for digest, row in unique.items()
    ]
    await doubtful.add_broken(work.session, kept)


async def take_replies(work: Work, sealer: Sealer, provider: str, replies: Sequence[Reply]) -> int:
    """Keep replies; a refusal opts the number out before this transaction is answered, what may be one waits for people.

    Returns how many are new.
    """
    by_number = {(reply.sequence, _token(sealer, reply.phone)): reply for reply in replies}
    numbers = [number for _, number in by_number]
    last = await sends.last_to(work.session, numbers)
    owners = await contacts.owners_of(work.session, numbers)
    answered = {number: _answered(last.get(number), owners.get(number, "")) for number in numbers}
    rows = [_reply_row(work, provider, reply, number, answered[number]) for (_, number), reply in by_number.items()]
    fresh = await inbound.add_replies(work.session, rows)
    new = [(number, reply) for (sequence, number), reply in by_number.items() if (sequence, number) in fresh]
    await doubtful.add(work.session, [_doubtful(work, r, n, answered[n]) for n, r in new if _means(r) == "doubtful"])
    refused = [(number, reply) for number, reply in new if _means(reply) == "refusal"]
    for number, reply in refused:
        await refuse(work, sealer, number, answered[number], note=reply.content[:20], by=CUSTOMER)
    clear = {number: NOTICES in scopes_of(answered[number].category) for number, _ in refused}
    await doubtful.decide_refused(work.session, clear, "其后明确退订", CUSTOMER, work.now())
    await _tell_of_digits(work, sealer, new)
    return len(fresh)


async def _tell_of_digits(work: Work, sealer: Sealer, new: Sequence[tuple[str, Reply]]) -> None:
    """Tell of digits from numbers that were asked something lately, with the questions that they may answer."""
    digits = [(number, digit) for number, reply in new if (digit := digit_of(reply.content)) is not None]
    if not digits:
        return
    since = work.now() - ANSWERED_WITHIN
    asked = await sends.questions_to(work.session, [number for number, _ in digits], SURVEY, since)
    for number, digit in digits:
        if questions := asked.get(number):
            work.publish(
                NotificationReplied(
                    customer_id=questions[0].customer_id,
                    phone_masked=_masked(sealer, number),
                    digit=digit,
                    replied_at=work.now(),
                    answers=[
                        Answerable(send_id=str(one.id), cause_id=one.cause_id, sent_at=one.submitted_at)
                        for one in questions
                    ],
                ),
                key=questions[0].customer_id or number,
                lineage=questions[0].lineage,
                subject=str(questions[0].id),
            )


def _masked(sealer: Sealer, number: str) -> str:
    try:
        return sealer.masked(number)
    except ValueError:  # sealed with another key
        return ""


def _means(reply: Reply) -> Meaning:
    return meaning_of(reply.content)


def _answered(send: Send | None, owner: str) -> Answered:
    return Answered(send.customer_id, send.category, send.lineage, send.id) if send else Answered(owner)


def _reply_row(work: Work, provider: str, reply: Reply, number: str, answered: Answered) -> dict[str, object]:
    return {
        "provider": provider,
        "sequence": reply.sequence,
        "recipient": number,
        "content": reply.content,
        "customer_id": answered.customer_id,
        "send_id": answered.send_id,
        "digit": digit_of(reply.content),
        "refused": _means(reply) == "refusal",
        "received_at": work.now(),
    }


def _doubtful(work: Work, reply: Reply, number: str, answered: Answered) -> DoubtfulReply:
    return DoubtfulReply(
        id=new_id(),
        recipient=number,
        customer_id=answered.customer_id,
        send_id=answered.send_id,
        category=answered.category,
        lineage=answered.lineage,
        content=reply.content,
        received_at=work.now(),
    )


def _digest(row: Unreadable) -> str:
    return hashlib.blake2b(f"{row.reason}/{row.content}".encode(), digest_size=16).hexdigest()


def _token(sealer: Sealer, phone: str) -> str:
    """The number that a provider names; a text that is no number is kept as it came, and no customer has it."""
    return sealer.seal(e164(phone) or phone)


def _uuid(value: str) -> UUID | None:
    try:
        return UUID(value)
    except ValueError:
        return None
