"""What notifications shows on the pages of other services: fragments, with the same limits as the API."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from services.notifications.access import PageReader, Reader
from services.notifications.commands.inbound import CUSTOMER
from services.notifications.domain.send import Send
from services.notifications.schemas import shown_doubtful, shown_send
from services.notifications.store import doubtful
from services.notifications.store import sends as store
from shared.auth import Role
from shared.contracts.words import message_reason
from shared.http import ReadSession, SealerDep
from shared.pagination import Cursor, paged, time_and_id
from shared.privacy import Sealer
from shared.web import render
from shared.zone import ORG_ZONE

router = APIRouter(include_in_schema=False)
MOST, ROWS = 5, 30
CHANNELS = {"sms": "短信", "email": "邮件"}
STATES = {
    "planned": ("待发", ""),
    "leased": ("发送中", ""),
    "accepted": ("已提交", ""),
    "unknown": ("结果未知", "warn"),
    "delivered": ("已送达", "good"),
    "failed": ("失败", "bad"),
    "suppressed": ("不发", ""),
}
CATEGORIES = {"verify": "验证码", "notice": "通知", "promotion": "推广"}


@router.get("/fragments/messages")
async def messages(
    request: Request,
    session: ReadSession,
    sealer: SealerDep,
    principal: PageReader,
    customer_id: Annotated[str, Query(max_length=64)],
) -> Response:
    """The newest messages to a customer with what became of each, as far as the caller sees them."""
    found = await store.list_page(session, {"customer_id": customer_id}, principal.scope, None, MOST)
    sends = [(shown_send(send, sealer), _why(send), send.planned_at.astimezone(ORG_ZONE)) for send in found]
    return render(request, "fragments/messages.html", sends=sends, channels=CHANNELS, states=STATES)


def _why(send: Send) -> str:
    return message_reason(send.reason) if send.reason else ""


@router.get("/fragments/doubtful-replies")
async def doubtful_replies(
    request: Request,
    session: ReadSession,
    sealer: SealerDep,
    principal: Reader,
    decided: bool = False,
    cursor: Cursor = None,
) -> Response:
    """Replies that may be refusals, the longest waiting first, each with a form to say what it is; or those decided."""
    found = await doubtful.list_replies(session, decided, principal.scope, time_and_id(cursor), ROWS + 1)
    rows, following = paged(found, ROWS, lambda row: (row.received_at, row.id))
    return render(
        request,
        "fragments/doubtful_replies.html",
        replies=[_doubtful(row, sealer) for row in rows],
        decided=decided,
        is_first=cursor is None,
        following=following,
        may_decide=principal.may(Role.SUPERVISOR, Role.OPS, Role.POLICY_OWNER),
    )


def _doubtful(row: doubtful.DoubtfulReply, sealer: Sealer) -> dict[str, Any]:
    by = "客户其后明确退订" if row.decided_by == CUSTOMER else row.decided_by
    return {
        "reply": shown_doubtful(row, sealer),
        "answers": CATEGORIES.get(row.category, ""),
        "received_at": row.received_at.astimezone(ORG_ZONE),
        "decided_by": by,
        "decided_at": row.decided_at.astimezone(ORG_ZONE) if row.decided_at else None,
    }
