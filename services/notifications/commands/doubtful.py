"""People decide about replies that may be refusals."""

from dataclasses import replace
from uuid import UUID

from services.notifications.domain.errors import ReplyAlreadyDecided, ReplyNotFound
from services.notifications.procedures.opt_outs import Answered, refuse
from services.notifications.store import doubtful
from services.notifications.store.doubtful import DoubtfulReply
from shared.auth import Principal
from shared.messaging import Work
from shared.privacy import Sealer


async def decide_reply(
    work: Work, sealer: Sealer, principal: Principal, reply_id: UUID, *, refuses: bool, remark: str
) -> DoubtfulReply:
    """Write down whether a reply refuses; if so, it opts out as if it had been understood at once.

    Raises ReplyNotFound (also outside the caller's units), ReplyAlreadyDecided.
    """
    reply = await doubtful.lock(work.session, reply_id, principal.scope)
    if reply is None:
        raise ReplyNotFound
    if reply.decided_at is not None:
        raise ReplyAlreadyDecided(f"{reply.decided_by} 已判定为{'退订' if reply.refuses else '不是退订'}")
    now, by = work.now(), principal.id
    await doubtful.decide(work.session, reply_id, refuses, remark, by, now)
    if refuses:
        answered = Answered(reply.customer_id, reply.category, reply.lineage)
        await refuse(work, sealer, reply.recipient, answered, note=reply.content[:20], by=by)
    return replace(reply, refuses=refuses, remark=remark, decided_by=by, decided_at=now)
