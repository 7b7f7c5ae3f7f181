"""What notifications shows on the pages of other services: fragments, with the same limits as the API."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from services.notifications.access import PageReader
from services.notifications.domain.send import Send
from services.notifications.schemas import shown_send
from services.notifications.store import sends as store
from shared.contracts.words import message_reason
from shared.http import ReadSession, SealerDep
from shared.web import render
from shared.zone import ORG_ZONE

router = APIRouter(include_in_schema=False)
MOST = 5
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
# an agent in a call sees what the customer was told, too


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
