"""The SMS simulator calling back: receipts (SmsReport) and replies (SmsUp), as Aliyun does."""

import asyncio
from datetime import datetime, timedelta

import httpx
import structlog

from deploy.standins.messages import DueReceipt, Message, Messages
from shared.clock import Clock
from shared.http import http_client
from shared.zone import ORG_ZONE

log = structlog.get_logger(__name__)
RETRY_SECONDS = (60, 300, 600)  # then never again (integration.md §1)
PORTION = 100
IDLE_SECONDS = 0.1


class Callbacks:
    """Posts to `url`/receipts and `url`/replies; without an address nothing is ever called."""

    def __init__(self, url: str, messages: Messages, clock: Clock) -> None:
        self.url = url.rstrip("/")
        self._messages = messages
        self._clock = clock

    async def run(self) -> None:
        """Post receipts as they fall due, until cancelled."""
        async with http_client() as client:
            while True:
                if not await self.post_due(client):
                    await asyncio.sleep(IDLE_SECONDS)

    async def post_due(self, client: httpx.AsyncClient) -> int:
        """Post what is due now; returns how many receipts were settled."""
        now = self._clock.machine().timestamp()
        due = self._messages.due_receipts(now, PORTION)
        if not due:
            return 0
        if not self.url or await self._post(
            client, "receipts", [receipt_row(d.message, self._clock.now()) for d in due]
        ):
            self._messages.drop_receipts([d.id for d in due])
            return len(due)
        for one in due:
            self._again_or_never(one, now)
        return 0

    def _again_or_never(self, due: DueReceipt, now: float) -> None:
        if due.tries >= len(RETRY_SECONDS):
            self._messages.drop_receipts([due.id])
        else:
            self._messages.put_off(due, now + RETRY_SECONDS[due.tries])

    async def reply(self, client: httpx.AsyncClient, phone: str, content: str) -> bool:
        """Send a reply from a customer's number; False when the platform did not take it."""
        at = local_text(self._clock.now())
        sequence = self._messages.add_reply(phone, content, at)
        row = {"phone_number": phone, "content": content, "send_time": at, "dest_code": "", "sequence_id": sequence}
        return bool(self.url) and await self._post(client, "replies", [row])

    async def _post(self, client: httpx.AsyncClient, what: str, rows: list[dict[str, object]]) -> bool:
        try:
            response = await client.post(f"{self.url}/{what}", json=rows)
            return response.status_code == 200 and response.json().get("code") == 0
        except (httpx.HTTPError, ValueError) as error:
            log.warning("callback_failed", what=what, error=type(error).__name__)
            return False


def receipt_row(message: Message, now: datetime) -> dict[str, object]:
    """One element of an SmsReport."""
    reported = datetime.fromisoformat(message.sent_at).replace(tzinfo=ORG_ZONE) + timedelta(seconds=1)
    return {
        "phone_number": message.phone,
        "send_time": message.sent_at,
        "report_time": local_text(max(now, reported)),
        "success": message.final == "delivered",
        "err_code": message.code,
        "err_msg": "用户接收成功" if message.final == "delivered" else "用户接收失败",
        "sms_size": "1",
        "biz_id": message.biz_id,
        "out_id": message.out_id,
    }


def local_text(at: datetime) -> str:
    """`2026-03-02 10:00:00`, local time without a zone, as Aliyun writes it."""
    return f"{at.astimezone(ORG_ZONE):%Y-%m-%d %H:%M:%S}"
