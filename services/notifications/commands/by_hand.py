"""What people do: send one message, send a failed one again, record opt-outs and consents."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from services.notifications.commands.inbound import add_opt_out, tell_of_revocation
from services.notifications.domain.errors import (
    AlreadySentAgain,
    OnlyFailedIsSentAgain,
    OptOutNotFound,
    SendNotFound,
    TemplateNotUsable,
)
from services.notifications.domain.planning import Fact, again, plan
from services.notifications.domain.rules import Rule
from services.notifications.domain.send import Send, State
from services.notifications.store import catalogue, contacts, sends
from services.notifications.store.contacts import Consent, OptOut
from shared.errors import Conflict
from shared.ids import new_id
from shared.messaging import Work
from shared.privacy import Sealer

EVENT = "by_hand"


async def send_by_hand(
    work: Work,
    *,
    template: str,
    purpose: str,
    customer_id: str,
    phone: str,
    email: str,
    data: Mapping[str, Any],
    cause: str,
) -> Send:
    """Plan one message now. Raises TemplateNotUsable; Conflict when no text can be made or it was planned before."""
    held = (await catalogue.templates(work.session)).get(template)
    if held is None:
        raise TemplateNotUsable(f"模板“{template}”没有已审核通过的版本")
    contact = (await contacts.load(work.session, [customer_id])).get(customer_id)
    rule = Rule(id=EVENT, events=(EVENT,), purpose=purpose or template, template=template)
    fact = Fact(EVENT, work.now(), cause, cause, data, customer_id, phone, email)
    send = plan(fact, rule, held, contact, work.now())
    if send.state is State.SUPPRESSED:
        raise Conflict("模板所需的内容不全，无法生成这条消息")
    if not await sends.add(work.session, [send]):
        raise Conflict("同一事由的消息已经发送过")
    return send


async def send_again(work: Work, send_id: UUID) -> Send:
    """Plan a new send of one that failed. Raises SendNotFound, OnlyFailedIsSentAgain, AlreadySentAgain."""
    failed = (await sends.lock(work.session, [send_id])).get(send_id)  # type: ignore[call-overload]  # SendId is a UUID
    if failed is None:
        raise SendNotFound
    if failed.state is not State.FAILED:
        raise OnlyFailedIsSentAgain(f"当前状态为 {failed.state.value}")
    new = again(failed, work.now())
    if not await sends.add(work.session, [new]):
        raise AlreadySentAgain
    return new


async def record_opt_out(
    work: Work,
    sealer: Sealer,
    *,
    customer_id: str,
    phone: str,
    channel: Literal["sms", "email"],
    scope: str,
    note: str,
    by: str,
) -> OptOut:
    """Record a refusal somebody told us of."""
    recipient = sealer.seal(phone) if phone else ""
    opt_out = OptOut(new_id(), customer_id, recipient, channel, scope, "by_hand", note, by, work.now())
    await add_opt_out(work, sealer, opt_out)
    return opt_out


async def revoke_opt_out(work: Work, sealer: Sealer, opt_out_id: UUID, by: str) -> OptOut:
    """End a refusal and tell the others; the row stays. Raises OptOutNotFound."""
    revoked = await contacts.revoke_opt_out(work.session, opt_out_id, by, work.now())
    if revoked is None:
        raise OptOutNotFound
    await tell_of_revocation(work, sealer, revoked)
    return revoked


async def record_consent(
    work: Work, *, customer_id: str, how: str, text: str, given_at: datetime | None, by: str
) -> Consent:
    """Keep the proof of a consent to promotion."""
    consent = Consent(new_id(), customer_id, how, text, by, given_at or work.now(), work.now())
    await contacts.add_consent(work.session, consent)
    return consent
