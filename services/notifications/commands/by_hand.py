"""What people do: send one message, send a failed one again, record opt-outs and consents."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from services.notifications.domain.addresses import refused_as
from services.notifications.domain.errors import (
    AlreadySentAgain,
    OnlyFailedIsSentAgain,
    OptOutNotFound,
    SendNotFound,
    TemplateNotUsable,
)
from services.notifications.domain.planning import Fact, again, plan
from services.notifications.domain.refusals import RefusedChannel, naming_fault
from services.notifications.domain.rules import Rule
from services.notifications.domain.send import Send, State
from services.notifications.procedures.opt_outs import add_opt_out, tell_of_revocation
from services.notifications.store import catalogue, contacts, sends
from services.notifications.store.contacts import Consent, OptOut
from shared.auth import Principal
from shared.errors import Conflict, CustomerNotFound, Forbidden, InvalidInput
from shared.ids import new_id
from shared.messaging import Work
from shared.privacy import Sealer
from shared.scope import Scope

EVENT = "by_hand"


async def send_by_hand(
    work: Work,
    scope: Scope,
    *,
    template: str,
    purpose: str,
    customer_id: str,
    phone: str,
    email: str,
    data: Mapping[str, Any],
    cause: str,
) -> Send:
    """Plan one message now, to a customer in `scope`.

    Raises CustomerNotFound, Forbidden in another unit's name, TemplateNotUsable; Conflict when no text can be made or it
    was planned before.
    """
    await _require_seen(work, scope, customer_id, phone)
    held = (await catalogue.templates(work.session)).get(template)
    if held is None:
        raise TemplateNotUsable(f"模板“{template}”没有已审核通过的版本")
    contact = (await contacts.load(work.session, [customer_id])).get(customer_id)
    rule = Rule(id=EVENT, events=(EVENT,), purpose=purpose or template, template=template)
    fact = Fact(EVENT, work.now(), cause, cause, data, customer_id, phone, email)
    send = plan(fact, rule, held, contact, work.now())
    if not scope.sees(send.branch):
        raise Forbidden("不能以其他单位的名义发送")
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
    by: Principal,
    *,
    customer_id: str,
    phone: str,
    email: str,
    channel: RefusedChannel,
    scope: str,
    note: str,
) -> OptOut:
    """Record a refusal somebody told us of. Raises CustomerNotFound outside the caller's units, InvalidInput where it would
    stop nothing."""
    if fault := naming_fault(channel, customer_id, phone, email):
        raise InvalidInput(fault)
    recipient = sealer.seal(phone) if phone else refused_as(email, sealer)
    await _require_seen(work, by.scope, customer_id, recipient)
    opt_out = OptOut(new_id(), customer_id, recipient, channel, scope, "by_hand", note, by.id, work.now())
    await add_opt_out(work, sealer, opt_out)
    return opt_out


async def revoke_opt_out(work: Work, sealer: Sealer, by: Principal, opt_out_id: UUID) -> OptOut:
    """End a refusal and tell the others; the row stays. Raises OptOutNotFound, also outside the caller's units."""
    revoked = await contacts.revoke_opt_out(work.session, opt_out_id, by.scope, by.id, work.now())
    if revoked is None:
        raise OptOutNotFound
    await tell_of_revocation(work, sealer, revoked)
    return revoked


async def record_consent(
    work: Work, by: Principal, *, customer_id: str, how: str, text: str, given_at: datetime | None
) -> Consent:
    """Keep the proof of a consent to promotion. Raises CustomerNotFound outside the caller's units."""
    await _require_seen(work, by.scope, customer_id)
    consent = Consent(new_id(), customer_id, how, text, by.id, given_at or work.now(), work.now())
    await contacts.add_consent(work.session, consent)
    return consent


async def _require_seen(work: Work, scope: Scope, customer_id: str, recipient: str = "") -> None:
    """Raises CustomerNotFound unless the customer, and somebody who is known to have the sealed phone or the mail address,
    are known to units in `scope`.

    One that nobody is known to have is taken for the customer's own.
    """
    if scope.whole:
        return
    contact = (await contacts.load(work.session, [customer_id])).get(customer_id)
    owners = await contacts.units_with(work.session, recipient) if recipient else []
    theirs = scope.sees(*contact.units) if contact else not customer_id and bool(owners)
    if not theirs or (owners and not any(scope.sees(*units) for units in owners)):
        raise CustomerNotFound(f"客户编号 {customer_id}" if customer_id else "")
